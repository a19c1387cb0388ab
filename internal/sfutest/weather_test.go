package sfutest

import (
	"testing"
	"testing/synctest"
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
			fate := w.fate(100)
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
	if fate := (*weather)(nil).fate(100); len(fate) != 1 || fate[0] != 0 {
		t.Errorf("fair weather: %v", fate)
	}
}

// A path of 80 kbit/s takes 100 ms for each datagram of 1000 bytes, lets six wait or go for 500 ms, and loses what comes beyond that.
func TestSlowPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeather(Weather{Rate: 80_000, Queue: 500 * time.Millisecond})
		for i := range 8 {
			fate := w.fate(1000 - ipBytes)
			if i >= 6 {
				if fate != nil {
					t.Errorf("datagram %d comes", i)
				}
				continue
			}
			if want := time.Duration(i+1) * 100 * time.Millisecond; len(fate) != 1 || fate[0] != want {
				t.Errorf("datagram %d: %v, want %v", i, fate, want)
			}
		}
		time.Sleep(time.Minute) // what an idle path could have carried is gone
		if fate := w.fate(1000 - ipBytes); len(fate) != 1 || fate[0] != 100*time.Millisecond {
			t.Errorf("after a pause: %v", fate)
		}
	})
}
