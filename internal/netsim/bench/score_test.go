package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestMisses(t *testing.T) {
	all := Levels{Util: 90, Jain: 0.9, QueueP95: 50 * ms, Ramp: sec, Drain: sec, Loss: 1, ShareLeast: 45, ShareMost: 55, Outage: 25, Back: sec}
	good := Result{Util: 0.95, Jain: 0.95, P95: 40 * ms, Ramp: sec, Drain: sec, Loss: 0.01, Share: 0.5, Outage: 0.2, Back: sec}
	if got := all.Misses(good); len(got) != 0 {
		t.Errorf("misses %v", got)
	}
	bad := Result{Util: 0.8, Jain: 0.8, P95: 60 * ms, Ramp: 2 * sec, Drain: 2 * sec, Loss: 0.02, Share: 0.4, Outage: 0.3, Back: 2 * sec}
	if got := all.Misses(bad); len(got) != 9 {
		t.Errorf("%d misses, want 9: %v", len(got), got)
	}
	if got := (Levels{}).Misses(bad); len(got) != 0 {
		t.Errorf("misses %v of no levels", got)
	}
	if got := (Levels{LossFree: true, ShareMost: 30}).Misses(bad); len(got) != 2 {
		t.Errorf("%d misses, want 2: %v", len(got), got)
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	c := Case{Name: "x", Levels: Levels{Util: 90}}
	WriteHeader(&b)
	WriteRow(&b, c, Result{Util: 0.95, Drain: sec})
	WriteRow(&b, c, Result{Util: 0.5})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[2], "| pass |") || !strings.HasSuffix(lines[3], "| util % 50, at least 90 |") {
		t.Fatalf("%s", b.String())
	}
	for _, line := range lines {
		if strings.Count(line, "|") != strings.Count(lines[0], "|") {
			t.Errorf("columns of %s", line)
		}
	}
}

func TestMedianIsThatOfEachMetric(t *testing.T) {
	c := RFC8867()[0]
	c.Duration = 20 * sec
	runs := []Result{Run(c, 7), Run(c, 8), Run(c, 9)}
	if got, want := Median(c, 7, 3).Util, median(runs, func(r Result) float64 { return r.Util }); got != want {
		t.Errorf("%g, want %g", got, want)
	}
	if got := median([]Result{{Util: 3}, {Util: 1}, {Util: 2}}, func(r Result) float64 { return r.Util }); got != 2 {
		t.Errorf("%g, want 2", got)
	}
}
