package bwe

import (
	"math"
	"slices"
	"testing"
	"time"
)

// fuzzedRoom plays a list of bytes against an Allocator: tracks come, go, change and take the ids of others, the network does
// what it likes, and rates and utilities are any.
type fuzzedRoom struct {
	t       *testing.T
	a       Allocator
	ops     []byte
	now     time.Duration
	state   State
	reserve Bitrate
	ladders []Ladder
	grants  []Grant
}

func (r *fuzzedRoom) next() int64 {
	if len(r.ops) == 0 {
		return 0
	}
	b := r.ops[0]
	r.ops = r.ops[1:]
	return int64(b)
}

func (r *fuzzedRoom) rate() Bitrate {
	strange := []Bitrate{0, -1, 1, math.MaxInt64, math.MinInt64, 1 << 41}
	if n := r.next(); n >= 250 {
		return strange[n-250]
	}
	return Bitrate(r.next()) * 10 * Kbps
}

func (r *fuzzedRoom) utility() float64 {
	strange := []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64}
	n := r.next()
	if n >= 250 {
		return strange[n-250]
	}
	return float64(n)
}

func (r *fuzzedRoom) ladder() Ladder {
	l := Ladder{ID: r.next() % 8, View: r.next() % 4, Screen: r.next()%4 == 0}
	for range r.next() % 6 {
		l.Options = append(l.Options, Option{
			Rate: r.rate(), Utility: r.utility(), Spatial: int8(r.next() % 4), Temporal: int8(r.next() % 4),
			Keyframe: int(r.rate()),
		})
	}
	if r.next()%4 > 0 {
		slices.SortFunc(l.Options, func(a, b Option) int { return int(min(max(a.Rate-b.Rate, -1), 1)) })
	}
	return l
}

func (r *fuzzedRoom) step() {
	switch r.next() % 8 {
	case 0:
		if len(r.ladders) < 50 {
			r.ladders = append(r.ladders, r.ladder())
		}
	case 1:
		if n := len(r.ladders); n > 0 {
			i := int(r.next()) % n
			r.ladders = slices.Delete(r.ladders, i, i+1)
		}
	case 2:
		if n := len(r.ladders); n > 0 {
			r.ladders[int(r.next())%n] = r.ladder()
		}
	case 3:
		slices.Reverse(r.ladders)
	case 4:
		r.state.Target, r.state.Capacity = r.rate(), r.rate()
		r.state.Mode = Mode(r.next() % 3)
	case 5:
		r.state.Probes++
		r.state.Probed, r.state.Probing = r.rate(), r.next()%2 == 0
	case 6:
		r.reserve = r.rate()
	case 7:
		r.now += time.Duration(r.next()) << (r.next() % 40)
	}
	r.now += time.Duration(r.next()) * time.Millisecond
}

// allocate calls and checks what must be so after any call.
func (r *fuzzedRoom) allocate() {
	r.grants = r.a.Allocate(r.now, r.state, r.reserve, r.ladders, r.grants[:0])
	if len(r.grants) != len(r.ladders) {
		r.t.Fatalf("%d grants for %d ladders", len(r.grants), len(r.ladders))
	}
	var total Bitrate
	var on int
	for i, g := range r.grants {
		if g.ID != r.ladders[i].ID || g.Option < Off || g.Option >= len(r.ladders[i].Options) || g.Why > WhyPaused {
			r.t.Fatalf("grant %+v for %+v", g, r.ladders[i])
		}
		if g.Option == Off {
			continue
		}
		o := r.ladders[i].Options[g.Option]
		if o.Rate <= 0 || o.Rate > mostRate || !(o.Utility > 0) || r.a.Paused() {
			r.t.Fatalf("granted %+v, paused %v", o, r.a.Paused())
		}
		total += o.Rate
		on++
	}
	reserve := min(max(r.reserve, 0), mostRate)
	most := max(r.state.Target, r.state.Capacity, r.a.room.probed)
	if total > max(0, min(most, mostRate)-reserve) && on > 1 {
		r.t.Fatalf("%v for %d tracks, at most %v less %v", total, on, most, reserve)
	}
	if d := r.a.Demand(); d.Wanted < 0 || d.NextStep < 0 {
		r.t.Fatalf("%+v", d)
	}
	if at, ok := r.a.Next(); ok && at <= r.a.now {
		r.t.Fatalf("next at %v, now %v", at, r.a.now)
	}
}

// settle lets time pass, after which nobody is off whose base fits.
func (r *fuzzedRoom) settle() {
	r.state.Mode, r.state.Probing, r.state.Capacity = Track, false, 0
	for range 500 {
		r.now += 100 * time.Millisecond
		r.allocate()
	}
	total := r.a.room.reserve
	for i := range r.grants {
		if r.grants[i].Option != Off {
			total += r.a.offers[i].Options[0].Rate
		}
	}
	for i, g := range r.grants {
		options := r.a.offers[i].Options
		if g.Option == Off && len(options) > 0 && (total+options[0].Rate).scale(probeAbove) < r.a.room.target.scale(0.999)-10 {
			r.t.Fatalf("%+v: base of %v, with all of %v, fits into %v; %+v %v", g, options[0].Rate, total, r.a.room.target, r.grants, r.a.backoff)
		}
	}
}

// FuzzAllocate looks for any order of events that breaks a bound.
func FuzzAllocate(f *testing.F) {
	camera := []byte{0, 1, 1, 1, 3, 0, 20, 9, 0, 0, 0, 0, 0, 60, 20, 1, 0, 0, 0, 0, 150, 60, 2, 0, 0, 0, 1, 50}
	f.Add(append([]byte{4, 0, 200, 0, 200, 0, 50}, camera...))
	f.Add(slices.Concat(camera, camera, []byte{4, 0, 200, 0, 200, 0, 50, 4, 0, 20, 0, 20, 1, 50, 7, 255, 20, 50, 4, 0, 200, 0, 0, 0, 90}))
	f.Add(slices.Repeat([]byte{0, 7, 1, 0, 5, 251, 3, 252, 250, 3, 0, 4, 253, 254, 1, 200, 3, 2, 5, 0, 99, 1, 40}, 30))
	f.Add(slices.Repeat([]byte{2, 3, 250, 6, 253, 1, 4, 255, 0, 1, 7, 200, 38, 1, 5, 0, 250, 1, 3, 8}, 30))
	f.Fuzz(func(t *testing.T, ops []byte) {
		r := &fuzzedRoom{t: t, ops: ops[:min(len(ops), 4000)]}
		for len(r.ops) > 0 {
			r.step()
			r.allocate()
		}
		r.settle()
	})
}
