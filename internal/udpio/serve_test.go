package udpio

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// serve runs Serve in a goroutine. batches gets how many datagrams came together; ended what it ended with.
func serve(s *Socket) (batches chan int, ended chan error) {
	batches, ended = make(chan int, 1024), make(chan error, 1)
	go func() {
		n := 0
		ended <- s.Serve(func(netip.AddrPort, []byte) { n++ }, func() { batches <- n; n = 0 })
	}()
	return batches, ended
}

// await takes batches until there were n datagrams.
func await(t *testing.T, batches chan int, n int) {
	t.Helper()
	late := time.After(10 * time.Second)
	for got := 0; got < n; {
		select {
		case k := <-batches:
			if k == 0 {
				t.Fatal("a batch of nothing")
			}
			if got += k; got > n {
				t.Fatalf("%d datagrams, %d were sent", got, n)
			}
		case <-late:
			t.Fatalf("%d of %d datagrams: a wake-up is lost", got, n)
		}
	}
}

// Whatever comes when the socket was just found empty is received, also more than one call takes.
func TestServeMissesNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(*testing.T, *drops) *Socket) {
		from, to := open(t, nil), open(t, nil)
		batches, ended := serve(to)
		q := NewQueue()
		f := q.NewFlow(from, to.LocalAddr())
		for i := range 3000 {
			n := 1 + i%7
			if i%100 == 0 {
				n = 3 * 32
			}
			for k := range n {
				f.Put(pattern(1+(i+13*k)%700, i))
				if k%3 == 0 {
					q.Flush()
				}
			}
			q.Flush()
			await(t, batches, n)
		}
		if err := to.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("it ended with %v, want that the socket is closed", err)
		}
	})
}
