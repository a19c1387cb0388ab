package bench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
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
	c := Case{Name: "x", Title: "an example", Levels: Levels{Util: 90, Loss: 1}}
	open := c
	open.Open = true
	good, bad := []Result{{Util: 0.95, Drain: sec}}, []Result{{Util: 0.5, Drain: none, Loss: 0.02}}
	outcomes := []Outcome{
		{Case: c, Algo: Ours, Runs: good}, {Case: c, Algo: Ours, Runs: bad}, {Case: open, Algo: Ours, Runs: bad},
		{Case: open, Algo: GCC, Note: "stored", Runs: bad}, {Case: Case{Name: "y"}, Algo: GCC, Note: "stored", Runs: bad},
	}
	if err := WriteTable(&b, outcomes); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 9 || lines[7] != "" || lines[8] != "stored" {
		t.Fatalf("%s", b.String())
	}
	for i, end := range []string{
		"| util >= 90 %, loss <= 1 % | pass |", "|  | fail: util 50 %; loss 2 % |", "|  | open: util 50 %; loss 2 % |",
		"|  | fail: util 50 %; loss 2 % |", "| - | - |",
	} {
		if line := lines[2+i]; !strings.HasSuffix(line, end) || strings.Count(line, "|") != strings.Count(lines[0], "|") {
			t.Errorf("line %d: %s", i, line)
		}
		if got, want := outcomes[i].Broken(), i == 1; got != want {
			t.Errorf("outcome %d: broken %v", i, got)
		}
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	c := Case{Name: "x", Levels: Levels{Util: 90}, Flows: make([]Flow, 2), TCP: make([]Transfer, 1)}
	r := Result{Util: 0.5, P95: 1500 * time.Microsecond, Ramp: 2 * sec, Drain: none, Jain: 0.99, Share: 0.25}
	if err := WriteJSON(&b, []Outcome{{Case: c, Algo: Ours, Seeds: []uint64{1}, Runs: []Result{r}}, {Algo: GCC, Note: "n", Runs: []Result{r}}}); err != nil {
		t.Fatal(err)
	}
	var got [2]map[string]any
	for i, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		if err := json.Unmarshal([]byte(line), &got[i]); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	for key, want := range map[string]any{
		"case": "x", "algo": "ours", "util_pct": 50.0, "queue_p95_ms": 1.5, "ramp_s": 2.0, "drain_s": nil, "jain": 0.99,
		"share_pct": 25.0, "loss_pct": 0.0, "pass": false,
	} {
		if got[0][key] != want {
			t.Errorf("%s is %v, want %v", key, got[0][key], want)
		}
	}
	if misses := got[0]["misses"].([]any); len(misses) != 1 || misses[0] != "util 50 %" {
		t.Errorf("misses %v", misses)
	}
	if got[1]["pass"] != nil || got[1]["share_pct"] != nil || got[1]["jain"] != nil || got[1]["note"] != "n" {
		t.Errorf("%v", got[1])
	}
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	o := Outcome{Case: Case{Name: "x"}, Algo: Ours, Seeds: []uint64{4, 5}, Runs: []Result{{Util: 0.5}, {Util: 0.25, Drain: none}}}
	if err := WriteCSV(&b, []Outcome{o, o}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%v, %v", rows, err)
	}
	drain := slices.Index(rows[0], "drain_s")
	if row := rows[2]; row[2] != "5" || row[3] != "25" || row[drain] != "" || rows[1][drain] != "0" {
		t.Errorf("%v", rows)
	}
}

func TestMedianIsThatOfEachMetric(t *testing.T) {
	c := RFC8867()[0]
	c.Duration = 20 * sec
	runs := []Result{Run(c, 7), Run(c, 8), Run(c, 9)}
	if got, want := (Outcome{Runs: runs}).Median().Util, median(runs, func(r Result) float64 { return r.Util }); got != want {
		t.Errorf("%g, want %g", got, want)
	}
	if got := median([]Result{{Util: 3}, {Util: 1}, {Util: 2}}, func(r Result) float64 { return r.Util }); got != 2 {
		t.Errorf("%g, want 2", got)
	}
}
