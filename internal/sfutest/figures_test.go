package sfutest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// figure is one line of the table that scripts/test prints: what was measured and what it must be.
type figure struct {
	ID    string `json:"id"` // of the goal
	What  string `json:"what"`
	Goal  string `json:"goal"`
	Value string `json:"value"`
	Pass  bool   `json:"pass"`
}

// report prints the figure as one line of JSON. A figure that misses its goal fails the test.
func (f figure) report(t testing.TB) {
	t.Helper()
	var line strings.Builder
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		t.Fatal(err) // strings and a bool: cannot be
	}
	t.Log(strings.TrimSpace(line.String()))
	if !f.Pass {
		t.Errorf("%s: %s: %s, the goal is %s", f.ID, f.What, f.Value, f.Goal)
	}
}

// atLeast is a figure that must not be below its goal.
func atLeast(id, what string, value, goal float64, unit string) figure {
	return figure{id, what, ">= " + number(goal) + unit, number(value) + unit, value >= goal}
}

// atMost is a figure that must not be above its goal.
func atMost(id, what string, value, goal float64, unit string) figure {
	return figure{id, what, "<= " + number(goal) + unit, number(value) + unit, value <= goal}
}

// number has as many digits as are of interest.
func number(v float64) string {
	if v == float64(int64(v)) {
		return fmt.Sprint(int64(v))
	}
	return fmt.Sprintf("%.4g", v)
}
