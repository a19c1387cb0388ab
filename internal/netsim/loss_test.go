package netsim

import (
	"math"
	"testing"
)

// The stationary loss of the Gilbert-Elliott model is P/(P+Recover) and its bursts have a mean of 1/Recover packets.
func TestLossHasItsRateAndBursts(t *testing.T) {
	for _, c := range []struct {
		loss        Loss
		rate, burst float64
	}{
		{Loss{}, 0, 0},
		{Loss{P: 0.05}, 0.05, 1 / 0.95},
		{Loss{P: 0.005, Recover: 0.25}, 0.005 / 0.255, 4},
	} {
		l := lossState{Loss: c.loss, chance: NewSim(3).Rand(1)}
		const n = 1_000_000
		lost, bursts, before := 0, 0, false
		for range n {
			now := l.loses()
			if now {
				lost++
				if !before {
					bursts++
				}
			}
			before = now
		}
		if got := float64(lost) / n; math.Abs(got-c.rate) > 0.03*c.rate {
			t.Errorf("%+v loses %.4f, want %.4f", c.loss, got, c.rate)
		}
		if got := float64(lost) / math.Max(1, float64(bursts)); math.Abs(got-c.burst) > 0.03*c.burst {
			t.Errorf("%+v has bursts of %.2f, want %.2f", c.loss, got, c.burst)
		}
	}
}
