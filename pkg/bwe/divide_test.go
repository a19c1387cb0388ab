package bwe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// oracleUnit is the grain of rates in these tests: with it dynamic programming is exact.
const oracleUnit = 10 * Kbps

// keyframeSize is how long the rate of an encoding takes to carry a keyframe of it.
const keyframeSize = 250 * time.Millisecond

// randomTracks makes cameras and screens of one to three spatial and one to three temporal layers.
func randomTracks(chance *rand.Rand, n int) []Ladder {
	tracks := make([]Ladder, n)
	for i := range tracks {
		weight := []float64{1, 1, 1, 1, 4, 8}[chance.IntN(6)]
		tracks[i].ID = int64(i + 1)
		tracks[i].Screen = weight == 8
		rate, temporal := float64(6+chance.IntN(15)), 1+chance.IntN(3)
		for spatial := range 1 + chance.IntN(3) {
			for t := range temporal {
				part := math.Pow(0.6, float64(temporal-1-t))
				tracks[i].Options = append(tracks[i].Options, Option{
					Rate:    Bitrate(math.Ceil(rate*part)) * oracleUnit,
					Utility: weight * math.Pow(4, float64(spatial)*0.6) * math.Sqrt(part) * (0.8 + 0.4*chance.Float64()),
					Spatial: int8(spatial), Temporal: int8(t),
					Keyframe: (Bitrate(rate) * oracleUnit).Bytes(keyframeSize),
				})
			}
			rate *= 2.5 + chance.Float64()
		}
		slices.SortFunc(tracks[i].Options, func(a, b Option) int { return int(a.Rate - b.Rate) })
	}
	return tracks
}

func basesOf(tracks []Ladder) (total Bitrate) {
	for _, t := range tracks {
		total += t.Options[0].Rate
	}
	return total
}

// oracle returns the most utility that there is with at least the base of every track, by dynamic programming.
func oracle(budget Bitrate, tracks []Ladder) float64 {
	best := make([]float64, budget/oracleUnit+1)
	for _, t := range tracks {
		next := make([]float64, len(best))
		for b := range next {
			next[b] = math.Inf(-1)
			for _, o := range t.Options {
				if cost := int(o.Rate / oracleUnit); cost <= b {
					next[b] = max(next[b], best[b-cost]+o.Utility)
				}
			}
		}
		best = next
	}
	return best[len(best)-1]
}

func utilityOf(tracks []Ladder, choices []int) (utility float64, rate Bitrate) {
	for i, c := range choices {
		if c != Off {
			utility += tracks[i].Options[c].Utility
			rate += tracks[i].Options[c].Rate
		}
	}
	return utility, rate
}

func TestDivideIsNearTheOptimum(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 25))
	var d Divider
	var shares []float64
	for range 2000 {
		tracks := randomTracks(chance, 1+chance.IntN(25))
		bases := basesOf(tracks)
		budget := bases + Bitrate(chance.IntN(int(4*bases/oracleUnit)))*oracleUnit
		choices := d.Divide(budget, tracks, nil)
		got, rate := utilityOf(tracks, choices)
		if rate > budget || slices.Contains(choices, Off) {
			t.Fatalf("budget %v, bases %v: %v of %v", budget, bases, choices, rate)
		}
		shares = append(shares, got/oracle(budget, tracks))
	}
	slices.Sort(shares)
	mean := 0.0
	for _, s := range shares {
		mean += s / float64(len(shares))
	}
	worst := shares[len(shares)/20]
	t.Logf("share of the optimum: mean %.4f, worst 5 %% %.4f, worst %.4f", mean, worst, shares[0])
	if mean < 0.97 || worst < 0.95 || shares[len(shares)-1] > 1.000001 {
		t.Errorf("mean %.4f, worst 5 %% %.4f, best %.4f", mean, worst, shares[len(shares)-1])
	}
}

func step(kbps Bitrate, utility float64) Option { return Option{Rate: kbps * Kbps, Utility: utility} }

func TestDivideGivesBasesFirst(t *testing.T) {
	camera := func(utility float64) Ladder {
		return Ladder{Options: []Option{step(100, utility), step(500, 100*utility)}}
	}
	screen := Ladder{Options: []Option{step(200, 0.1), step(800, 50)}, Screen: true}
	for _, c := range []struct {
		budget Bitrate
		tracks []Ladder
		want   []int
	}{
		{0, []Ladder{camera(1)}, []int{Off}},
		{-5, []Ladder{camera(1)}, []int{Off}},
		{99 * Kbps, []Ladder{camera(1)}, []int{Off}},
		{100 * Kbps, []Ladder{camera(1), camera(2)}, []int{Off, 0}},
		{250 * Kbps, []Ladder{camera(1), screen}, []int{Off, 0}},
		{300 * Kbps, []Ladder{camera(9), screen}, []int{0, 0}},
		{599 * Kbps, []Ladder{camera(1), camera(2)}, []int{0, 0}},
		{600 * Kbps, []Ladder{camera(1), camera(2)}, []int{0, 1}},
		{900 * Kbps, []Ladder{camera(1), camera(2), screen}, []int{0, 1, 0}},
		{5 * Mbps, []Ladder{camera(1), {}, screen}, []int{1, Off, 1}},
	} {
		var d Divider
		if got := d.Divide(c.budget, c.tracks, []int{7}); !slices.Equal(got[1:], c.want) || got[0] != 7 {
			t.Errorf("%v: %v, want %v after the 7", c.budget, got, c.want)
		}
	}
}

// An option that costs more and gives less is never taken.
func TestDivideTakesNoBadOption(t *testing.T) {
	var d Divider
	tracks := []Ladder{{Options: []Option{step(100, 5), step(200, 4), step(300, 6), step(300, 7), step(400, 7)}}}
	for budget, want := range map[Bitrate]int{250 * Kbps: 0, 350 * Kbps: 3, Mbps: 3} {
		if got := d.Divide(budget, tracks, nil); got[0] != want {
			t.Errorf("%v: option %d, want %d", budget, got[0], want)
		}
	}
}

// FuzzDivide looks for a budget that is exceeded and for an upgrade that was left out.
func FuzzDivide(f *testing.F) {
	f.Add(uint64(1), 10, int64(3*Mbps))
	f.Add(uint64(2), 50, int64(math.MaxInt64))
	f.Add(uint64(3), 1, int64(-1))
	f.Fuzz(func(t *testing.T, seed uint64, n int, limit int64) {
		tracks := randomTracks(rand.New(rand.NewPCG(seed, 1)), n&63)
		budget := Bitrate(limit)
		var d Divider
		choices := d.Divide(budget, tracks, nil)
		_, rate := utilityOf(tracks, choices)
		if rate > max(budget, 0) {
			t.Fatalf("%v of %v", rate, budget)
		}
		for i, c := range choices {
			now := Option{}
			if c != Off {
				now = tracks[i].Options[c]
			}
			for _, o := range tracks[i].Options {
				if o.Utility > now.Utility && o.Rate >= now.Rate && o.Rate-now.Rate <= budget-rate {
					t.Fatalf("track %d has %+v, %+v fits", i, now, o)
				}
			}
		}
	})
}
