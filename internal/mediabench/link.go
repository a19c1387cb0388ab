package mediabench

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"
)

// link is the one way of a participant to the network: Pion reads and writes STUN, DTLS and RTCP by it, and RTP goes beside Pion. It is
// an ice.UDPMux that knows one agent, and the net.PacketConn of that agent.
type link struct {
	// Fixed after construction.
	socket *socket
	onRTP  func(b []byte, stamp int64) // under mu; nil: RTP is dropped
	in     chan arrival                // for Pion
	closed chan struct{}
	once   sync.Once

	// Guarded by mu.
	mu sync.Mutex

	// Owned by whoever writes RTP.
	held     [][]byte
	heldTo   netip.AddrPort
	outgoing burst
}

var (
	_ ice.UDPMux     = (*link)(nil)
	_ net.PacketConn = (*link)(nil)
)

// maxWaiting is how many packets may wait for Pion; what comes then is lost, as in a socket.
const maxWaiting = 256

func newLink(onRTP func(b []byte, stamp int64)) (*link, error) {
	s, err := openSocket()
	if err != nil {
		return nil, err
	}
	return &link{socket: s, onRTP: onRTP, in: make(chan arrival, maxWaiting), closed: make(chan struct{})}, nil
}

// drain takes what waits in the socket. Any goroutine may call it with a drainer of its own.
func (l *link) drain(d *drainer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
		return // the descriptor may be another's
	default:
	}
	d.drain(l.socket, l.take)
}

func (l *link) take(a arrival) {
	if isRTP(a.data) {
		if l.onRTP != nil {
			l.onRTP(a.data, a.stamp)
		}
		return
	}
	a.data = slices.Clone(a.data)
	select {
	case l.in <- a:
	default:
	}
}

// isRTP tells RTP from STUN, DTLS (RFC 7983, section 7) and RTCP (RFC 5761, section 4).
func isRTP(b []byte) bool {
	const firstRTCP, lastRTCP = 64, 95 // as payload types
	if len(b) < 12 || b[0]>>6 != 2 {
		return false
	}
	pt := b[1] & 0x7f
	return pt < firstRTCP || pt > lastRTCP
}

// ReadFrom gives Pion the next packet.
func (l *link) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case a := <-l.in:
		return copy(b, a.data), net.UDPAddrFromAddrPort(a.from), nil
	case <-l.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends what Pion sends; RTP waits for flush.
func (l *link) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("no UDP address")
	}
	ap := netip.AddrPortFrom(u.AddrPort().Addr().Unmap(), u.AddrPort().Port())
	if isRTP(b) {
		l.held, l.heldTo = append(l.held, slices.Clone(b)), ap
		return len(b), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closed:
		return 0, net.ErrClosed
	default:
	}
	return len(b), l.socket.send(b, ap)
}

// flush sends the RTP that was written since the last one, back to back.
func (l *link) flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { l.held = l.held[:0] }()
	select {
	case <-l.closed:
		return net.ErrClosed
	default:
	}
	for _, b := range l.held {
		if !l.outgoing.add(b, len(b), l.heldTo) {
			if _, err := l.outgoing.send(l.socket); err != nil {
				return err
			}
			l.outgoing.add(b, len(b), l.heldTo)
		}
	}
	_, err := l.outgoing.send(l.socket)
	return err
}

// Close ends reads and writes.
func (l *link) Close() (err error) {
	l.once.Do(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.closed)
		err = l.socket.close()
	})
	return err
}

// LocalAddr is the socket's address.
func (l *link) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(l.socket.local) }

// SetDeadline does nothing: Close ends what waits.
func (l *link) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: Close ends what waits.
func (l *link) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: no write waits.
func (l *link) SetWriteDeadline(time.Time) error { return nil }

// GetConn gives the agent its link.
func (l *link) GetConn(string, net.Addr) (net.PacketConn, error) { return l, nil }

// RemoveConnByUfrag does nothing: an agent calls it before it gathers, too, and closes its link by itself.
func (l *link) RemoveConnByUfrag(string) {}

// GetListenAddresses names the one address that there is.
func (l *link) GetListenAddresses() []net.Addr { return []net.Addr{l.LocalAddr()} }
