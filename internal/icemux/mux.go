package icemux

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/ice/v4"

	"github.com/heliograph/heliograph/internal/udpio"
)

// Config says what a Mux listens on.
type Config struct {
	// UDPPort is listened on at every address of Addrs; 0: no UDP.
	UDPPort int
	// TCPPort is listened on at every address of the machine; 0: no ICE-TCP.
	TCPPort int
	// Addrs are the local addresses. Empty: LocalAddrs().
	Addrs []netip.Addr
	// Workers is how many sockets share each UDP address, where the system spreads what comes in over them; the Batches take turns in
	// sending by them. Less than 2: one socket.
	Workers int
	// Over replaces the UDP sockets by these, which then end with the Mux: a network in memory.
	Over []net.PacketConn
	// Portable forbids the batched calls of package udpio.
	Portable bool
	// Dropped is called with the reason of each dropped packet, from any goroutine; nil: nobody counts.
	Dropped func(reason string)
}

// Mux is all media sockets. It implements ice.UDPMux.
type Mux struct {
	// Fixed after construction.
	dropped func(reason string)
	udp     []*udpGroup // by local address
	tcp     net.Listener
	pending chan struct{} // a place for each TCP connection that has not named its Conn yet
	readers sync.WaitGroup

	// Atomic: how many were made.
	batches atomic.Int32

	// Guarded by mu.
	mu     sync.RWMutex
	conns  map[connKey]*Conn
	open   map[*tcpConn]struct{}
	closed bool
}

// connKey names a Conn: an ICE agent has one for each address family, as it pairs candidates of one family only.
type connKey struct {
	ufrag string
	v6    bool
}

var _ ice.UDPMux = (*Mux)(nil)

// socketBuffer is asked of the kernel for each UDP socket, in bytes; what it grants may be less.
const socketBuffer = 4 << 20

// LocalAddrs lists the addresses of this machine that a candidate can name: all but link-local IPv6, loopback included.
func LocalAddrs() ([]netip.Addr, error) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list local addresses: %w", err)
	}
	var out []netip.Addr
	for _, a := range found {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() || p.Addr().IsMulticast() {
			continue
		}
		out = append(out, p.Addr().Unmap())
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out), nil
}

// Listen opens the sockets. Its error is that of the system (syscall.EADDRINUSE for a port that is taken).
func Listen(c Config) (*Mux, error) {
	m := &Mux{
		dropped: c.Dropped, conns: map[connKey]*Conn{}, open: map[*tcpConn]struct{}{},
		pending: make(chan struct{}, maxPending),
	}
	if m.dropped == nil {
		m.dropped = func(string) {}
	}
	if err := m.listen(c); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	for _, g := range m.udp {
		for _, s := range g.sockets {
			m.readers.Go(func() { g.read(s) })
		}
	}
	if m.tcp != nil {
		m.readers.Go(m.accept)
	}
	return m, nil
}

func (m *Mux) listen(c Config) error {
	addrs := c.Addrs
	if len(addrs) == 0 && len(c.Over) == 0 {
		var err error
		if addrs, err = LocalAddrs(); err != nil {
			return err
		}
	}
	for _, conn := range c.Over {
		socket, err := udpio.Over(conn, m.droppedSome)
		if err != nil {
			return fmt.Errorf("use a network in memory: %w", err)
		}
		m.udp = append(m.udp, newUDPGroup(m, []*udpio.Socket{socket}))
	}
	if c.UDPPort != 0 {
		for _, a := range addrs {
			sockets, err := listenUDP(netip.AddrPortFrom(a, uint16(c.UDPPort)), c.Workers, udpio.Config{
				Buffer: socketBuffer, Portable: c.Portable, Dropped: m.droppedSome,
			})
			if errors.Is(err, syscall.EADDRNOTAVAIL) && len(c.Addrs) == 0 {
				continue // the machine lost it, or another one has it too
			}
			if err != nil {
				return fmt.Errorf("listen on UDP: %w", err)
			}
			m.udp = append(m.udp, newUDPGroup(m, sockets))
		}
	}
	if c.TCPPort != 0 {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{Port: c.TCPPort})
		if err != nil {
			return fmt.Errorf("listen on TCP: %w", err)
		}
		m.tcp = l
	}
	return nil
}

// Linux gives a new IPv6 address to sockets only after about a second, in which it looks for another owner of it
// (RFC 4862, section 5.4): on a machine or in a container that has just started.
const (
	bindPatience = 2 * time.Second
	bindRetry    = 50 * time.Millisecond
)

// listenUDP opens the sockets of one address and waits for one that cannot be used yet.
func listenUDP(addr netip.AddrPort, workers int, c udpio.Config) ([]*udpio.Socket, error) {
	retry, patience := time.NewTicker(bindRetry), time.NewTimer(bindPatience)
	defer retry.Stop()
	defer patience.Stop()
	for {
		sockets, err := udpio.ListenShared(addr, workers, c)
		if addr.Addr().Is4() || !errors.Is(err, syscall.EADDRNOTAVAIL) {
			return sockets, err
		}
		select {
		case <-retry.C:
		case <-patience.C:
			return nil, err
		}
	}
}

// UDPAddrs lists the local addresses of UDP.
func (m *Mux) UDPAddrs() []netip.AddrPort {
	var out []netip.AddrPort
	for _, s := range m.udp {
		out = append(out, s.local)
	}
	return out
}

// TCPAddr is the local address of ICE-TCP; invalid without it.
func (m *Mux) TCPAddr() netip.AddrPort {
	if m.tcp == nil {
		return netip.AddrPort{}
	}
	a, _ := netip.ParseAddrPort(m.tcp.Addr().String())
	return a
}

// GetListenAddresses gives an ICE agent one address of each family to make a candidate of. They stand for all sockets;
// what the other side is told is the business of the SDP.
func (m *Mux) GetListenAddresses() []net.Addr {
	var out []net.Addr
	for _, v6 := range [...]bool{false, true} {
		for _, a := range m.families() {
			if a.Is6() == v6 {
				out = append(out, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 1)))
				break
			}
		}
	}
	return out
}

// families has at least one address of each family that is listened on.
func (m *Mux) families() []netip.Addr {
	var out []netip.Addr
	for _, s := range m.udp {
		out = append(out, s.local.Addr())
	}
	if m.tcp != nil {
		out = append(out, netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback())
	}
	return out
}

// GetConn gives an ICE agent the Conn of its user fragment, in the family of addr. What it sends is sent at once.
func (m *Mux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	return m.connOrNil(ufrag, addr, nil, nil)
}

// connOrNil is conn without a typed nil.
func (m *Mux) connOrNil(ufrag string, addr net.Addr, batch *Batch, media Receiver) (net.PacketConn, error) {
	c, err := m.conn(ufrag, addr, batch, media)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (m *Mux) conn(ufrag string, addr net.Addr, batch *Batch, media Receiver) (*Conn, error) {
	ap, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return nil, fmt.Errorf("local address of a candidate: %w", err)
	}
	key := connKey{ufrag: ufrag, v6: ap.Addr().Unmap().Is6()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, io.ErrClosedPipe
	}
	if c := m.conns[key]; c != nil {
		return c, nil
	}
	c := newConn(m, key, net.UDPAddrFromAddrPort(ap), batch, media)
	m.conns[key] = c
	return c, nil
}

// RemoveConnByUfrag closes the Conns of an ICE agent.
func (m *Mux) RemoveConnByUfrag(ufrag string) {
	for _, v6 := range [...]bool{false, true} {
		m.mu.RLock()
		c := m.conns[connKey{ufrag, v6}]
		m.mu.RUnlock()
		if c != nil {
			_ = c.Close()
		}
	}
}

func (m *Mux) droppedSome(reason string, n int) {
	for range n {
		m.dropped(reason)
	}
}

func (m *Mux) forget(c *Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conns[c.key] == c {
		delete(m.conns, c.key)
	}
}

// find looks up a Conn without allocation.
func (m *Mux) find(ufrag []byte, v6 bool) *Conn {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.conns[connKey{string(ufrag), v6}]
}

// receive takes one datagram that came in by s. known is the Conn of its 5-tuple, nil if that is no path. Media waits in r.
func (m *Mux) receive(s sender, from netip.AddrPort, b []byte, known *Conn, r *round) *Conn {
	msg, isSTUN := parseSTUN(b)
	if isSTUN && msg.kind == bindingRequest {
		c := m.find(msg.ufrag(), from.Addr().Is6())
		if c == nil {
			m.dropped("stun_unknown_user")
			return nil
		}
		c.asked(request{id: msg.id, via: s, nominates: msg.nominates})
		c.push(from, b)
		return c
	}
	if known == nil {
		m.dropped("unknown_path")
		return nil
	}
	if known.media != nil && isMedia(b) {
		if len(b) > maxDatagram {
			m.dropped("too_large")
			return known
		}
		r.add(known.inbox, Datagram{known.media, b})
		return known
	}
	known.push(from, b)
	return known
}

// Close closes all sockets and Conns and waits for the readers.
func (m *Mux) Close() error {
	m.mu.Lock()
	m.closed = true
	var conns []*Conn
	for _, c := range m.conns {
		conns = append(conns, c)
	}
	var open []*tcpConn
	for t := range m.open {
		open = append(open, t)
	}
	m.mu.Unlock()
	var errs []error
	for _, g := range m.udp {
		errs = append(errs, g.close())
	}
	if m.tcp != nil {
		errs = append(errs, m.tcp.Close())
	}
	for _, t := range open {
		t.close()
	}
	for _, c := range conns {
		_ = c.Close()
	}
	m.readers.Wait()
	return errors.Join(errs...)
}
