package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// more returns what RFC 8867 leaves out and real networks do.
func more() []Case {
	with := func(name, title string, l Levels, change func(*Case)) Case {
		c := variableCapacity(name, title, 50*ms, l)
		change(&c)
		return c
	}
	return []Case{
		with("5.1-jitter", "jitter up to 30 ms", Levels{Util: 92, QueueP95: 50 * ms}, func(c *Case) { c.Forward.Jitter.Max = 30 * ms }),
		with("5.1-loss5", "5 % random loss", Levels{Util: 85, QueueP95: 45 * ms}, func(c *Case) { c.Forward.Loss.P = 0.05 }),
		with("5.1-loss10", "10 % random loss", Levels{Util: 75}, func(c *Case) { c.Forward.Loss.P = 0.1 }),
		with("5.1-bursts", "bursts of loss", Levels{Util: 88, QueueP95: 45 * ms}, func(c *Case) { c.Forward.Loss = netsim.Loss{P: 0.005, Recover: 0.25} }),
		with("5.1-queue70", "queue of 70 ms", Levels{Util: 93, QueueP95: 45 * ms, Loss: 0.3}, func(c *Case) { c.Forward.Queue = 70 * ms }),
		with("5.1-fast-clock", "receiver's clock 500 ppm fast", Levels{Util: 93, QueueP95: 50 * ms}, func(c *Case) { c.Flows[0].Skew = 500e-6 }),
		with("5.1-slow-clock", "receiver's clock 500 ppm slow", Levels{Util: 93, QueueP95: 50 * ms}, func(c *Case) { c.Flows[0].Skew = -500e-6 }),
		{
			Name: "policer", Title: "policer of 1 Mbit/s", Duration: 100 * sec,
			Forward: Path{Rate: netsim.Constant(10e6), Reference: 10e6, Policer: netsim.Policer{Rate: 1e6, Bucket: 20_000}},
			Flows:   make([]Flow, 1),
			Levels:  Levels{Util: 97, Loss: 2},
		},
		with("5.1-layers", "source with three layers", Levels{Util: 93, QueueP95: 50 * ms, Ramp: 4 * sec}, func(c *Case) {
			c.Flows[0].Layers = []bwe.Bitrate{150 * bwe.Kbps, 500 * bwe.Kbps, 1200 * bwe.Kbps}
		}),
		{
			Name: "app-limited", Title: "source of 320 kbit/s on 1 Mbit/s", Duration: 100 * sec,
			Forward: Path{Rate: netsim.Constant(1e6), Reference: 1e6},
			Flows:   []Flow{{Max: 320 * bwe.Kbps}},
			Levels:  Levels{Util: 99, QueueP95: 42 * ms},
		},
		{
			Name: "30mbit", Title: "30 Mbit/s from a start of 300 kbit/s", Duration: 30 * sec,
			Forward: Path{Rate: netsim.Constant(30e6), Reference: 30e6},
			Flows:   []Flow{{Max: 40 * bwe.Mbps}},
			Levels:  Levels{Ramp: 3 * sec, QueueP95: 50 * ms},
		},
		{
			Name: "no-feedback", Title: "no feedback for 2 s", Duration: 60 * sec,
			Forward: Path{Rate: netsim.Constant(1e6), Reference: 1e6},
			Flows:   []Flow{{NoFeedback: [2]time.Duration{30 * sec, 32 * sec}}},
			Levels:  Levels{Outage: 25, Back: 2 * sec},
		},
	}
}
