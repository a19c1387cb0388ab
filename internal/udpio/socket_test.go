package udpio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// drops counts datagrams by reason.
type drops struct {
	mu sync.Mutex
	n  map[string]int
}

func (d *drops) add(reason string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.n == nil {
		d.n = map[string]int{}
	}
	d.n[reason] += n
}

func (d *drops) total() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.n {
		n += k
	}
	return n
}

// bothWays runs a test with batched calls, where this system has them, and without, over IPv4 and IPv6.
func bothWays(t *testing.T, test func(t *testing.T, open func(*testing.T, *drops) *Socket)) {
	for _, portable := range []bool{false, true} {
		for _, addr := range []string{"127.0.0.1", "::1"} {
			t.Run(fmt.Sprintf("portable=%v/%s", portable, addr), func(t *testing.T) {
				test(t, func(t *testing.T, d *drops) *Socket { return openSocket(t, addr, portable, d) })
			})
		}
	}
}

func openSocket(t testing.TB, addr string, portable bool, d *drops) *Socket {
	t.Helper()
	if d == nil {
		d = &drops{}
	}
	s, err := Listen(netip.AddrPortFrom(netip.MustParseAddr(addr), 0), Config{Buffer: 4 << 20, Portable: portable, Dropped: d.add})
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Skip("this machine has no", addr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// collect receives n datagrams, copied.
func collect(t *testing.T, s *Socket, n int) (got [][]byte, from []netip.AddrPort) {
	t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for len(got) < n {
		err := s.Receive(func(a netip.AddrPort, b []byte) {
			got, from = append(got, bytes.Clone(b)), append(from, a)
		})
		if err != nil {
			t.Fatalf("after %d of %d datagrams: %v", len(got), n, err)
		}
	}
	return got, from
}

// pattern is n bytes that no other place of the test has.
func pattern(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + seed*13 + i>>8)
	}
	return b
}

func TestEveryLengthArrives(t *testing.T) {
	lengths := []int{4095, 4096, 9000, 16384, 32767, 32768, 65000, 65506, 65507}
	for n := range 2100 {
		lengths = append(lengths, n)
	}
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		var d drops
		from, to := open(t, &d), open(t, nil)
		q := NewQueue()
		f := q.NewFlow(from, to.LocalAddr())
		for i, n := range lengths {
			want := pattern(n, i)
			if i%2 == 0 {
				f.Put(want)
				q.Flush()
			} else if err := from.Send(want, to.LocalAddr()); err != nil {
				t.Fatalf("%d bytes: %v", n, err)
			}
			got, by := collect(t, to, 1)
			if !bytes.Equal(got[0], want) || by[0] != from.LocalAddr() {
				t.Fatalf("%d bytes: got %d from %s", n, len(got[0]), by[0])
			}
		}
		if n := d.total(); n != 0 {
			t.Errorf("%d datagrams were dropped: %v", n, d.n)
		}
	})
}

func TestTooLongIsDropped(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		var d drops
		from, to := open(t, &d), open(t, nil)
		q := NewQueue()
		f := q.NewFlow(from, to.LocalAddr())
		for _, n := range []int{65508, 65535, 65536, 2 << 20} {
			f.Put(make([]byte, n))
		}
		f.Put([]byte("after"))
		q.Flush()
		if got, _ := collect(t, to, 1); string(got[0]) != "after" || d.n[dropSize] != 4 {
			t.Errorf("got %q, dropped %v, want 4 of %s", got[0], d.n, dropSize)
		}
		if err := from.Send(make([]byte, 1<<16), to.LocalAddr()); err == nil {
			t.Error("65,536 bytes were sent")
		}
	})
}

// Each destination gets its datagrams once and in order, whatever their sizes and however they are mixed.
func TestFlowsKeepTheirOrder(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		var d drops
		senders := []*Socket{open(t, &d), open(t, &d)}
		q := NewQueue()
		var to []*Socket
		var flows []*Flow
		for i := range 5 {
			to = append(to, open(t, nil))
			flows = append(flows, q.NewFlow(senders[i%2], to[i].LocalAddr()))
		}
		want := make([][][]byte, len(to))
		for i := range 1500 {
			k := i * i % 7 % len(to)
			// Runs of equal sizes, shorter and longer ones, empty ones.
			b := pattern([]int{1200, 1200, 1200, 1199, 1200, 80, 0, 1201, 1, 1200}[i/3%10], i)
			if len(b) >= 4 {
				binary.BigEndian.PutUint32(b, uint32(i))
			}
			want[k] = append(want[k], b)
			flows[k].Put(b)
			if i%211 == 0 {
				q.Flush()
			}
		}
		q.Flush()
		for k, s := range to {
			got, from := collect(t, s, len(want[k]))
			for i := range want[k] {
				if !bytes.Equal(got[i], want[k][i]) || from[i] != senders[k%2].LocalAddr() {
					t.Fatalf("datagram %d to %d: %d bytes from %s, want %d", i, k, len(got[i]), from[i], len(want[k][i]))
				}
			}
		}
		if n := d.total(); n != 0 {
			t.Errorf("%d datagrams were dropped: %v", n, d.n)
		}
		if s := senders[0]; s.Batched() && s.Stats().SegmentedDatagrams == 0 {
			t.Error("no message had several datagrams")
		}
	})
}

func TestFullQueueSendsByItself(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		from, to := open(t, nil), open(t, nil)
		q := NewQueue()
		f := q.NewFlow(from, to.LocalAddr())
		for range queueDatagrams + 1 {
			f.Put([]byte{1})
		}
		if got, _ := collect(t, to, queueDatagrams); len(got) != queueDatagrams || len(q.waiting) != 1 {
			t.Errorf("a full queue sent %d and kept %d datagrams", len(got), len(q.waiting))
		}
		q.Flush()
		collect(t, to, 1)
		for range queueBytes/60000 + 1 {
			f.Put(make([]byte, 60000))
		}
		if len(q.waiting) != 1 {
			t.Errorf("%d datagrams wait in a queue that is full of bytes", len(q.waiting))
		}
	})
}

func TestCloseEndsReceiveAndDropsWhatWaits(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		var d drops
		s := open(t, &d)
		ended := make(chan error, 1)
		go func() { ended <- s.Receive(func(netip.AddrPort, []byte) {}) }()
		q := NewQueue()
		f := q.NewFlow(s, s.LocalAddr())
		f.Put([]byte("a"))
		f.Put([]byte("b"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Receive ended with %v", err)
		}
		q.Flush()
		q.Flush() // what was dropped is gone
		if d.n[dropClosed] != 2 || d.total() != 2 {
			t.Errorf("dropped %v, want 2 of %s", d.n, dropClosed)
		}
		if err := s.Send([]byte("c"), s.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Send on a closed socket: %v", err)
		}
	})
}

func TestManyGoroutinesShareASocket(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		from, to := open(t, nil), open(t, nil)
		const goroutines, rounds, each = 4, 20, 5
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				q := NewQueue()
				f := q.NewFlow(from, to.LocalAddr())
				for range rounds {
					for range each {
						f.Put(pattern(100, g))
					}
					q.Flush()
					if err := from.Send([]byte{byte(g)}, to.LocalAddr()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		got, _ := collect(t, to, goroutines*rounds*(each+1))
		all.Wait()
		for _, b := range got {
			if len(b) != 1 && len(b) != 100 {
				t.Fatalf("a datagram of %d bytes arrived", len(b))
			}
		}
	})
}

func TestReasonsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/forwarding.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Reasons() {
		if !bytes.Contains(page, []byte("`"+r+"`")) {
			t.Errorf("docs/forwarding.md does not tell of %s", r)
		}
	}
}

func TestBuffersAreGranted(t *testing.T) {
	s := openSocket(t, "127.0.0.1", false, nil)
	receive, send := s.Buffers()
	if s.Batched() && (receive < 64<<10 || send < 64<<10) {
		t.Errorf("%d and %d bytes were granted", receive, send)
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	if !from.Batched() {
		t.Skip("package net allocates as it likes")
	}
	q := NewQueue()
	f, b, got := q.NewFlow(from, to.LocalAddr()), pattern(1000, 1), 0
	each := func(netip.AddrPort, []byte) { got++ }
	round := func() {
		for range 4 {
			f.Put(b)
		}
		q.Flush()
		if err := from.Send(b, to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		for got = 0; got < 5; {
			if err := to.Receive(each); err != nil {
				t.Fatal(err)
			}
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations in a round, want none", n)
	}
}
