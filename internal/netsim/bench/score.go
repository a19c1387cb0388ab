package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Median runs a case with the seeds 1 to n, or others from first on, and returns the median of each metric.
func Median(c Case, first uint64, n int) Result {
	runs := make([]Result, 0, n)
	for seed := first; seed < first+uint64(n); seed++ {
		runs = append(runs, Run(c, seed))
	}
	return Result{
		Util:     median(runs, func(r Result) float64 { return r.Util }),
		P50:      median(runs, func(r Result) time.Duration { return r.P50 }),
		P95:      median(runs, func(r Result) time.Duration { return r.P95 }),
		P99:      median(runs, func(r Result) time.Duration { return r.P99 }),
		AudioP99: median(runs, func(r Result) time.Duration { return r.AudioP99 }),
		Loss:     median(runs, func(r Result) float64 { return r.Loss }),
		Ramp:     median(runs, func(r Result) time.Duration { return r.Ramp }),
		Drain:    median(runs, func(r Result) time.Duration { return r.Drain }),
		Jain:     median(runs, func(r Result) float64 { return r.Jain }),
		Share:    median(runs, func(r Result) float64 { return r.Share }),
		Outage:   median(runs, func(r Result) float64 { return r.Outage }),
		Back:     median(runs, func(r Result) time.Duration { return r.Back }),
		Padding:  median(runs, func(r Result) float64 { return r.Padding }),
		Feedback: median(runs, func(r Result) float64 { return r.Feedback }),
	}
}

func median[T cmp.Ordered](runs []Result, of func(Result) T) T {
	values := make([]T, 0, len(runs))
	for _, r := range runs {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// Misses says in words which levels a result does not reach; none if it reaches all.
func (l Levels) Misses(r Result) []string {
	var misses []string
	least := func(what string, got, want float64) {
		if want > 0 && got < want {
			misses = append(misses, fmt.Sprintf("%s %.4g, at least %.4g", what, got, want))
		}
	}
	most := func(what string, got, want float64) {
		if want > 0 && got > want {
			misses = append(misses, fmt.Sprintf("%s %.4g, at most %.4g", what, got, want))
		}
	}
	least("util %", 100*r.Util, l.Util)
	most("queue p95 ms", milliseconds(r.P95), milliseconds(l.QueueP95))
	most("loss %", 100*r.Loss, l.Loss)
	most("ramp s", r.Ramp.Seconds(), l.Ramp.Seconds())
	most("drain s", r.Drain.Seconds(), l.Drain.Seconds())
	least("jain", r.Jain, l.Jain)
	least("share %", 100*r.Share, l.ShareLeast)
	most("share %", 100*r.Share, l.ShareMost)
	most("sent without feedback %", 100*r.Outage, l.Outage)
	most("back s", r.Back.Seconds(), l.Back.Seconds())
	if l.LossFree && r.Loss > 0 {
		misses = append(misses, fmt.Sprintf("loss %.4g %%, at most 0", 100*r.Loss))
	}
	return misses
}
