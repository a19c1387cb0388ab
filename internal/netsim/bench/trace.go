package bench

import (
	"time"
)

// TraceStep is the time between two samples of a Trace.
const TraceStep = binTime

// Trace is what happened in a run over time, a sample for each TraceStep.
type Trace struct {
	Directions []DirectionTrace // those with flows, forward first
}

// DirectionTrace is one direction of the bottleneck.
type DirectionTrace struct {
	Name     string
	Capacity []float64       // bit/s
	Queue    []time.Duration // that a packet would wait
	Flows    []FlowTrace
}

// FlowTrace is a flow of ours.
type FlowTrace struct {
	Name         string
	Target, Sent []float64 // bit/s; padding is sent, too
}

// RunTraced is Run with a Trace. The result is that of Run.
func RunTraced(c Case, seed uint64) (Result, Trace) {
	w := newWorld(c, seed, newOurs)
	s := sampler{w: w, targets: make([][]float64, len(w.flows))}
	w.sim.At(TraceStep, s.sample)
	w.sim.Run(c.Duration)
	return w.result(), s.trace()
}

// sampler looks at a world while it is played.
type sampler struct {
	w             *world
	forward, back []time.Duration
	targets       [][]float64 // by flow
}

func (s *sampler) sample() {
	s.w.sim.After(TraceStep, s.sample)
	s.forward, s.back = append(s.forward, s.w.forward.Wait()), append(s.back, s.w.back.Wait())
	for i, f := range s.w.flows {
		target := 0.0
		if f.spec.active(&s.w.c, s.w.sim.Now()) {
			target = float64(f.control.target())
		}
		s.targets[i] = append(s.targets[i], target)
	}
}

func (s *sampler) trace() Trace {
	var t Trace
	for _, back := range []bool{false, true} {
		d := DirectionTrace{Name: "forward", Queue: s.forward}
		path := s.w.c.Forward
		if back {
			d, path = DirectionTrace{Name: "back", Queue: s.back}, s.w.c.Back
		}
		for i := range d.Queue {
			d.Capacity = append(d.Capacity, path.capacity(time.Duration(i)*TraceStep))
		}
		for i, f := range s.w.flows {
			if f.spec.Back == back {
				d.Flows = append(d.Flows, FlowTrace{Name: flowName(i, len(s.w.flows)), Target: s.targets[i], Sent: f.meter.sentRates(len(d.Queue))})
			}
		}
		if len(d.Flows) > 0 {
			t.Directions = append(t.Directions, d)
		}
	}
	return t
}

func flowName(i, of int) string {
	if of == 1 {
		return ""
	}
	return "flow " + string(rune('A'+i%26))
}

// sentRates returns the rate that was sent in each of n bins.
func (m *meter) sentRates(n int) []float64 {
	rates := make([]float64, n)
	for i, bytes := range m.sentBins[:min(n, len(m.sentBins))] {
		rates[i] = float64(bytes*8) / binTime.Seconds()
	}
	return rates
}
