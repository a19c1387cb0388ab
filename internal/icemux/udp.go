package icemux

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// udpSocket is UDP on one local address.
type udpSocket struct {
	// Fixed after construction.
	mux   *Mux
	conn  *net.UDPConn
	local netip.AddrPort

	// Guarded by mu.
	mu     sync.RWMutex
	routes map[netip.AddrPort]*Conn
}

func newUDPSocket(m *Mux, conn *net.UDPConn) *udpSocket {
	return &udpSocket{
		mux: m, conn: conn, local: conn.LocalAddr().(*net.UDPAddr).AddrPort(), routes: map[netip.AddrPort]*Conn{},
	}
}

// read passes on what comes in until the socket is closed.
func (s *udpSocket) read() {
	b := make([]byte, maxDatagram+1)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier write: the next read is as good as ever
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		s.mu.RLock()
		known := s.routes[from]
		s.mu.RUnlock()
		s.mux.receive(s, from, b[:n], known)
	}
}

func (s *udpSocket) write(b []byte, to netip.AddrPort) error {
	_, err := s.conn.WriteToUDPAddrPort(b, to)
	return err
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
