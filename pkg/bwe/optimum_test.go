//go:build !race

package bwe

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What is here is arithmetic in one goroutine, and takes minutes with the race detector.

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
