package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// sweepEvery is how often all subscriptions are looked at. In each tick are those only that wait for something: to look at a thousand is
// to bring as many places of memory into the processor's cache.
const sweepEvery = 500 * time.Millisecond

// tick does what the time that has passed asks for.
func (f *feed) tick(now time.Duration) {
	if f.pub.kind == signaling.KindAudio {
		return
	}
	if first := !f.rates.counted; f.rates.update(now) {
		for _, sub := range f.subs {
			sub.out.allocation.calm = false // there may be more to ask for, or it takes more
			if first {
				sub.view++ // what was assumed is known now
			}
		}
	}
	due := f.attended
	if now-f.sweptAt >= sweepEvery || f.fellSilent(now) {
		f.sweptAt = now
		f.report(now, f.uses())
		due = f.subs
	}
	f.tickedAt = now
	for _, sub := range due {
		sub.tick(now)
	}
	f.attended = slices.DeleteFunc(f.attended, (*subscription).rests)
}

// fellSilent tells whether an encoding that did send has become silent since the latest tick: who gets it has to leave it.
func (f *feed) fellSilent(now time.Duration) bool {
	for _, at := range f.cameAt {
		if due := at + rtpfwd.SilenceLimit; at > 0 && f.tickedAt < due && due <= now {
			return true
		}
	}
	return false
}

// tick is the subscription's part of the tick of its feed.
func (s *subscription) tick(now time.Duration) {
	if len(s.queue) > 0 {
		s.drain(now)
	}
	if s.resting && s.fwd.Current().None() {
		s.resting = false
		s.retarget(now)
	}
	if s.thinUntil > 0 && s.thinUntil <= now {
		s.thinUntil = 0
		s.retarget(now)
	}
	if s.fwd.Deadline() <= now {
		w := s.feed.w
		w.choices = s.fwd.Advance(now, w.choices[:0])
		s.send(now, w.choices)
	}
	s.askKeyframe(now)
}

// waits tells whether there is something to do in the next tick. What silent encodings ask for is seen by the feed.
func (s *subscription) waits() bool {
	if len(s.queue) > 0 || s.resting || s.thinUntil > 0 {
		return true
	}
	_, wanted := s.fwd.KeyframeWanted()
	return wanted && s.feed.pub.kind == signaling.KindVideo
}

// attend puts the subscription on the list of those that the next ticks of the feed look at, if it has to be.
func (s *subscription) attend() {
	if !s.attended && s.waits() {
		s.attended = true
		s.feed.attended = append(s.feed.attended, s)
	}
}

// rests takes the subscription off the list, if it is not to be on it any more.
func (s *subscription) rests() bool {
	s.attended = s.waits()
	return !s.attended
}
