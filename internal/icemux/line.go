package icemux

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"

	"github.com/heliograph/heliograph/internal/prefetch"
)

// Line is a Batch as one Transport sees it that has its media to itself: what comes in goes to its Receiver and not to the ICE agent, and
// what it sends goes by Send. It implements ice.UDPMux for the agent, which has a Conn for each address family, and others after an ICE
// restart.
type Line struct {
	*Batch

	// Fixed after construction.
	media Receiver

	// Guarded by mu.
	mu    sync.Mutex
	conns map[bool]*Conn // the newest of IPv4 (false) and of IPv6

	// Atomic: the Conn of the family that media goes by; nil: none yet.
	conn atomic.Pointer[Conn]
}

var _ ice.UDPMux = (*Line)(nil)

// NewLine makes a Line. It needs no end.
func (b *Batch) NewLine(media Receiver) *Line {
	return &Line{Batch: b, media: media, conns: map[bool]*Conn{}}
}

// GetConn gives the Transport's ICE agent the Conn of its user fragment, in the family of addr.
func (l *Line) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	c, err := l.Mux.conn(ufrag, addr, l.Batch, l.media)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c.key.v6] = c
	return c, nil
}

// Select makes media go to the remote address of the pair that the ICE agent has selected, by the socket that was nominated last for it.
func (l *Line) Select(remote netip.AddrPort) {
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.conns[remote.Addr().Is6()]
	if c == nil {
		return // no agent can have selected it
	}
	c.choose(remote)
	l.conn.Store(c)
}

// Send sends one datagram of at most size bytes, 2048 at the most, which fill writes into dst; fill returns its length, or 0 to send
// nothing. By UDP it waits for Flush, by TCP it leaves at once. Without a validated path it is dropped, and fill is not called: false. It is
// for the goroutine of the Batch.
func (l *Line) Send(size int, fill func(dst []byte) int) bool {
	var out *outlet
	if c := l.conn.Load(); c != nil {
		out = c.out.Load()
	}
	switch {
	case out == nil:
		l.dropped("not_validated")
		return false
	case size > maxDatagram:
		l.dropped("too_large")
		return false
	case out.flow != nil:
		out.flow.Fill(size, fill)
		return true
	}
	if n := fill(l.scratch[:size:size]); n > 0 {
		_ = out.via.write(l.worker, l.scratch[:n], netip.AddrPort{}) // a TCP connection counts its own drops
	}
	return true
}

// Hot adds what the next Send touches.
func (l *Line) Hot(p *prefetch.Places) {
	prefetch.Add(p, l)
	c := l.conn.Load()
	if c == nil {
		return
	}
	prefetch.Add(p, &c.out)
	if out := c.out.Load(); out != nil {
		prefetch.Add(p, out)
		if out.flow != nil {
			prefetch.Add(p, out.flow)
		}
	}
}
