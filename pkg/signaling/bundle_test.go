package signaling

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// writeCounter counts the writes to a connection, each a system call of a real one.
type writeCounter struct {
	net.Conn
	writes []string
	fails  error
}

func (c *writeCounter) Write(p []byte) (int, error) {
	if c.fails != nil {
		return 0, c.fails
	}
	c.writes = append(c.writes, string(p))
	return len(p), nil
}

func (c *writeCounter) SetWriteDeadline(time.Time) error { return nil }

// What waits together leaves in one write, and nothing is kept longer.
func TestEventsAreBundled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		const events = 40
		var all [][]byte
		for r := range uint64(events) {
			text, err := EncodeRoomEvent(TypeParticipantLeft, 10+r, ParticipantLeft{"p_2", "lost"})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		synctest.Wait()
		wire := w.ws.NetConn().(*memConn).in
		before := wire.written()
		s.hall.session("ann").RoomEvents(all...)
		for r := range uint64(events) {
			if f := w.next(); f.R != 10+r {
				t.Fatalf("event %d comes instead of %d", f.R, 10+r)
			}
		}
		if n := wire.written() - before; n != 1 {
			t.Errorf("%d events were %d writes, want 1", events, n)
		}
	})
}

func TestBundledConn(t *testing.T) {
	under := &writeCounter{}
	c := &bundledConn{Conn: under, buffers: new(sync.Pool)}
	write := func(p string) {
		t.Helper()
		if n, err := c.Write([]byte(p)); err != nil || n != len(p) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	send := func() {
		t.Helper()
		if err := c.send(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	large, half := strings.Repeat("l", maxBundle+1), strings.Repeat("h", maxBundle/2+1)
	send() // nothing was kept
	write("at once")
	c.keep()
	c.keep()
	write("a")
	write("b")
	write(half) // "ab" and half
	write(half)
	write(large)
	write("c")
	send()
	write("after")
	c.keep()
	send() // nothing was written
	want := []string{"at once", "ab" + half, half, large, "c", "after"}
	if strings.Join(under.writes, "|") != strings.Join(want, "|") {
		t.Errorf("%d writes, want %d", len(under.writes), len(want))
	}
	c.keep()
	write("lost")
	under.fails = net.ErrClosed
	if err := c.send(time.Now()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("send tells %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write tells %v", err)
	}
}
