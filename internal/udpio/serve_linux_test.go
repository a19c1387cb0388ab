package udpio

import (
	"sync/atomic"
	"syscall"
	"testing"
)

// counting counts the calls that receive.
type counting struct {
	linux
	calls *atomic.Int64
}

func (c counting) recvmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	c.calls.Add(1)
	return c.linux.recvmmsg(fd, msgs)
}

// A datagram that comes alone is one call of the system, and not another one that finds nothing.
func TestServeDoesNotAskTwice(t *testing.T) {
	from, to := openSocket(t, "127.0.0.1", false, nil), openSocket(t, "127.0.0.1", false, nil)
	var calls atomic.Int64
	to.way = batchedBy(to, to.way.(*batched).raw, counting{calls: &calls})
	batches, _ := serve(to)
	const rounds = 2000
	for range rounds {
		if err := from.Send([]byte("alone"), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		await(t, batches, 1)
	}
	if n := calls.Load(); n > rounds*3/2 {
		t.Errorf("%d calls for %d datagrams", n, rounds)
	}
}
