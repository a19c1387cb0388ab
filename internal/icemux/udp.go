package icemux

import (
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/heliograph/heliograph/internal/udpio"
)

// udpSocket is UDP on one local address.
type udpSocket struct {
	// Fixed after construction.
	mux    *Mux
	socket *udpio.Socket
	local  netip.AddrPort

	// Guarded by mu.
	mu     sync.RWMutex
	routes map[netip.AddrPort]*Conn
}

func newUDPSocket(m *Mux, socket *udpio.Socket) *udpSocket {
	return &udpSocket{mux: m, socket: socket, local: socket.LocalAddr(), routes: map[netip.AddrPort]*Conn{}}
}

// read passes on what comes in until the socket is closed.
func (s *udpSocket) read() {
	take := s.take
	for {
		if err := s.socket.Receive(take); errors.Is(err, net.ErrClosed) {
			return
		}
		// Any other error is an ICMP error of an earlier write: the next read is as good as ever.
	}
}

func (s *udpSocket) take(from netip.AddrPort, b []byte) {
	s.mu.RLock()
	known := s.routes[from]
	s.mu.RUnlock()
	s.mux.receive(s, from, b, known)
}

func (s *udpSocket) write(b []byte, to netip.AddrPort) error { return s.socket.Send(b, to) }

func (s *udpSocket) flow(q *udpio.Queue, to netip.AddrPort) *udpio.Flow {
	return q.NewFlow(s.socket, to)
}

// UDPStats is what all UDP sockets did so far.
func (m *Mux) UDPStats() udpio.Stats {
	var sum udpio.Stats
	for _, s := range m.udp {
		sum.Add(s.socket.Stats())
	}
	return sum
}

// UDPBuffers is the smallest buffer that the system granted to a UDP socket in each direction, in bytes, and what it was asked for. 0:
// there is no such socket, or the system does not say it.
func (m *Mux) UDPBuffers() (receive, send, asked int) {
	for i, s := range m.udp {
		r, w := s.socket.Buffers()
		if i == 0 {
			receive, send = r, w
		}
		receive, send = min(receive, r), min(send, w)
	}
	return receive, send, socketBuffer
}

func (s *udpSocket) route(from netip.AddrPort, c, old *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c != nil {
		s.routes[from] = c
	} else if s.routes[from] == old {
		delete(s.routes, from)
	}
}
