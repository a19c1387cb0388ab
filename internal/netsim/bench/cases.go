package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
)

const (
	sec = time.Second
	ms  = time.Millisecond
)

// audioP99 is for how long audio may wait in the queue that its own flow makes, in every case without other traffic.
const audioP99 = 60 * ms

// RFC8867 returns the test cases of RFC 8867, sections 5.1 to 5.8, with the variants that sections name.
func RFC8867() []Case {
	cases := append(sections(), more()...)
	for i := range cases {
		if c := &cases[i]; len(c.TCP) == 0 && c.Web == (Readers{}) {
			c.Levels.AudioP99 = audioP99
		}
	}
	return cases
}

func sections() []Case {
	return []Case{
		variableCapacity("5.1", "variable capacity", 50*ms, Levels{Util: 93, QueueP95: 50 * ms, Loss: 0.05, Ramp: 3500 * ms, Drain: 1500 * ms}),
		variableCapacity("5.1-100ms", "variable capacity, 100 ms one way", 100*ms, Levels{Util: 92, QueueP95: 50 * ms}),
		{
			Name: "5.2", Title: "two flows, variable capacity", Duration: 125 * sec,
			Forward: Path{Rate: netsim.Schedule{at(0, 4e6), at(25, 2e6), at(50, 35e5), at(75, 1e6), at(100, 2e6)}, Reference: 2e6},
			Flows:   make([]Flow, 2),
			Levels:  Levels{Util: 95, QueueP95: 50 * ms, Jain: 0.99},
		},
		{
			Name: "5.3", Title: "congested feedback", Duration: 100 * sec,
			Forward: Path{Rate: netsim.Schedule{at(0, 2e6), at(20, 1e6), at(40, 5e5), at(60, 2e6)}, Reference: 2e6},
			Back:    Path{Rate: netsim.Schedule{at(0, 2e6), at(35, 8e5), at(70, 2e6)}, Reference: 2e6},
			Flows:   []Flow{{}, {Back: true}},
			Levels:  Levels{Util: 93, QueueP95: 45 * ms},
		},
		{
			Name: "5.4", Title: "three flows that start one after the other", Duration: 120 * sec,
			Forward: Path{Rate: netsim.Constant(35e5), Reference: 35e5},
			Flows:   []Flow{{}, {Start: 20 * sec}, {Start: 40 * sec}},
			Levels:  Levels{Util: 95, QueueP95: 42 * ms, Jain: 0.99},
		},
		{
			Name: "5.5", Title: "five flows with different round trips", Duration: 300 * sec,
			Forward: Path{Rate: netsim.Constant(4e6), Reference: 4e6},
			Flows: []Flow{{Delay: 10 * ms}, {Delay: 25 * ms, Start: 10 * sec}, {Delay: 50 * ms, Start: 20 * sec},
				{Delay: 100 * ms, Start: 30 * sec}, {Delay: 150 * ms, Start: 40 * sec}},
			Levels: Levels{Util: 96, QueueP95: 50 * ms, Jain: 0.97, LossFree: true},
		},
		longTCP("5.6-reno-300ms", "endless Reno, queue 300 ms", netsim.Reno, 300*ms, 0.6),
		longTCP("5.6-reno-1s", "endless Reno, queue 1 s", netsim.Reno, 1000*ms, 0),
		longTCP("5.6-cubic-300ms", "endless CUBIC, queue 300 ms", netsim.Cubic, 300*ms, 0),
		{
			Name: "5.7", Title: "short TCP transfers", Duration: 300 * sec,
			Forward: Path{Rate: netsim.Constant(2e6), Reference: 2e6},
			Flows:   make([]Flow, 2), Web: Readers{10, netsim.Web{MinBytes: 30_000, MaxBytes: 50_000, Idle: 10 * sec}},
			Levels: Levels{Util: 75, QueueP95: 160 * ms},
			Open:   true, Reached: Levels{Util: 73, QueueP95: 165 * ms, Loss: 0.1},
		},
		{
			Name: "5.8", Title: "pause and resume", Duration: 120 * sec,
			Forward: Path{Rate: netsim.Constant(35e5), Reference: 35e5},
			Flows:   []Flow{{}, {Pause: [2]time.Duration{40 * sec, 60 * sec}}, {}},
			Levels:  Levels{Util: 95, QueueP95: 42 * ms},
		},
	}
}

// at is a step of the capacity.
func at(seconds int, rate int64) netsim.Step {
	return netsim.Step{From: time.Duration(seconds) * sec, Rate: rate}
}

// steps are the capacities of section 5.1.
func steps() netsim.Schedule {
	return netsim.Schedule{at(0, 1e6), at(40, 25e5), at(60, 6e5), at(80, 1e6)}
}

func variableCapacity(name, title string, delay time.Duration, l Levels) Case {
	return Case{Name: name, Title: title, Duration: 100 * sec, Forward: Path{Rate: steps(), Reference: 1e6}, Flows: []Flow{{Delay: delay}}, Levels: l}
}

func longTCP(name, title string, kind netsim.Congestion, queue time.Duration, loss float64) Case {
	return Case{
		Name: name, Title: title, Duration: 120 * sec,
		Forward: Path{Rate: netsim.Constant(2e6), Reference: 2e6, Queue: queue},
		Flows:   []Flow{{Start: 5 * sec, Stop: 119 * sec}},
		TCP:     []Transfer{{Congestion: kind}},
		Levels:  Levels{ShareLeast: 45, ShareMost: 55, Loss: loss},
	}
}
