package sfu

import (
	"slices"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// attends tells whether the next tick looks at the first subscription.
func (f *fanout) attends() bool { return slices.Contains(f.feed.attended, f.feed.subs[0]) }

// A tick looks at the subscriptions that wait for something, and at all now and then only.
func TestTicksLookAtThoseThatWait(t *testing.T) {
	f := newFanout(t, 20, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: &nowhere{}} })
	tick := func() {
		f.at += mediaTick
		f.feed.tick(f.at)
	}
	next := func(key bool) {
		for _, p := range f.frame(t, 3, key, false) {
			f.feed.deliver(f.at, p)
		}
		f.feed.walk(f.at)
	}
	tick()
	if n := len(f.feed.attended); n != 20 {
		t.Fatalf("%d of 20 wait for a keyframe", n)
	}
	next(true)
	tick()
	if n := len(f.feed.attended); n != 0 {
		t.Fatalf("%d wait for something though a keyframe came", n)
	}

	sub := f.feed.subs[0]
	sub.thin(f.at)
	for until := f.at + thinTime; f.at < until; next(false) {
		if !f.attends() || sub.fwd.Target().Temporal != 0 {
			t.Fatalf("%v before its end the layers are back", until-f.at)
		}
		tick()
	}
	tick()
	if f.attends() || sub.fwd.Target().Temporal == 0 {
		t.Error("the layers did not come back in time")
	}

	sub.rest(f.at)
	tick()
	if !f.attends() {
		t.Error("it rests in the middle of a picture, and nobody looks after it")
	}
	next(false)
	tick()
	if sub.resting || !f.attends() {
		t.Errorf("resting %v: it is to wait for a keyframe now", sub.resting)
	}
	f.w.unsubscribe(sub)
	tick()
	if slices.Contains(f.feed.attended, sub) {
		t.Error("it is looked at after its end")
	}
}

// What nobody looks at between is found by the sweep.
func TestSweepFindsWhoWaits(t *testing.T) {
	f := newFanout(t, 3, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: &nowhere{}} })
	f.feed.tick(f.at)
	f.feed.attended = nil
	for _, sub := range f.feed.subs {
		sub.attended = false
	}
	for range int(sweepEvery / mediaTick) {
		f.at += mediaTick
		f.feed.tick(f.at)
	}
	if len(f.feed.attended) != 3 {
		t.Errorf("%d of 3 that wait for a keyframe were found", len(f.feed.attended))
	}
}

// An encoding that falls silent is noticed by the tick after that, once.
func TestSilenceIsNoticedOnce(t *testing.T) {
	f := &feed{}
	const came = 3 * time.Second
	f.cameAt[1] = came
	noticed := 0
	for at := came; at < came+2*rtpfwd.SilenceLimit; at += mediaTick {
		if f.fellSilent(at) {
			noticed++
			if late := at - came - rtpfwd.SilenceLimit; late < 0 || late >= mediaTick {
				t.Errorf("noticed %v after the limit", late)
			}
		}
		f.tickedAt = at
	}
	if noticed != 1 {
		t.Errorf("noticed %d times", noticed)
	}
}

// Who leaves in the middle of a walk does not take another one's turn.
func TestLeavingDuringAWalk(t *testing.T) {
	f := newFanout(t, 4, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: &nowhere{}} })
	walked := f.feed.subs
	before := slices.Clone(walked)
	f.w.unsubscribe(walked[1])
	if !slices.Equal(walked, before) || len(f.feed.subs) != 3 {
		t.Errorf("a walk sees %v, began with %v; %d are left", walked, before, len(f.feed.subs))
	}
}
