package udpio

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// Over makes a Socket of a connection of the caller: a network in memory, in which tests run in virtual time. The Socket is portable,
// and closes conn when it is closed. Its error tells that conn has no address of UDP.
func Over(conn net.PacketConn, dropped func(reason string, datagrams int)) (*Socket, error) {
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return nil, fmt.Errorf("%s is no address of UDP", conn.LocalAddr())
	}
	s := &Socket{local: unmapped(local.AddrPort()), dropped: dropped}
	if s.dropped == nil {
		s.dropped = func(string, int) {}
	}
	s.way = &portable{socket: s, conn: &memory{PacketConn: conn}}
	return s, nil
}

// memory is a net.PacketConn with the addresses and the error of net.UDPConn.
type memory struct {
	net.PacketConn
	closed atomic.Bool
}

// Close ends ReadFrom.
func (m *memory) Close() error {
	m.closed.Store(true)
	return m.PacketConn.Close()
}

// ReadFromUDPAddrPort is ReadFrom.
func (m *memory) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := m.ReadFrom(b)
	if err != nil && m.closed.Load() {
		return 0, netip.AddrPort{}, fmt.Errorf("%w: %w", net.ErrClosed, err)
	}
	if err != nil {
		return n, netip.AddrPort{}, err
	}
	udp, ok := from.(*net.UDPAddr)
	if !ok {
		return n, netip.AddrPort{}, fmt.Errorf("%s is no address of UDP", from)
	}
	return n, unmapped(udp.AddrPort()), nil
}

// WriteToUDPAddrPort is WriteTo.
func (m *memory) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return m.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
