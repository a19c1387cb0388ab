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
