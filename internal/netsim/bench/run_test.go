package bench

import (
	"testing"
	"time"
)

// The same seed gives the same run to the bit, another seed another.
func TestRunsRepeat(t *testing.T) {
	for _, c := range RFC8867()[:2] {
		if a, b := Run(c, 1), Run(c, 1); a != b {
			t.Errorf("%s: %+v and %+v", c.Name, a, b)
		}
		if Run(c, 1) == Run(c, 2) {
			t.Errorf("%s: the seed changes nothing", c.Name)
		}
	}
}

// A path that is far too fast carries what the source makes, and nothing waits.
func TestRunOnAFastPath(t *testing.T) {
	c := Case{Name: "fast", Duration: 30 * sec, Flows: []Flow{{Start: 5 * sec}}}
	r := Run(c, 1)
	if r.Util < 0.97 || r.Util > 1.02 || r.P99 > ms || r.Loss != 0 {
		t.Errorf("%+v", r)
	}
}

// Loss, drain and ramp are seen where they are.
func TestRunSeesWhatHappens(t *testing.T) {
	c := variableCapacity("5.1", "", 50*ms, Levels{})
	c.Forward.Loss.P = 0.05
	if r := Run(c, 1); r.Loss < 0.04 || r.Loss > 0.06 {
		t.Errorf("loss %.4f, want 0.05", r.Loss)
	}
	c = variableCapacity("5.1", "", 50*ms, Levels{})
	if r := Run(c, 1); r.Drain < 300*ms || r.Drain > 3*sec || r.Ramp < sec || r.Ramp > 10*sec {
		t.Errorf("drain %v, ramp %v", r.Drain, r.Ramp)
	}
	c.Flows = append(c.Flows, Flow{Start: 99 * sec})
	if r := Run(c, 1); r.Jain > 0.6 {
		t.Errorf("jain %.3f, with one flow that has next to nothing", r.Jain)
	}
}

func TestPossible(t *testing.T) {
	c := longTCP("x", "", 0, 300*ms, 0)
	c.Forward.Rate = append(c.Forward.Rate, at(60, 1e6))
	w := newWorld(c, 1, newOurs)
	for second, want := range map[int]float64{0: 0, 4: 0, 5: 1e6, 59: 1e6, 60: 5e5, 118: 5e5, 119: 0} {
		if got := w.possible(false, time.Duration(second)*sec); got != want {
			t.Errorf("at %d s: %g, want %g", second, got, want)
		}
	}
	c.TCP = nil
	if got := newWorld(c, 1, newOurs).possible(false, 10*sec); got != 1520e3 {
		t.Errorf("%g, want what the source makes", got)
	}
}
