package icemux

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/deadline"

	"github.com/heliograph/heliograph/internal/udpio"
)

const (
	queueLength   = 512  // datagrams that wait for an agent that gets media, too
	checksLength  = 64   // the same of one that does not
	maxDatagram   = 2048 // bytes; larger ones are no media, DTLS or STUN of ours
	rememberedIDs = 64   // STUN requests that wait for their response
	maxPaths      = 64   // validated 5-tuples of one Conn
)

// sender is one of our local ends: UDP on one address, or one TCP connection.
type sender interface {
	// write sends one datagram of a worker, or drops it: it never waits.
	write(worker int, b []byte, to netip.AddrPort) error
	// route makes what comes from the address go to c; nil ends that if it went to old.
	route(from netip.AddrPort, c, old *Conn)
	// flow is the way of a worker to the address by its queue; nil: this socket has no use for queues.
	flow(worker int, q *udpio.Queue, to netip.AddrPort) *udpio.Flow
}

// path is a validated 5-tuple.
type path struct {
	via    sender
	remote netip.AddrPort
}

// outlet is the way to a remote address. Media waits in flow, if there is one, for the end of a round.
type outlet struct {
	via  sender
	flow *udpio.Flow
}

// request is a STUN request that came in and is not answered yet.
type request struct {
	id        transactionID
	via       sender
	nominates bool
}

type datagram struct {
	from netip.AddrPort
	n    int
	b    [maxDatagram]byte
}

// Conn is what one ICE agent reads and writes, in one address family. It implements net.PacketConn.
type Conn struct {
	// Fixed after construction.
	mux    *Mux
	key    connKey
	local  net.Addr
	worker int          // by whose sockets it sends
	batch  *udpio.Queue // of what is sent; nil: all is sent at once
	media  Receiver     // of RTP and RTCP; nil: the agent
	inbox  Inbox        // of media, kept here as a visit to a Receiver is one to memory that no cache has
	queue  chan *datagram
	done   chan struct{}
	free   sync.Pool

	readDeadline *deadline.Deadline

	// Guarded by mu.
	mu       sync.Mutex
	requests [rememberedIDs]request // a ring
	next     int
	current  map[netip.AddrPort]outlet // the path of each remote address
	paths    []path                    // all validated ones, oldest first
	chosen   netip.AddrPort            // the remote address that media goes to; not valid: none
	closed   bool

	// Atomic: the outlet of chosen; nil: there is none.
	out atomic.Pointer[outlet]
}

var (
	_ net.PacketConn           = (*Conn)(nil)
	_ ice.AddrPortReaderWriter = (*Conn)(nil)
)

func newConn(m *Mux, key connKey, local net.Addr, batch *Batch, media Receiver) *Conn {
	length := queueLength
	var inbox Inbox
	if media != nil {
		length, inbox = checksLength, media.Inbox()
	}
	c := &Conn{
		mux: m, key: key, local: local, media: media, inbox: inbox, queue: make(chan *datagram, length), done: make(chan struct{}),
		readDeadline: deadline.New(), current: map[netip.AddrPort]outlet{},
		free: sync.Pool{New: func() any { return new(datagram) }},
	}
	if batch != nil {
		c.worker, c.batch = batch.worker, batch.queue
	}
	return c
}

// asked notes a request, so that its response finds the way back.
func (c *Conn) asked(r request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[c.next] = r
	c.next = (c.next + 1) % rememberedIDs
}

// push hands a datagram to the agent; a full queue drops it.
func (c *Conn) push(from netip.AddrPort, b []byte) {
	if len(b) > maxDatagram {
		c.mux.dropped("too_large")
		return
	}
	d := c.free.Get().(*datagram)
	d.from, d.n = from, copy(d.b[:], b)
	select {
	case c.queue <- d:
	default:
		c.free.Put(d)
		c.mux.dropped("agent_queue")
	}
}

// ReadFromAddrPort waits for the next datagram.
func (c *Conn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-c.queue:
		n, from := copy(b, d.b[:d.n]), d.from
		short := n < d.n
		c.free.Put(d)
		if short {
			return n, from, io.ErrShortBuffer
		}
		return n, from, nil
	case <-c.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	case <-c.readDeadline.Done():
		return 0, netip.AddrPort{}, os.ErrDeadlineExceeded
	}
}

// ReadFrom is ReadFromAddrPort for net.PacketConn.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort sends b by the socket that belongs there; RTP waits for the Flush of the Conn's Batch. What has no path is dropped,
// and that is no error.
func (c *Conn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	out := c.way(b, to)
	if out.via == nil {
		c.mux.dropped("not_validated")
		return len(b), nil
	}
	if out.flow != nil && isRTP(b) {
		out.flow.Put(b)
		return len(b), nil
	}
	if err := out.via.write(c.worker, b, to); err != nil {
		return 0, err
	}
	return len(b), nil
}

// way finds the socket to send by: that of the request for a STUN response, else the path of the address.
func (c *Conn) way(b []byte, to netip.AddrPort) outlet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return outlet{}
	}
	msg, ok := parseSTUN(b)
	if !ok || msg.kind != bindingSuccess && msg.kind != bindingError {
		return c.current[to]
	}
	for i := range c.requests {
		r := &c.requests[i]
		if r.via == nil || r.id != msg.id {
			continue
		}
		via, nominates := r.via, r.nominates
		*r = request{}
		if msg.kind == bindingSuccess {
			c.validate(path{via, to}, nominates)
		}
		return outlet{via: via}
	}
	return outlet{}
}

// validate makes a 5-tuple a path, and the one to send by if it is nominated or the first. mu is held.
func (c *Conn) validate(p path, nominated bool) {
	defer c.follow()
	if now := c.current[p.remote].via; now == nil || nominated && now != p.via {
		c.current[p.remote] = c.outlet(p)
	}
	for _, known := range c.paths {
		if known == p {
			return
		}
	}
	if len(c.paths) >= maxPaths {
		oldest := c.paths[0]
		c.paths = c.paths[1:]
		oldest.via.route(oldest.remote, nil, c)
		if c.current[oldest.remote].via == oldest.via {
			delete(c.current, oldest.remote)
		}
	}
	c.paths = append(c.paths, p)
	p.via.route(p.remote, c, nil)
}

// choose makes media go to a remote address, as soon as there is a path to it.
func (c *Conn) choose(remote netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chosen = remote
	c.follow()
}

// follow makes media take the path that its remote address has now. mu is held.
func (c *Conn) follow() {
	out, ok := c.current[c.chosen]
	switch was := c.out.Load(); {
	case !ok:
		c.out.Store(nil)
	case was == nil || *was != out:
		c.out.Store(&out)
	}
}

func (c *Conn) outlet(p path) outlet {
	if c.batch == nil {
		return outlet{via: p.via}
	}
	return outlet{via: p.via, flow: p.via.flow(c.worker, c.batch, p.remote)}
}

// lost forgets the paths over a TCP connection that has ended.
func (c *Conn) lost(via sender) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.paths[:0]
	for _, p := range c.paths {
		if p.via != via {
			kept = append(kept, p)
		}
	}
	c.paths = kept
	for remote, out := range c.current {
		if out.via == via {
			delete(c.current, remote)
		}
	}
	c.follow()
}

// WriteTo is WriteToAddrPort for net.PacketConn.
func (c *Conn) WriteTo(b []byte, to net.Addr) (int, error) {
	ap, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, err
	}
	return c.WriteToAddrPort(b, ap)
}

// Close ends the Conn and all its paths.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	close(c.done)
	paths := c.paths
	c.paths, c.current = nil, nil
	c.follow()
	c.mu.Unlock()
	for _, p := range paths {
		p.via.route(p.remote, nil, c)
	}
	c.mux.forget(c)
	return nil
}

// LocalAddr is the address that stands for all sockets of the family.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// SetDeadline sets the read deadline; writes never wait.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline bounds the waiting of reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.readDeadline.Set(t)
	return nil
}

// SetWriteDeadline does nothing: writes never wait.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
