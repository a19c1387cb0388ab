package casefile

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heliograph/heliograph/internal/netsim/bench"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// mostBits bounds what a case sends in all: some ten million packets, which take ten seconds.
const mostBits = 100e9

// check looks at what has to fit together.
func (r *reader) check(n *yaml.Node, c bench.Case) {
	switch {
	case c.Name == "":
		r.refuse(n, "the case has no name")
	case c.Duration == 0 && !r.has(n, "duration"):
		r.refuse(n, "the case has no duration")
	case len(c.Flows) == 0 && !r.has(n, "flows"):
		r.refuse(n, "the case has no flows")
	case len(c.Flows) == 0:
		r.refuse(n, "the list of flows is empty, one is needed")
	}
	if (len(c.TCP) > 0 || c.Web.Count > 0) && len(c.Forward.Rate) == 0 {
		r.refuse(n, "TCP needs a capacity of the forward direction")
	}
	r.checkTimes(n, c)
	r.checkLayers(n, c)
	if bits := work(c); bits > mostBits {
		r.refuse(n, "the case could send %.0f Gbit in all, at most %.0f are possible: make it shorter or slower", bits/1e9, mostBits/1e9)
	}
}

// checkTimes tells of what would never happen.
func (r *reader) checkTimes(n *yaml.Node, c bench.Case) {
	for i, f := range c.Flows {
		if f.Start >= c.Duration && c.Duration > 0 {
			r.refuse(n, "flow %d starts at %v, when the case is over", i+1, f.Start)
		}
	}
	for i, t := range c.TCP {
		if t.Start >= c.Duration && c.Duration > 0 {
			r.refuse(n, "TCP transfer %d starts at %v, when the case is over", i+1, t.Start)
		}
	}
}

// checkLayers sees to it that what a flow with layers could have got is known.
func (r *reader) checkLayers(n *yaml.Node, c bench.Case) {
	var layered, flows [2]int
	for _, f := range c.Flows {
		direction := 0
		if f.Back {
			direction = 1
		}
		flows[direction]++
		if len(f.Layers) > 0 {
			layered[direction]++
		}
	}
	for direction := range flows {
		if layered[direction] > 0 && flows[direction] > 1 {
			r.refuse(n, "a flow with layers has to be the only one in its direction")
		}
	}
}

func (r *reader) checkFlow(n *yaml.Node, f bench.Flow) {
	switch {
	case f.Stop != 0 && f.Stop <= f.Start:
		r.refuse(n, "the flow stops at %v, before or when it starts at %v", f.Stop, f.Start)
	case len(f.Layers) > 0 && (f.Min != 0 || f.Max != 0):
		r.refuse(n, "a flow has either layers or min and max")
	case f.Max != 0 && f.Min > f.Max:
		r.refuse(n, "min, %s, is more than max, %s", rateOf(int64(f.Min)), rateOf(int64(f.Max)))
	case f.Max == 0 && f.Min > usualMax:
		r.refuse(n, "min, %s, is more than max, which is %s unless it is written down", rateOf(int64(f.Min)), rateOf(int64(usualMax)))
	}
	for i := 1; i < len(f.Layers); i++ {
		if f.Layers[i] <= f.Layers[i-1] {
			r.refuse(n, "layers have to be in ascending order")
			return
		}
	}
}

// usualMax is the rate of a video without one.
const usualMax = 1500 * bwe.Kbps

// work returns how many bits the case sends at most.
func work(c bench.Case) float64 {
	bits := 0.0
	for _, f := range c.Flows {
		most := max(f.Max, f.Min)
		if len(f.Layers) > 0 {
			most = f.Layers[len(f.Layers)-1] * 2 // probes
		}
		if most == 0 {
			most = usualMax
		}
		bits += float64(most) * (c.Duration - min(f.Start, c.Duration)).Seconds()
	}
	if len(c.TCP) > 0 || c.Web.Count > 0 {
		bits += c.Forward.Rate.Bits(0, max(c.Duration, time.Second))
	}
	return bits
}
