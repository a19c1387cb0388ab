package bwe

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	allocationTick = 100 * time.Millisecond
	audioReserve   = 50 * Kbps
)

// allocation plays an Allocator against a path, ten times a second. The target is what the path carries, and probes show
// as much, every 2.4 s as the Estimator makes them.
type allocation struct {
	t       testing.TB
	a       Allocator
	now     time.Duration
	path    func(time.Duration) Bitrate
	probes  bool
	ladders []Ladder
	grants  []Grant

	state    State
	probed   time.Duration
	asked    Bitrate       // of the last probe
	switches map[int64]int // of each ladder
	undone   int           // falls within 10 s of a rise
	rose     map[int64]time.Duration
}

func allocate(t testing.TB, ladders []Ladder, path Bitrate) *allocation {
	return &allocation{
		t: t, ladders: ladders, probes: true, switches: map[int64]int{}, rose: map[int64]time.Duration{},
		path: func(time.Duration) Bitrate { return path },
	}
}

func (r *allocation) set(path Bitrate) { r.path = func(time.Duration) Bitrate { return path } }

func (r *allocation) run(d time.Duration) {
	for end := r.now + d; r.now < end; r.now += allocationTick {
		r.state.Target = r.path(r.now)
		r.state.Capacity = r.state.Target
		r.probe()
		before := slices.Clone(r.grants)
		r.grants = r.a.Allocate(r.now, r.state, audioReserve, r.ladders, r.grants[:0])
		r.compare(before)
	}
}

// probe does what the Estimator does with the demand.
func (r *allocation) probe() {
	d := r.a.Demand()
	rate := d.NextStep.scale(probeAbove)
	if r.state.Probing {
		rate = furtherBy * r.asked
	} else if rate == 0 || r.now-r.probed < probePause || !r.probes {
		return
	}
	r.asked, r.probed = min(rate, d.Wanted), r.now
	r.state.Probes++
	r.state.Probed = min(r.asked, r.state.Target)
	r.state.Probing = r.state.Probed == r.asked && r.asked < d.Wanted
}

func (r *allocation) compare(before []Grant) {
	for i, g := range r.grants {
		if i >= len(before) || g.ID != before[i].ID || g.Option == before[i].Option {
			continue
		}
		r.switches[g.ID]++
		if rose, ok := r.rose[g.ID]; g.Option < before[i].Option && ok && r.now-rose < 10*time.Second {
			r.undone++
		}
		if g.Option > before[i].Option {
			r.rose[g.ID] = r.now
		}
	}
}

func (r *allocation) options() []int {
	var all []int
	for _, g := range r.grants {
		all = append(all, g.Option)
	}
	return all
}

// In the steady state the Allocator is near the optimum, wherever it came from. What it may use to rise is 0.9 of what a
// probe shows, so that it is compared with the optimum in that; that in all of the path is told, too.
func TestAllocateIsNearTheOptimum(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 26))
	var shares, full []float64
	for range 2000 {
		tracks := randomTracks(chance, 1+chance.IntN(25))
		bases := basesOf(tracks)
		budget := func() Bitrate { return bases + Bitrate(chance.IntN(int(4*bases/oracleUnit)))*oracleUnit }
		r := allocate(t, tracks[:1+chance.IntN(len(tracks))], budget()+audioReserve)
		r.run(10 * time.Second)
		r.ladders = tracks
		r.set(budget() + audioReserve)
		r.run(10 * time.Second)
		last := budget()
		r.set(last + audioReserve)
		r.run(time.Minute)
		got, rate := utilityOf(tracks, r.options())
		if rate > last {
			t.Fatalf("%v of %v", rate, last)
		}
		full = append(full, got/oracle(last, tracks))
		if room := (last + audioReserve).scale(provenUse) - audioReserve; room > bases {
			shares = append(shares, min(1, got/oracle(room, tracks)))
		}
	}
	slices.Sort(shares)
	slices.Sort(full)
	mean, worst := meanOf(shares), meanOf(shares[:len(shares)/20])
	t.Logf("share of the optimum in what probes can prove: mean %.4f, p5 %.4f, mean of the worst 5 %% %.4f, worst %.4f; in all of the path: mean %.4f, p5 %.4f, mean of worst %.4f",
		mean, shares[len(shares)/20], worst, shares[0], meanOf(full), full[len(full)/20], meanOf(full[:len(full)/20]))
	if mean < 0.97 || worst < 0.95 || meanOf(full) < 0.95 || full[len(full)-1] > 1.000001 {
		t.Error("too far from the optimum")
	}
}

func meanOf(values []float64) (mean float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	return mean
}

// Noise of the capacity hardly shows.
func TestAllocateUnderNoise(t *testing.T) {
	for _, c := range []struct {
		name string
		most float64
		draw func(*rand.Rand) float64
	}{
		{"uniform", 2, func(c *rand.Rand) float64 { return 1 + 0.1*(2*c.Float64()-1) }},
		{"normal", 5, func(c *rand.Rand) float64 { return max(0.6, min(1.4, 1+0.1*c.NormFloat64())) }}, // 0.1 % are below 0.69
	} {
		chance := rand.New(rand.NewPCG(2, 27))
		var perMinute []float64
		for range 200 {
			tracks := randomTracks(chance, 1+chance.IntN(12))
			bases := basesOf(tracks)
			mean := bases.scale(1.2 + 3*chance.Float64())
			r := allocate(t, tracks, mean)
			noise, changed := 1.0, time.Duration(-1)
			r.path = func(now time.Duration) Bitrate {
				if s := now / (500 * time.Millisecond); s != changed {
					noise, changed = c.draw(chance), s
				}
				return mean.scale(noise) + audioReserve
			}
			r.run(5 * time.Minute)
			for _, track := range tracks {
				perMinute = append(perMinute, float64(r.switches[track.ID])/5)
			}
		}
		slices.Sort(perMinute)
		most := perMinute[len(perMinute)-1]
		t.Logf("%s noise of 10 %%: switches a minute and track: mean %.2f, p95 %.1f, most %.1f",
			c.name, meanOf(perMinute), perMinute[len(perMinute)*95/100], most)
		if most > c.most {
			t.Errorf("%s: %.1f switches a minute, at most %.1f", c.name, most, c.most)
		}
	}
}

// On a constant path nothing is undone, and a rise of the path is used within 3 s.
func TestAllocateFollowsSteps(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 28))
	undone, slow := 0, time.Duration(0)
	for range 200 {
		tracks := randomTracks(chance, 1+chance.IntN(12))
		bases := basesOf(tracks)
		r := allocate(t, tracks, bases+audioReserve)
		r.probes = chance.IntN(2) == 0
		r.run(time.Duration(5+chance.IntN(10)) * time.Second)
		for range 4 {
			before := r.options()
			from := r.path(0)
			to := bases.scale(0.9+3*chance.Float64()) + audioReserve
			r.set(to)
			r.undone = 0
			calm := r.a.backoff.factor == 0 && !r.a.Paused()
			start := r.now
			r.rose = map[int64]time.Duration{} // what falls with the path is no rise undone
			for r.now < start+20*time.Second {
				r.run(allocationTick)
				if calm && to > from.scale(1.5) && r.now-start < 10*time.Second && rises(before, r.options()) {
					slow = max(slow, r.now-start)
					calm = false
				}
			}
			undone += r.undone
		}
	}
	t.Logf("slowest first rise after a step up: %v; rises undone on a constant path: %d", slow, undone)
	if slow > 3*time.Second || undone > 0 {
		t.Errorf("slowest %v, undone %d", slow, undone)
	}
}

func rises(before, after []int) bool {
	for i := range before {
		if after[i] > before[i] {
			return true
		}
	}
	return false
}
