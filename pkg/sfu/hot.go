package sfu

import "github.com/heliograph/heliograph/internal/prefetch"

// lookAheadFrom is from how many subscriptions on a walk asks for what the next one touches: what few touch is still in the processor's
// cache from the picture before.
const lookAheadFrom = 8

// lookAhead begins a walk.
func (f *feed) lookAhead() {
	n := len(f.subs)
	if n < lookAheadFrom {
		n = 0
	}
	if n > len(f.ahead) {
		f.ahead = append(f.ahead, make([]prefetch.Places, n-len(f.ahead))...)
	}
	f.ahead = f.ahead[:n]
	f.fetch(0)
}

// fetch asks for what the i-th subscription touches, by what it was in the walk before. If another has its place since, nothing is lost.
func (f *feed) fetch(i int) {
	if i < len(f.ahead) {
		f.ahead[i].Fetch()
	}
}

// note keeps what the i-th subscription will touch in the next walk, now that all of it is in the cache.
func (f *feed) note(i int, s *subscription) {
	if i < len(f.ahead) {
		p := &f.ahead[i]
		p.Reset()
		s.hot(p)
	}
}

// hot adds what the sending of the next picture touches.
func (s *subscription) hot(p *prefetch.Places) {
	prefetch.Span(p, &s.feed, &s.queue)
	ss, e := s.slot, s.out
	prefetch.Add(p, ss)
	prefetch.Add(p, ss.to)
	prefetch.Add(p, &ss.slot.send)
	prefetch.Span(p, &e.t, &e.observation.bytes)
	prefetch.Span(p, &e.pacing.estimator, &e.pacing.stale)
	prefetch.Span(p, &e.allocation.sound, &e.allocation.video)
	s.fwd.Hot(p)
	e.pacing.pacer.Hot(p)
	ss.out.Hot(p)
	e.pacing.estimator.Hot(p)
	prefetch.Span(p, &e.t.srv, &e.t.out)
	if f := e.t.fast; f != nil {
		f.hot(p)
	}
}

// hot adds what the sending of RTP touches.
func (f *fastPath) hot(p *prefetch.Places) {
	prefetch.Span(p, &f.t, &f.sealing)
	f.line.Hot(p)
	if f.seal != nil {
		f.seal.Hot(p)
	}
	for _, st := range f.sealing {
		if st != nil {
			prefetch.Add(p, st)
		}
	}
}
