package signaling

import (
	"net"
	"sync"
	"time"
)

// maxBundle is how many bytes of frames are written at once. A buffer of a pool serves who writes, so an idle websocket has none.
const maxBundle = 16 << 10

// bundledConn is the connection under a websocket. Frames that follow each other at once are one write: the system call costs more than
// all else that is done for an event.
type bundledConn struct {
	// fixed after construction
	net.Conn
	buffers *sync.Pool // of *[]byte

	mu   sync.Mutex
	kept *[]byte // nil: what is written goes out at once
}

// keep makes Write keep what follows until send.
func (c *bundledConn) keep() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept != nil {
		return
	}
	if b, ok := c.buffers.Get().(*[]byte); ok {
		c.kept = b
		return
	}
	b := make([]byte, 0, maxBundle)
	c.kept = &b
}

// Write implements net.Conn.
func (c *bundledConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.kept == nil:
		return c.Conn.Write(p)
	case len(*c.kept)+len(p) > maxBundle:
		if err := c.writeKept(); err != nil {
			return 0, err
		}
	}
	if len(p) > maxBundle {
		return c.Conn.Write(p)
	}
	*c.kept = append(*c.kept, p...)
	return len(p), nil
}

// SetWriteDeadline implements net.Conn.
func (c *bundledConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept != nil && len(*c.kept) > 0 {
		return nil // that of the first frame, or of send, is close enough
	}
	return c.Conn.SetWriteDeadline(t)
}

// send writes what was kept, by the deadline, and ends keep.
func (c *bundledConn) send(deadline time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		return nil
	}
	err := c.Conn.SetWriteDeadline(deadline)
	if err == nil {
		err = c.writeKept()
	}
	c.buffers.Put(c.kept)
	c.kept = nil
	return err
}

// writeKept writes what was kept; mu is held.
func (c *bundledConn) writeKept() error {
	b := *c.kept
	*c.kept = b[:0]
	if len(b) == 0 {
		return nil
	}
	_, err := c.Conn.Write(b)
	return err
}
