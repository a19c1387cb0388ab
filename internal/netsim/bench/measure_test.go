package bench

import (
	"math"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	for i := range 100 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 51, 0.95: 96, 0.99: 100, 1: 100} {
		if got := percentile(sorted, p); got != want {
			t.Errorf("%g: %d, want %d", p, got, want)
		}
	}
	if percentile(nil, 0.5) != 0 {
		t.Error("a percentile of nothing")
	}
}

func TestJain(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{1, 1, 1}, 1}, {[]float64{1, 0}, 0.5}, {[]float64{3, 1}, 0.8}, {[]float64{0}, 1}} {
		if got := jain(c.values); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %g, want %g", c.values, got, c.want)
		}
	}
}

func TestDrained(t *testing.T) {
	step := change{at: 10 * sec, end: 40 * sec}
	for name, c := range map[string]struct {
		waits []wait
		want  time.Duration
	}{
		"short":       {[]wait{{at: 11 * sec, queued: 49 * ms}}, 0},
		"long":        {[]wait{{at: 11 * sec, queued: 90 * ms}, {at: 12 * sec, queued: 10 * ms}, {at: 13 * sec}}, 2 * sec},
		"for ever":    {[]wait{{at: 11 * sec, queued: 90 * ms}}, 30 * sec},
		"burst first": {[]wait{{at: 10 * sec, queued: 60 * ms}, {at: 10500 * ms}, {at: 11 * sec, queued: 90 * ms}, {at: 12 * sec}}, 2 * sec},
		"before":      {[]wait{{at: 9 * sec, queued: 90 * ms}}, 0},
		"much later":  {[]wait{{at: 35 * sec, queued: 90 * ms}}, 0},
	} {
		m := meter{waits: c.waits}
		if got := m.drained(step); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
