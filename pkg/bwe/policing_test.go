package bwe_test

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// A policer is never taken for a bad radio link, whatever its bucket held when the test for it began.
func TestPolicerIsRecognised(t *testing.T) {
	cases, err := bench.Select(bench.RFC8867(), "policer")
	if err != nil {
		t.Fatal(err)
	}
	c := cases[0]
	c.Duration, c.Seed = 30*time.Second, 40_001
	for i, r := range (bench.Plan{Cases: []bench.Case{c}, Seeds: 20}).Run()[0].Runs {
		if r.Loss > 0.05 {
			t.Errorf("seed %d: %.1f %% are lost", 40_001+i, 100*r.Loss)
		}
	}
}

// Losses that go on whatever is sent are the link's own, and cost no more than the two tests that find it out.
func TestRandomLossIsInherent(t *testing.T) {
	cases, err := bench.Select(bench.RFC8867(), "5.1-loss10")
	if err != nil {
		t.Fatal(err)
	}
	if r := bench.Run(cases[0], 40_001); r.Util < 0.8 {
		t.Errorf("%.1f %% of what could have been", 100*r.Util)
	}
}
