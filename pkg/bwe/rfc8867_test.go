package bwe_test

import (
	"os"
	"testing"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// The published table: medians of five seeds. Every case has to reach its levels, but for those that are marked as open.
func TestRFC8867(t *testing.T) {
	bench.WriteHeader(os.Stdout)
	for _, c := range bench.RFC8867() {
		result := bench.Median(c, 1, 5)
		bench.WriteRow(os.Stdout, c, result)
		misses := c.Levels.Misses(result)
		switch {
		case len(misses) > 0 && !c.Open:
			t.Errorf("%s: %v", c.Name, misses)
		case len(misses) == 0 && c.Open:
			t.Errorf("%s reaches its levels: it is not open any more", c.Name)
		}
	}
}
