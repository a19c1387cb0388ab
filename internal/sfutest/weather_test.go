package sfutest

import (
	"testing"
	"time"
)

// TestWeather: in the long run a Weather does what it says.
func TestWeather(t *testing.T) {
	const datagrams = 200_000
	for _, c := range []Weather{
		{},
		{Loss: 0.3, Seed: 1},
		{Loss: 0.3, Burst: 10, Reorder: 0.1, Late: 40 * time.Millisecond, Duplicate: 0.05, Seed: 2},
		{Loss: 0.01, Burst: 3, Duplicate: 0.5, Seed: 3},
	} {
		w := newWeather(c)
		var lost, bursts, late, twice, run int
		for range datagrams {
			fate := w.fate()
			if len(fate) == 0 {
				if run == 0 {
					bursts++
				}
				run++
				lost++
				continue
			}
			run = 0
			if fate[0] > c.Late {
				t.Errorf("%+v: %v late", c, fate[0])
			}
			if fate[0] > 0 {
				late++
			}
			twice += len(fate) - 1
		}
		near := func(what string, got, of int, want float64) {
			if share := float64(got) / float64(max(1, of)); share < want*0.9 || share > want*1.1 {
				t.Errorf("%+v: %s %.4f", c, what, share)
			}
		}
		near("lost", lost, datagrams, c.Loss)
		near("late", late, datagrams-lost, c.Reorder)
		near("twice", twice, datagrams-lost, c.Duplicate)
		if c.Burst > 0 {
			near("length of a burst", lost, bursts, c.Burst)
		}
		if l, p := w.counts(); l != lost || p != datagrams-lost {
			t.Errorf("%+v: counts %d, %d", c, l, p)
		}
	}
	if fate := (*weather)(nil).fate(); len(fate) != 1 || fate[0] != 0 {
		t.Errorf("fair weather: %v", fate)
	}
}
