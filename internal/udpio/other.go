//go:build !linux

package udpio

import (
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
