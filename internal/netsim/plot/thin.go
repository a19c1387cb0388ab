package plot

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// points is how many a line has at most: more cannot be told apart at the width of a plot.
const points = 240

// width returns how many samples make one point.
func width(samples int) int { return max(1, (samples+points-1)/points) }

// thin makes one point of each n values.
func thin(values []float64, n int, join func([]float64) float64) []float64 {
	var all []float64
	for chunk := range slices.Chunk(values, n) {
		all = append(all, join(chunk))
	}
	return all
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// megabits returns rates in Mbit/s.
func megabits(rates []float64, n int) []float64 {
	all := thin(rates, n, mean)
	for i := range all {
		all[i] /= 1e6
	}
	return all
}

// longest returns the longest of n queues each, in ms: what is short must not hide.
func longest(queues []time.Duration, n int) []float64 {
	values := make([]float64, len(queues))
	for i, q := range queues {
		values[i] = float64(q) / float64(time.Millisecond)
	}
	return thin(values, n, slices.Max[[]float64])
}

// mostSent is the highest rate of any flow of a direction, in Mbit/s.
func mostSent(d bench.DirectionTrace, n int) float64 {
	most := 0.0
	for _, f := range d.Flows {
		most = max(most, slices.Max(megabits(f.Sent, n)), slices.Max(megabits(f.Target, n)))
	}
	return most
}
