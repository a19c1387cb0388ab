package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// A plot is well-formed, small, the same each time, and has a line for each flow's target and rate and for each queue.
func TestWrite(t *testing.T) {
	for _, name := range []string{"5.1", "5.3", "5.5"} {
		cases, err := bench.Select(bench.RFC8867(), name)
		if err != nil {
			t.Fatal(err)
		}
		c := cases[0]
		result, trace := bench.RunTraced(c, 1)
		if result != bench.Run(c, 1) {
			t.Errorf("%s: a traced run differs", name)
		}
		var a, b strings.Builder
		if err := errors.Join(Write(&a, c, trace), Write(&b, c, trace)); err != nil {
			t.Fatal(err)
		}
		if a.String() != b.String() {
			t.Errorf("%s: two plots of one trace differ", name)
		}
		if a.Len() > 40_000 {
			t.Errorf("%s: %d bytes", name, a.Len())
		}
		lines := strings.Count(a.String(), `fill="none"`)
		if want := 2*len(c.Flows) + len(trace.Directions); lines != want {
			t.Errorf("%s: %d lines, want %d", name, lines, want)
		}
		wellFormed(t, a.String())
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := decoder.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

// Values are where the axes say.
func TestLine(t *testing.T) {
	p := page{duration: 10 * time.Second}
	if got := p.path(100, 50, axis{1, 2}, []float64{0, 1, 2, 4}); got != "M48 150L279 125L509 100L740 100" {
		t.Error(got)
	}
}

func TestNiceScale(t *testing.T) {
	for most, want := range map[float64]axis{0: {0.2, 1}, 0.7: {0.1, 0.7}, 2.5: {0.5, 2.5}, 3.5: {0.5, 3.5}, 8: {2, 8}, 72: {20, 80}, 300: {50, 300}, 1000: {200, 1000}} {
		got := niceScale(most)
		if d := got.step - want.step; d > 1e-9 || d < -1e-9 || got.end-want.end > 1e-9 || want.end-got.end > 1e-9 {
			t.Errorf("%g: %v, want %v", most, got, want)
		}
	}
}

func TestTitlesAreEscaped(t *testing.T) {
	trace := bench.Trace{Directions: []bench.DirectionTrace{{
		Capacity: []float64{1e6}, Queue: make([]time.Duration, 1), Flows: []bench.FlowTrace{{Target: []float64{1}, Sent: []float64{1}}},
	}}}
	var b strings.Builder
	if err := Write(&b, bench.Case{Name: "<x>", Title: `a & "b"`, Duration: time.Second}, trace); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, b.String())
	if err := Write(&b, bench.Case{}, bench.Trace{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("%v of nothing", err)
	}
}
