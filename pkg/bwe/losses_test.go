package bwe

import (
	"testing"
	"time"
)

// lossesOf gives a window of n packets of which some were lost.
func lossesOf(m *lossMeter, now time.Duration, n, lost int) {
	m.arrived += n - lost
	m.lost += lost
	m.end(now)
}

func TestLossWindows(t *testing.T) {
	var m lossMeter
	lossesOf(&m, time.Second, 10, 1)
	if m.fresh || !m.news {
		t.Fatal("10 packets are a window, or their loss is no news")
	}
	lossesOf(&m, time.Second+50*time.Millisecond, 15, 0)
	if !m.fresh || m.recent != 1.0/25 || m.news {
		t.Fatalf("25 packets with one lost: %+v", m)
	}
	lossesOf(&m, time.Second+100*time.Millisecond, 100, 50)
	if m.fresh {
		t.Error("a window of 50 ms")
	}
	m.lost -= 50 // all of them were only late
	m.arrived += 50
	lossesOf(&m, 2*time.Second, 10, 0)
	if !m.fresh || m.recent != 0 || m.news {
		t.Errorf("packets that came late are lost: %+v", m)
	}
}

func TestExcessiveLoss(t *testing.T) {
	for _, c := range []struct {
		inherent float64
		lost     int // of 25
		want     bool
	}{{0, 0, false}, {0, 1, false}, {0, 2, true}, {0.05, 3, false}, {0.05, 6, true}, {0.1, 7, false}, {0.1, 9, true}} {
		m := lossMeter{inherent: c.inherent}
		lossesOf(&m, time.Second, 25, c.lost)
		if got := m.excessive(); got != c.want {
			t.Errorf("%d of 25 with %.0f %% inherent: %v", c.lost, 100*c.inherent, got)
		}
	}
}
