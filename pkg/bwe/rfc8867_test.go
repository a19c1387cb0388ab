package bwe_test

import (
	"os"
	"testing"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// The table, as medians of five seeds. Every case has to reach its levels; those that are open what they have reached.
func TestRFC8867(t *testing.T) {
	bench.WriteHeader(os.Stdout)
	for _, c := range bench.RFC8867() {
		result := bench.Median(c, 1, 5)
		bench.WriteRow(os.Stdout, c, result)
		levels := c.Levels
		if c.Open {
			levels = c.Reached
		}
		if misses := levels.Misses(result); len(misses) > 0 {
			t.Errorf("%s: %v", c.Name, misses)
		}
	}
}
