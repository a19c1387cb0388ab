package bwe

import (
	"slices"
	"testing"
	"time"
)

// simulcast is a camera of three encodings with three temporal layers each, or a tile of it.
func simulcast(id int64, weight float64, displayed int) Ladder {
	l := Ladder{ID: id, View: int64(displayed)}
	for s, rate := range []Bitrate{150 * Kbps, 500 * Kbps, 1500 * Kbps} {
		for t, share := range []float64{0.25, 0.5, 1} {
			l.Options = append(l.Options, Option{
				Rate:    rate * Bitrate(4+3*t) / 10,
				Utility: Utility(Shown{Pixels: 320 * 180 << (2 * s), Displayed: displayed, FrameRate: share, Weight: weight}),
				Spatial: int8(s), Temporal: int8(t), Keyframe: rate.Bytes(keyframeSize),
			})
		}
	}
	return l
}

const (
	largeTile = 1280 * 720
	smallTile = 320 * 180
)

func (r *allocation) want(what string, options ...int) {
	r.t.Helper()
	if !slices.Equal(r.options(), options) {
		r.t.Errorf("%s: at %v %+v, want %v", what, r.now, r.grants, options)
	}
}

// A new track gets at once what fits, and one that leaves gives at once what it had.
func TestAllocateWhoComesAndGoes(t *testing.T) {
	r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile)}, 2*Mbps)
	r.run(allocationTick)
	r.want("first", 8)
	r.ladders = append(r.ladders, simulcast(2, WeightSpeaker, largeTile))
	r.run(allocationTick)
	r.want("a speaker comes", 3, 8)
	r.ladders = r.ladders[:1]
	r.run(allocationTick)
	r.want("the speaker leaves", 8)
	r.ladders = nil
	r.run(allocationTick)
	r.want("nobody")
	if _, ok := r.a.Next(); ok || r.a.Demand().NextStep != 0 {
		t.Errorf("an empty room waits for something: %+v", r.a.Demand())
	}
}

// What a view changes is not the network's doing: it takes effect at once, both ways.
func TestAllocateFollowsTheView(t *testing.T) {
	r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile), simulcast(2, WeightOther, smallTile)}, 2*Mbps)
	r.run(time.Minute)
	r.want("large and small", 8, 2)
	r.ladders = []Ladder{simulcast(1, WeightOther, smallTile), simulcast(2, WeightOther, largeTile)}
	r.run(allocationTick)
	r.want("small and large", 2, 8)
	r.ladders = []Ladder{simulcast(1, WeightOther, largeTile), simulcast(2, WeightOther, smallTile)}
	r.run(allocationTick)
	r.want("and back", 8, 2)
	if r.grants[0].Why != WhyDemand || r.grants[1].Why != WhyDemand {
		t.Errorf("%+v", r.grants)
	}
}

// Downwards temporal layers come first, for they need no keyframe; what is better in the long run comes later.
func TestAllocateLowersTemporalLayersFirst(t *testing.T) {
	r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile)}, 2*Mbps)
	r.run(10 * time.Second)
	r.set(1200 * Kbps)
	r.run(allocationTick)
	r.want("a layer less", 7)
	if r.grants[0].Why != WhyBudget {
		t.Errorf("%v, want budget", r.grants[0].Why)
	}
	r.set(400 * Kbps)
	r.run(allocationTick)
	r.want("an encoding less", 3)

	l := Ladder{ID: 1, Options: []Option{
		{Rate: 500 * Kbps, Utility: 5, Spatial: 1}, {Rate: 850 * Kbps, Utility: 9.5, Temporal: 2}, {Rate: Mbps, Utility: 10, Spatial: 1, Temporal: 2},
	}}
	r = allocate(t, []Ladder{l}, 2*Mbps)
	r.run(20 * time.Second)
	r.set(950*Kbps + audioReserve)
	r.run(allocationTick)
	r.want("at once", 0)
	r.run(15 * time.Second)
	r.want("in the long run", 1)
}

// A path that is better goes unused for 2 s if no probe shows it, and says why.
func TestAllocateWaits(t *testing.T) {
	r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile)}, 400*Kbps)
	r.probes = false
	r.run(10 * time.Second)
	r.set(3 * Mbps)
	r.run(2 * time.Second)
	r.want("too early", 3)
	if r.grants[0].Why != WhyHysteresis {
		t.Errorf("%v, want hysteresis", r.grants[0].Why)
	}
	r.run(700 * time.Millisecond)
	r.want("in time", 8)

	r.probes = true
	r.set(1100 * Kbps)
	r.run(10 * time.Second)
	if r.grants[0].Why != WhyProbe {
		t.Errorf("%+v, want that a probe has failed", r.grants)
	}
}

// Without room for the smallest base video pauses after 2 s, and is tried again after 2, 3, 5 and 5 s.
func TestAllocatePauses(t *testing.T) {
	r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile), simulcast(2, WeightSpeaker, largeTile)}, 2*Mbps)
	r.run(10 * time.Second)
	r.set(100 * Kbps)
	start := r.now
	r.run(allocationTick)
	if on := len(r.grants) - 1; r.grants[0].Option+r.grants[1].Option != Off || on != 1 {
		t.Errorf("%+v, want one base", r.grants)
	}
	r.run(1900 * time.Millisecond)
	if r.a.Paused() {
		t.Error("paused too early")
	}
	var paused time.Duration
	var tries []time.Duration
	trying := false
	for r.now < start+20*time.Second {
		r.run(allocationTick)
		if r.a.Paused() && paused == 0 {
			paused = r.now
			r.want("paused", Off, Off)
		}
		if step := r.a.Demand().NextStep > 0 && r.a.Paused(); step != trying {
			if trying = step; trying {
				tries = append(tries, (r.now - paused).Round(time.Second))
			}
		}
	}
	t.Logf("paused after %v, tried after %v", paused-start, tries)
	if d := paused - start; d < 2*time.Second || d > 2200*time.Millisecond || !slices.Equal(tries, []time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second}) {
		t.Errorf("paused after %v, tried after %v", d, tries)
	}
	if r.grants[0].Why != WhyPaused {
		t.Errorf("%+v", r.grants)
	}
	r.set(3 * Mbps)
	start = r.now
	for r.a.Paused() && r.now < start+10*time.Second {
		r.run(allocationTick)
	}
	r.run(3 * time.Second)
	t.Logf("resumed after %v, 3 s later %+v", r.now-start-3*time.Second, r.grants)
	if r.now-start > 9*time.Second || r.grants[1].Option < 5 {
		t.Errorf("resumed after %v: %+v", r.now-start, r.grants)
	}
}

// A bigger option for less than 10 % is no reason to switch, nor is one whose keyframe does not fit.
func TestAllocateMindsThePrice(t *testing.T) {
	l := Ladder{ID: 1, Options: []Option{step(100, 10), {Rate: 200 * Kbps, Utility: 10.9, Temporal: 1}}}
	r := allocate(t, []Ladder{l}, Mbps)
	r.a.Allocate(0, State{Target: 150 * Kbps}, 0, r.ladders, nil)
	r.now = allocationTick
	r.run(time.Minute)
	r.want("too little to gain", 0)

	l.Options = []Option{step(100, 10), {Rate: 800 * Kbps, Utility: 20, Spatial: 1, Keyframe: 400_000}}
	r = allocate(t, []Ladder{l}, Mbps)
	r.a.Allocate(0, State{Target: 500 * Kbps}, 0, r.ladders, nil)
	r.now = allocationTick
	r.run(time.Minute)
	r.want("too dear a keyframe", 0)
	r.set(1400 * Kbps)
	r.run(20 * time.Second)
	r.want("room for the keyframe", 1)
}

// While a queue drains that a probe has left nothing is taken away for it; another queue tells that there is less.
func TestAllocateBearsTheQueueOfItsProbes(t *testing.T) {
	for _, probed := range []bool{true, false} {
		r := allocate(t, []Ladder{simulcast(1, WeightOther, largeTile)}, 480*Kbps)
		r.probes = false
		r.run(10 * time.Second)
		r.want("before", 4)
		s := r.state
		s.Mode, s.Target = Drain, 200*Kbps
		if probed {
			s.Probes++
		}
		for end := r.now + 800*time.Millisecond; r.now < end; r.now += allocationTick {
			r.grants = r.a.Allocate(r.now, s, audioReserve, r.ladders, r.grants[:0])
		}
		if probed {
			r.want("after a probe", 4)
		} else if r.options()[0] >= 4 {
			t.Errorf("without a probe: %+v", r.grants)
		}
	}
}
