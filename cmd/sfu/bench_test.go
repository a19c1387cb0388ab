package main

import (
	"encoding/json"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/expect"
)

// measureShortly runs a measurement that shows no more than that all of it works.
func measureShortly(t *testing.T, args ...string) []map[string]float64 {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("a measurement takes seconds, and Linux")
	}
	r := execute(t, nil, append([]string{"bench"}, args...)...)
	if r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.stderr)
	}
	var rows []map[string]float64
	for line := range strings.Lines(r.stdout) {
		row := map[string]float64{}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// positive fails unless all keys are there, finite and above zero.
func positive(t *testing.T, row map[string]float64, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if v, ok := row[key]; !ok || math.IsInf(v, 0) || math.IsNaN(v) || v <= 0 {
			t.Errorf("%s is %v in %v", key, v, row)
		}
	}
}

func TestBenchForward(t *testing.T) {
	rows := measureShortly(t, "forward", "--viewers", "3,2", "--frame", "2", "--duration", "200ms", "--rounds", "1", "--json",
		"--expect", "floor_ratio<=1000")
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2", len(rows))
	}
	for _, row := range rows {
		positive(t, row, "viewers", "frame", "workers", "size", "rounds", "us_per_packet", "floor_us_per_packet", "floor_ratio",
			"stock_pion_us_per_packet", "speedup_vs_stock", "allocs_per_packet", "packets_per_second", "measured_packets_per_second",
			"offered_packets_per_second", "frame_reached", "latency_p50_ms", "latency_p99_ms", "arrived_ratio", "flood_us_per_packet",
			"flood_allocs_per_packet", "flood_frame_reached", "cpu_ratio", "viewer_bitrate")
		if row["arrived_ratio"] > 1.001 {
			t.Errorf("more arrived than was sent: %v", row)
		}
	}
	if rows[0]["viewers"] != 3 || rows[1]["viewers"] != 2 {
		t.Errorf("rows of %v and %v viewers", rows[0]["viewers"], rows[1]["viewers"])
	}
}

func TestBenchReceive(t *testing.T) {
	rows := measureShortly(t, "receive", "--publishers", "2", "--rate", "400", "--duration", "200ms", "--rounds", "1", "--json", "--media-path", "portable")
	if len(rows) != 1 {
		t.Fatalf("%d rows, want 1", len(rows))
	}
	positive(t, rows[0], "publishers", "rate", "frame", "workers", "size", "rounds", "us_per_packet", "viewed_us_per_packet",
		"stock_pion_us_per_packet", "speedup_vs_stock", "allocs_per_packet", "packets_per_second")
}

func TestBenchRefusesWhatCannotBeMeasured(t *testing.T) {
	for _, args := range [][]string{
		{"forward", "--frame", "0"}, {"forward", "--viewers", "0"}, {"forward", "--expect", "x"}, {"receive", "--publishers", "0"}, {"receive", "--size", "1"},
		{"receive", "--media-path", "x"},
	} {
		if r := execute(t, nil, append([]string{"bench"}, args...)...); r.code != exitUsage || r.stdout != "" {
			t.Errorf("%v: exit code %d, %q, %q", args, r.code, r.stdout, r.stderr)
		}
	}
}

// A missed bound says by how much, and the exit code is that of a failure.
func TestBenchExpectations(t *testing.T) {
	row := struct {
		A float64 `json:"a"`
	}{2}
	if err := checkRow(row, bounds(t, "a<=2", "a>=2")); err != nil {
		t.Error(err)
	}
	if err := checkRow(row, bounds(t, "a<=1")); err == nil || !strings.Contains(err.Error(), "it is 2") {
		t.Errorf("a missed bound: %v", err)
	}
	if checkRow(row, bounds(t, "b<=1")) == nil {
		t.Error("a figure that is not there kept its bound")
	}
}

func bounds(t *testing.T, texts ...string) (all []expect.Bound) {
	t.Helper()
	for _, text := range texts {
		b, err := expect.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
