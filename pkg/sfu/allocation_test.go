package sfu

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// Who has all that it asks for is granted layers anew seldom, but at once when its path gets worse.
func TestAllocationIsDue(t *testing.T) {
	const at, target = time.Second, bwe.Mbps
	for name, c := range map[string]struct {
		calm   bool
		now    time.Duration
		target bwe.Bitrate
		want   bool
	}{
		"calm":                    {true, at + egressTick, target, false},
		"calm, a better path":     {true, at + egressTick, 2 * target, false},
		"calm, a worse path":      {true, at + egressTick, target - 1, true},
		"calm for long":           {true, at + calmAllocate, target, true},
		"somebody wants for more": {false, at + egressTick, target, true},
	} {
		a := allocation{at: at, target: target, calm: c.calm}
		if got := a.due(c.now, c.target); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
