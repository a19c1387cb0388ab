package udpio

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
)

// What Fill writes and what Put copies leave in one order, and what is not written leaves nothing behind.
func TestFill(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		var d drops
		from, to := open(t, &d), open(t, nil)
		q := NewQueue()
		f := q.NewFlow(from, to.LocalAddr())
		for i := range 6 {
			switch i % 3 {
			case 0:
				f.Put(pattern(100, i))
			case 1:
				f.Fill(150, func(dst []byte) int {
					if len(dst) != 150 || cap(dst) != 150 {
						t.Errorf("room for %d of %d bytes, want 150", len(dst), cap(dst))
					}
					return copy(dst, pattern(100, i))
				})
			case 2:
				f.Fill(100, func(dst []byte) int { clear(dst); return 0 })
				f.Fill(100, func(dst []byte) int { clear(dst); return -1 })
			}
		}
		f.Fill(maxDatagram+1, func([]byte) int { t.Error("there is room for too much"); return 0 })
		q.Flush()
		for k, b := range receiveSome(t, to, 4) {
			if i := []int{0, 1, 3, 4}[k]; !bytes.Equal(b, pattern(100, i)) {
				t.Errorf("datagram %d: got %x", i, b)
			}
		}
		if d.n[dropSize] != 1 || d.total() != 1 {
			t.Errorf("dropped %v, want one that is too large", d.n)
		}
	})
}

// A panic while a datagram is written costs that datagram.
func TestFillThatPanics(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	q := NewQueue()
	f := q.NewFlow(from, to.LocalAddr())
	func() {
		defer func() { _ = recover() }()
		f.Fill(100, func([]byte) int { panic("no") })
	}()
	f.Put([]byte("after"))
	q.Flush()
	if b := receiveSome(t, to, 1)[0]; string(b) != "after" {
		t.Errorf("got %q", b)
	}
}

// A full Queue is sent before more is written.
func TestFillOfAFullQueue(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	q := NewQueue()
	f := q.NewFlow(from, to.LocalAddr())
	for range queueDatagrams + 1 {
		f.Fill(10, func(dst []byte) int { return len(dst) })
	}
	if n := from.Stats().SentDatagrams; n != queueDatagrams {
		t.Errorf("%d were sent before the Flush, want %d", n, queueDatagrams)
	}
}

// receiveSome reads n datagrams.
func receiveSome(t *testing.T, s *Socket, n int) [][]byte {
	t.Helper()
	var got [][]byte
	for len(got) < n {
		if err := s.Receive(func(_ netip.AddrPort, b []byte) { got = append(got, bytes.Clone(b)) }); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// A Socket over a connection of the caller carries datagrams both ways, and its end is that of net.
func TestSocketOverAConnection(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Over(struct{ net.PacketConn }{conn}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r, w := s.Buffers(); s.Batched() || r != 0 || w != 0 {
		t.Errorf("batched %v, buffers %d and %d: want a portable one that knows no buffers", s.Batched(), r, w)
	}
	far := openSocket(t, "127.0.0.1", true, nil)
	q := NewQueue()
	q.NewFlow(s, far.LocalAddr()).Put([]byte("there"))
	q.Flush()
	if b := receiveSome(t, far, 1)[0]; string(b) != "there" {
		t.Errorf("got %q", b)
	}
	if err := far.Send([]byte("back"), s.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if b := receiveSome(t, s, 1)[0]; string(b) != "back" {
		t.Errorf("got %q", b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Receive(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	unix, err := net.ListenPacket("unixgram", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	if _, err := Over(unix, nil); err == nil {
		t.Error("a connection without UDP addresses was taken")
	}
}
