package sfu

import (
	"slices"
	"time"
)

const (
	// egressTick is how often a Transport is looked after. One that gets feedback is when that has come, as all that is needed for it is in
	// the processor's cache then; the others have their turn in the ticks of their worker, within two egressTicks. What is due earlier does
	// not wait: feedback, a packet and a deadline of the pacer pump a Transport at once.
	egressTick = 10 * mediaTick
	// earlyTick is how long before that feedback is as good: it is never quite regular.
	earlyTick = egressTick * 3 / 4
	// lateTick is how long after that its turn takes place, so that one whose feedback comes as often has none besides.
	lateTick = egressTick + mediaTick
)

// turns are the Transports of a worker in a circle: each tick goes on where the one before has ended, so that no tick is long. Most
// Transports have nothing to do in most ticks, and to look at one is a visit to memory that is not in the processor's cache.
type turns struct {
	all        []*Transport
	next       int
	publishing []*ingest // those that may have lost packets: they are in each tick
}

func (r *turns) add(t *Transport) { r.all = append(r.all, t) }

func (r *turns) remove(t *Transport) {
	if i := slices.Index(r.all, t); i >= 0 {
		r.all = slices.Delete(r.all, i, i+1)
		if i < r.next {
			r.next--
		}
	}
	if i := slices.Index(r.publishing, t.in); i >= 0 {
		r.publishing = slices.Delete(r.publishing, i, i+1)
	}
}

// publishes notes a Transport that has an m-line to publish by.
func (r *turns) publishes(in *ingest) {
	if !in.closed && len(in.lines) == 0 {
		r.publishing = append(r.publishing, in)
	}
}

// due is how many have their turn when so much time has passed since the last tick.
func (r *turns) due(passed time.Duration) int {
	n := time.Duration(len(r.all))
	if passed >= egressTick {
		return int(n)
	}
	return int((n*passed + egressTick - 1) / egressTick)
}

// take is whose turn it is.
func (r *turns) take() *Transport {
	if r.next >= len(r.all) {
		r.next = 0
	}
	t := r.all[r.next]
	r.next++
	return t
}

// tick does what the time that has passed asks for.
func (w *worker) tick(now, passed time.Duration) {
	for _, in := range w.turns.publishing {
		in.tick(now)
	}
	for range w.turns.due(passed) {
		t := w.turns.take()
		if now-t.out.tickedAt < lateTick {
			continue
		}
		if len(t.in.lines) == 0 {
			t.in.tick(now)
		}
		t.out.tick(now)
	}
	for _, f := range w.feeds {
		f.tick(now)
	}
}
