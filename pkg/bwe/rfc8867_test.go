//go:build !race

package bwe_test

import (
	"testing"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// Every case reaches its levels as medians of five seeds; those that are open what they have reached. The race detector
// has nothing to find here and takes eight times as long.
func TestRFC8867(t *testing.T) {
	for _, o := range (bench.Plan{Cases: bench.RFC8867(), Seeds: 5}).Run() {
		levels := o.Case.Levels
		if o.Case.Open {
			levels = o.Case.Reached
		}
		if misses := levels.Misses(o.Median()); len(misses) > 0 {
			t.Errorf("%s: %v, want %v", o.Case.Name, misses, levels)
		}
	}
}
