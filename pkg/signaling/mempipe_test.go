package signaling

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// memBuffer is how many bytes a connection in memory holds in each direction, as TCP would.
const memBuffer = 64 << 10

// memPipe returns the two ends of a connection in memory. Unlike net.Pipe it buffers, and the far end sees the near one
// at an address. It works in a synctest bubble.
func memPipe(from string) (near, far net.Conn) {
	up, down := newMemHalf(), newMemHalf()
	a := &net.TCPAddr{IP: net.ParseIP(from), Port: 4000}
	b := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	return &memConn{in: down, out: up, local: a, remote: b}, &memConn{in: up, out: down, local: b, remote: a}
}

// memHalf is one direction of a connection.
type memHalf struct {
	mu            sync.Mutex
	changed       chan struct{} // closed and replaced with each change
	buf           []byte
	ended         bool // by the end that writes: the rest can still be read
	broken        bool // by the end that reads: nothing more can be written
	writes        int  // calls of write
	readDeadline  time.Time
	writeDeadline time.Time
}

func newMemHalf() *memHalf { return &memHalf{changed: make(chan struct{})} }

// change changes the half and wakes all that wait for it.
func (h *memHalf) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	close(h.changed)
	h.changed = make(chan struct{})
}

// wait releases mu, waits for a change or for the deadline, and takes mu again.
func (h *memHalf) wait(deadline time.Time) error {
	changed := h.changed
	h.mu.Unlock()
	defer h.mu.Lock()
	if deadline.IsZero() {
		<-changed
		return nil
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
	if !time.Now().Before(deadline) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (h *memHalf) written() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.writes
}

func (h *memHalf) read(p []byte) (n int, err error) {
	h.mu.Lock()
	for err == nil && len(h.buf) == 0 && !h.ended && !h.broken {
		err = h.wait(h.readDeadline)
	}
	switch {
	case h.broken:
		err = net.ErrClosed
	case len(h.buf) > 0:
		n, err = copy(p, h.buf), nil
	case err == nil:
		err = io.EOF
	}
	h.mu.Unlock()
	h.change(func() { h.buf = h.buf[n:] })
	return n, err
}

func (h *memHalf) write(p []byte) (n int, err error) {
	h.mu.Lock()
	h.writes++
	h.mu.Unlock()
	for n < len(p) && err == nil {
		h.mu.Lock()
		for err == nil && len(h.buf) == memBuffer && !h.ended && !h.broken {
			err = h.wait(h.writeDeadline)
		}
		if h.ended || h.broken {
			err = net.ErrClosed
		}
		h.mu.Unlock()
		if err == nil {
			h.change(func() {
				m := min(len(p)-n, memBuffer-len(h.buf))
				h.buf = append(h.buf, p[n:n+m]...)
				n += m
			})
		}
	}
	return n, err
}

// memConn is one end of a connection in memory.
type memConn struct {
	in, out       *memHalf
	local, remote net.Addr
}

func (c *memConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memConn) Write(p []byte) (int, error) { return c.out.write(p) }
func (c *memConn) LocalAddr() net.Addr         { return c.local }
func (c *memConn) RemoteAddr() net.Addr        { return c.remote }

func (c *memConn) Close() error {
	c.in.change(func() { c.in.broken = true })
	c.out.change(func() { c.out.ended = true })
	return nil
}

func (c *memConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *memConn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.readDeadline = t })
	return nil
}

func (c *memConn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.writeDeadline = t })
	return nil
}

// memListener is a net.Listener whose connections are pipes in memory.
type memListener struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (l *memListener) dial(from string) (net.Conn, error) {
	near, far := memPipe(from)
	select {
	case l.accept <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
