package sfutest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// errReset is what both sides of a connection see after it was cut.
var errReset = errors.New("connection reset")

// window is how many bytes a connection holds between the two sides; a writer waits for more.
const window = 64 << 10

// conn is one side of a connection in memory that behaves as TCP does: what is written arrives in order after a delay, a full window
// blocks the writer, a silent Link holds everything back, and it can be closed or cut.
type conn struct {
	in, out       *half
	local, remote net.Addr
}

// half is one direction of a connection, with one reader and one writer.
type half struct {
	// Fixed after construction.
	link  *Link
	delay time.Duration
	ready chan struct{} // one place: something changed for the reader
	room  chan struct{} // one place: something changed for the writer

	// Guarded by mu.
	mu           sync.Mutex
	segments     []segment
	size         int
	readBy       time.Time
	writeBy      time.Time
	closedReader bool
	closedWriter bool
	cut          bool
}

// segment is what one Write wrote. No data: the writer has closed.
type segment struct {
	at   time.Time
	data []byte
}

// newConns makes the two sides of a connection between the host of l and a server.
func newConns(l *Link, delay time.Duration, server net.Addr) (host, remote *conn) {
	up, down := newHalf(l, delay), newHalf(l, delay)
	l.watch(up, down)
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.addr, 40000))
	return &conn{in: down, out: up, local: addr, remote: server}, &conn{in: up, out: down, local: server, remote: addr}
}

func newHalf(l *Link, delay time.Duration) *half {
	return &half{link: l, delay: delay, ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// signal makes both the reader and the writer look again.
func (h *half) signal() {
	wake(h.ready)
	wake(h.room)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (h *half) change(f func()) {
	h.mu.Lock()
	f()
	h.mu.Unlock()
	h.signal()
}

const never = time.Duration(1<<62 - 1)

// take gives what can be read now, or the time after which to look again.
func (h *half) take(b []byte, now time.Time) (n int, wait time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait = never
	switch {
	case h.closedReader:
		return 0, 0, net.ErrClosed
	case h.cut:
		return 0, 0, errReset
	case !h.readBy.IsZero():
		if wait = h.readBy.Sub(now); wait <= 0 {
			return 0, 0, os.ErrDeadlineExceeded
		}
	}
	if len(h.segments) == 0 || h.link.isSilent(Signaling) {
		return 0, wait, nil
	}
	s := &h.segments[0]
	if early := s.at.Sub(now); early > 0 {
		return 0, min(wait, early), nil
	}
	if len(s.data) == 0 {
		return 0, 0, io.EOF
	}
	n = copy(b, s.data)
	s.data = s.data[n:]
	h.size -= n
	if len(s.data) == 0 {
		h.segments = h.segments[1:]
	}
	return n, 0, nil
}

// put takes what the window has room for, or gives the time after which to look again.
func (h *half) put(b []byte, now time.Time) (n int, wait time.Duration, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait = never
	switch {
	case h.closedWriter:
		return 0, 0, net.ErrClosed
	case h.cut || h.closedReader:
		return 0, 0, errReset
	case !h.writeBy.IsZero():
		if wait = h.writeBy.Sub(now); wait <= 0 {
			return 0, 0, os.ErrDeadlineExceeded
		}
	}
	n = min(len(b), window-h.size)
	if n > 0 {
		h.segments = append(h.segments, segment{at: now.Add(h.delay), data: append([]byte(nil), b[:n]...)})
		h.size += n
	}
	return n, wait, nil
}

// sleep waits for a signal, at most for d.
func sleep(d time.Duration, signal <-chan struct{}) {
	if d == never {
		<-signal
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-signal:
	}
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, wait, err := c.in.take(b, time.Now())
		if n > 0 {
			wake(c.in.room)
		}
		if n > 0 || err != nil {
			return n, err
		}
		sleep(wait, c.in.ready)
	}
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, wait, err := c.out.put(b[done:], time.Now())
		if err != nil {
			return done, err
		}
		done += n
		if n > 0 {
			wake(c.out.ready)
		} else {
			sleep(wait, c.out.room)
		}
	}
	return done, nil
}

// Close implements net.Conn: the other side reads what was written, then io.EOF.
func (c *conn) Close() error {
	c.out.change(func() {
		if !c.out.closedWriter {
			c.out.segments = append(c.out.segments, segment{at: time.Now().Add(c.out.delay)})
		}
		c.out.closedWriter = true
	})
	c.in.change(func() { c.in.closedReader = true })
	return nil
}

// reset cuts the connection for both sides at once.
func (c *conn) reset() {
	for _, h := range [...]*half{c.in, c.out} {
		h.change(func() { h.cut = true })
	}
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.readBy = t })
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.writeBy = t })
	return nil
}

// listener takes the connections of hosts for an http.Server.
type listener struct {
	addr   net.Addr
	conns  chan *conn
	closed chan struct{}
	once   sync.Once
}

func newListener(addr netip.AddrPort) *listener {
	return &listener{addr: net.TCPAddrFromAddrPort(addr), conns: make(chan *conn), closed: make(chan struct{})}
}

// dial connects the host of l, in one round trip.
func (s *listener) dial(ctx context.Context, l *Link, delay time.Duration) (*conn, error) {
	for range 2 {
		sleep(delay, ctx.Done())
		if ctx.Err() != nil || l.isSilent(Signaling) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	host, remote := newConns(l, delay, s.addr)
	select {
	case s.conns <- remote:
		return host, nil
	case <-s.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (s *listener) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *listener) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Addr implements net.Listener.
func (s *listener) Addr() net.Addr { return s.addr }
