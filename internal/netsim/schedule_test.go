package netsim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestScheduleAt(t *testing.T) {
	s := Schedule{{0, 1e6}, {40 * time.Second, 25e5}, {60 * time.Second, 0}}
	for at, want := range map[time.Duration]int64{0: 1e6, 40*time.Second - 1: 1e6, 40 * time.Second: 25e5, time.Hour: 0} {
		if got := s.At(at); got != want {
			t.Errorf("at %v: %d, want %d", at, got, want)
		}
	}
	if got := s.Bits(30*time.Second, 70*time.Second); got != 10e6+50e6 {
		t.Errorf("%g bits, want 60e6", got)
	}
}

// What is sent between start and finish is the size of the packet, over any steps and outages.
func TestFinishFollowsTheSchedule(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var s Schedule
		for at := time.Duration(0); at < time.Second; at += time.Duration(1 + chance.IntN(int(300*time.Millisecond))) {
			s = append(s, Step{at, chance.Int64N(4) * 100_000})
		}
		start, size := time.Duration(chance.IntN(int(1200*time.Millisecond))), 1+chance.IntN(3000)
		end := s.finish(start, size)
		if end == never {
			if s[len(s)-1].Rate != 0 || s.Bits(start, time.Hour) >= float64(8*size) {
				t.Fatalf("%v never sends %d bytes from %v on", s, size, start)
			}
			continue
		}
		if got := s.Bits(start, end); math.Abs(got-float64(8*size)) > 0.01 {
			t.Fatalf("%v sends %g bits from %v to %v, want %d", s, got, start, end, 8*size)
		}
	}
}
