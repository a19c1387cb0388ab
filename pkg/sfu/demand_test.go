package sfu

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// TestDemandModel holds a demand to what it means: an encoding is awake while anybody needs it or one above, and for five seconds after.
// While the publication is muted nothing falls asleep.
func TestDemandModel(t *testing.T) {
	for seed := range uint64(50) {
		dice := rand.New(rand.NewPCG(seed, 1))
		n := 1 + dice.IntN(maxEncodings)
		d := &demand{encodings: n, awake: n, of: map[*worker]int{}}
		workers := [3]*worker{{}, {}, {}}
		needs := map[*worker]int{}
		var last [maxEncodings]time.Duration
		awake, needed, muted := n, 0, false
		for now := time.Duration(0); now < 2*time.Minute; now += 100 * time.Millisecond {
			for e := range awake { // it was of use until now
				if e < needed || muted {
					last[e] = now
				}
			}
			if dice.IntN(20) == 0 {
				w := workers[dice.IntN(len(workers))]
				needs[w] = dice.IntN(maxEncodings + 1)
				d.set(now, w, needs[w])
			}
			if dice.IntN(100) == 0 {
				muted = !muted
				d.mute(now, muted)
			}
			needed = min(max(needs[workers[0]], needs[workers[1]], needs[workers[2]]), n)
			awake = max(awake, needed)
			for awake > needed && !muted && now-last[awake-1] >= sleepAfter {
				awake--
			}
			if d.awake = d.due(now); d.awake != awake {
				t.Fatalf("seed %d, %v: %d of %d are awake, want %d; needed %d, muted %v", seed, now, d.awake, n, awake, needed, muted)
			}
		}
	}
}

func TestSubscriptionUses(t *testing.T) {
	three := &feed{replicas: make([]*rtpfwd.Replica, 3)}
	one := &feed{replicas: make([]*rtpfwd.Replica, 1)}
	tests := []struct {
		feed           *feed
		asked, granted int8
		want           int
	}{
		{three, maxSpatial, maxSpatial, 3},
		{three, maxSpatial, 1, 3}, // it may go up
		{three, maxSpatial, 0, 2}, // one step only
		{three, maxSpatial, -1, 1},
		{three, 0, -1, 1},
		{three, 0, maxSpatial, 1}, // it asks for no more
		{three, 1, 1, 2},
		{one, maxSpatial, 2, 1}, // spatial layers inside an encoding are not told apart
		{one, maxSpatial, -1, 1},
	}
	for _, test := range tests {
		sub := &subscription{feed: test.feed, asked: shown{layer: rtpfwd.Layer{Spatial: test.asked}}, granted: rtpfwd.Layer{Spatial: test.granted}}
		if got := sub.uses(); got != test.want {
			t.Errorf("%d encodings, asked %d, granted %d: uses %d, want %d", len(test.feed.replicas), test.asked, test.granted, got, test.want)
		}
	}
	if n := three.uses(); n != 0 {
		t.Errorf("without subscriptions %d are of use", n)
	}
}

// TestRatesOfWhatSleeps: what a layer took stands while it sleeps, and so does that it can be had.
func TestRatesOfWhatSleeps(t *testing.T) {
	f := &feed{pub: &Publication{}, replicas: []*rtpfwd.Replica{
		{Ring: rtpfwd.NewRing(16)}, {Ring: rtpfwd.NewRing(16)}, {Ring: rtpfwd.NewRing(16)},
	}}
	r, now := &f.rates, time.Duration(1)
	run := func(d time.Duration, encodings ...uint8) {
		for end := now + d; now < end; now += 20 * time.Millisecond {
			for _, e := range encodings {
				r.add(now, &rtpfwd.Packet{Encoding: e, Raw: make([]byte, 1000)}, true)
			}
			r.update(now)
		}
	}
	run(3*time.Second, 0, 1)
	full, _ := r.upTo(1, 0)
	if full == 0 || r.temporals(2) != 0 || f.sleeps(2) {
		t.Fatalf("%v, %d, %v", full, r.temporals(2), f.sleeps(2))
	}
	f.follow(1, 0)
	run(100*time.Millisecond, 0, 1) // they were on the way
	run(time.Minute, 0)
	if rate, _ := r.upTo(1, 0); rate != full || !f.sleeps(1) || !f.sleeps(2) || f.sleeps(0) {
		t.Errorf("asleep: %v instead of %v; %v", rate, full, r.sleep)
	}
	f.follow(3, 0b110)
	run(400*time.Millisecond, 0)
	if !f.sleeps(1) {
		t.Error("what was woken and has not come yet is offered no more")
	}
	run(700*time.Millisecond, 0, 1)
	if rate, _ := r.upTo(1, 0); rate != full || f.sleeps(1) {
		t.Errorf("woken: %v instead of %v, %v", rate, full, f.sleeps(1))
	}
	run(4*time.Second, 0, 1)
	if f.sleeps(2) || r.temporals(2) != 0 {
		t.Error("what was woken and never came is still offered")
	}
	run(4*time.Second, 0)
	if r.temporals(1) != 0 {
		t.Error("a layer that stops by itself is still offered")
	}
}

// TestEncodingThatSleeps: no keyframe is asked for while it sleeps or has just been woken, and what was wanted before is forgotten. Another
// publication on its m-line begins awake.
func TestEncodingThatSleeps(t *testing.T) {
	e := &ingestEncoding{keyframes: rtpfwd.NewKeyframes()}
	e.keyframes.Want(0)
	e.sleep(0, true)
	if !e.unheard(time.Hour) || e.keyframes.Deadline() != rtpfwd.Never {
		t.Error("a keyframe may be asked for while it sleeps")
	}
	e.sleep(time.Hour, false)
	if !e.unheard(time.Hour+wakeTime-1) || e.unheard(time.Hour+wakeTime) {
		t.Error("a keyframe is asked for too early or never after it was woken")
	}
	e.sleep(2*time.Hour, true)
	f := newFanout(t, 0, nil)
	in := f.pub.transport.in
	in.lines["m"] = &ingestLine{mid: "m", encodings: []*ingestEncoding{e}}
	in.setPublication("m", f.pub)
	if e.unheard(3 * time.Hour) {
		t.Error("the next publication sleeps")
	}
}

// TestNewFeedKnowsWhatSleeps: what sleeps is offered by a feed that is made meanwhile too, and nobody starts at what came before.
func TestNewFeedKnowsWhatSleeps(t *testing.T) {
	f := newFanout(t, 0, nil)
	f.pub.owner, f.pub.encodings = &Participant{pauses: true}, make([]signaling.EncodingOffer, 2)
	in := f.pub.transport.in
	in.lines[f.pub.mid] = &ingestLine{pub: f.pub}
	in.demandOf(0, f.pub).awake = 1
	made := newFeed(f.w, f.pub)
	f.w.feeds[f.pub] = made
	packets := f.frame(t, 3, true, false)
	for _, r := range made.replicas {
		for _, p := range packets {
			r.Put(p)
		}
		if len(r.Cached(nil)) != len(packets) {
			t.Fatal("nothing is cached")
		}
	}
	in.brief(f.pub, f.w)
	if made.sleeps(0) || !made.sleeps(1) {
		t.Error("the feed was not told what sleeps")
	}
	if len(made.replicas[0].Cached(nil)) == 0 || len(made.replicas[1].Cached(nil)) != 0 {
		t.Error("an old picture of what sleeps can be started at, or a new one of what is awake cannot")
	}
}
