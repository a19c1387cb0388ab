package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// One small measurement goes through everything: its figures are no more than plausible.
func TestBenchConnect(t *testing.T) {
	var stdout, stderr bytes.Buffer
	c := command(t, nil, "bench", "connect", "--joins", "3", "--rounds", "1", "--slots", "1+2", "--media", "0s", "--json", "--expect", "ms_per_join<=1000",
		"--expect", "goroutines_per_viewer<=1")
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() != exitFailed || !strings.Contains(stderr.String(), "goroutines_per_viewer<=1: it is") ||
		strings.Contains(stderr.String(), "ms_per_join<=1000") {
		t.Errorf("%v; it said\n%s", err, &stderr)
	}
	var figures map[string]float64
	if err := json.Unmarshal(stdout.Bytes(), &figures); err != nil {
		t.Fatalf("%v in %s", err, &stdout)
	}
	if figures["goroutines_per_viewer"] < 5 || figures["rss_kb_per_viewer_1_2"] == 0 {
		t.Errorf("figures %v", figures)
	}
}

func TestBenchConnectRefuses(t *testing.T) {
	for _, args := range [][]string{{"--joins", "1"}, {"--slots", "3"}, {"--rounds", "99"}, {"--expect", "fast"}} {
		c := command(t, nil, append([]string{"bench", "connect"}, args...)...)
		if err := c.Run(); err == nil || c.ProcessState.ExitCode() != exitUsage {
			t.Errorf("%v: %v, want exit code %d", args, err, exitUsage)
		}
	}
}
