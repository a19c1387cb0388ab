//go:build !linux

package mediabench

import "net/netip"

// What follows has no other system's calls: without messages of several datagrams and stamps of the kernel the figures would mean
// nothing.

type socket struct{ local netip.AddrPort }

func openSocket() (*socket, error) { return nil, ErrUnsupported }

func (*socket) close() error { return nil }

func (*socket) send([]byte, netip.AddrPort) error { return ErrUnsupported }

type poller struct{}

func (*poller) add(*socket) {}

func (*poller) wait(int) {}

func (*poller) readable(int) bool { return false }

type arrival struct {
	data  []byte
	from  netip.AddrPort
	stamp int64
}

type drainer struct{}

func newDrainer() *drainer { return &drainer{} }

func (*drainer) drain(*socket, func(arrival)) {}

const batchSize = 64

type burst struct{ messages int }

func (*burst) room(int) bool { return false }

func (*burst) add([]byte, int, netip.AddrPort) bool { return false }

func (*burst) send(*socket) (int, error) { return 0, ErrUnsupported }

func processTime() (int64, error) { return 0, ErrUnsupported }
