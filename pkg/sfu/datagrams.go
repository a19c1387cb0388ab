package sfu

import (
	"time"

	"github.com/heliograph/heliograph/internal/icemux"
)

// datagrams are those of the fast path that wait for a worker. The memory is used again, round for round.
type datagrams struct {
	bytes []byte // of all, one behind the other
	list  []datagram
	taken int // how many of them were worked off
}

type datagram struct {
	to         *fastPath
	start, end int
}

// keptDatagrams is how much memory is kept for the next round, in bytes: a flood must not be remembered for ever.
const keptDatagrams = 4 << 20

// add copies a datagram.
func (a *datagrams) add(d icemux.Datagram) {
	to, ours := d.To.(*fastPath)
	if !ours {
		return
	}
	start := len(a.bytes)
	a.bytes = append(a.bytes, d.Bytes...)
	a.list = append(a.list, datagram{to, start, len(a.bytes)})
}

// next takes out the oldest one. There must be one. The bytes are valid until empty.
func (a *datagrams) next() (*fastPath, []byte) {
	d := &a.list[a.taken]
	a.taken++
	return d.to, a.bytes[d.start:d.end:d.end]
}

// empty forgets all datagrams.
func (a *datagrams) empty() {
	clear(a.list) // a Transport that has ended must not be held
	a.list, a.bytes, a.taken = a.list[:0], a.bytes[:0], 0
	if cap(a.bytes) > keptDatagrams {
		a.bytes = nil
	}
}

// Deliver implements icemux.Inbox: one lock and one wake for all that a reader has taken in one round for the Transports of this worker.
func (w *worker) Deliver(at time.Time, batch []icemux.Datagram) {
	w.mu.Lock()
	before := len(w.arriving.list)
	taken := batch[:max(0, min(len(batch), maxInbox-w.queued))]
	for _, d := range taken {
		w.arriving.add(d)
	}
	if n := len(w.arriving.list) - before; n > 0 {
		w.queued += n
		w.inbox = append(w.inbox, job{arrived: n, at: at.Sub(w.srv.start)})
	}
	w.mu.Unlock()
	for range len(batch) - len(taken) {
		w.srv.metrics.dropped("overload")
	}
	w.rouse()
}

// receive works off the next datagrams, each for itself: a panic ends its own Transport only.
func (w *worker) receive(j *job) {
	for range j.arrived {
		to, b := w.arrived.next()
		w.guard(to.t, func() { to.receive(j.at, b) })
	}
}
