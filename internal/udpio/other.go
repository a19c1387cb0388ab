//go:build !linux

package udpio

import (
	"errors"
	"net"
	"net/netip"
)

// sockaddr is for the batched calls only.
type sockaddr struct{}

func encodeAddr(netip.AddrPort, bool) sockaddr { return sockaddr{} }

// newBatched makes nothing: this system has no batched calls that are worth their code.
func newBatched(*Socket) transfer { return nil }

func forceBuffers(*net.UDPConn, int) {}

// Buffers tells how many bytes the kernel holds for the Socket in each direction; 0: this system does not say it.
func (s *Socket) Buffers() (receive, send int) { return 0, 0 }

// allowSharing is for Linux alone: other systems give all datagrams to one socket of a group.
func allowSharing(*net.UDPConn) bool { return false }

func joinShared(netip.AddrPort) (*net.UDPConn, error) { return nil, errors.ErrUnsupported }
