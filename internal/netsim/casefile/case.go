package casefile

import (
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/internal/netsim/bench"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// What is possible: beyond it a run takes too long or means nothing.
const (
	mostTime   = time.Hour
	mostRate   = 1000 * bwe.Mbps
	leastRate  = 1 * bwe.Kbps
	leastVideo = 10 * bwe.Kbps
	leastDelay = 100 * time.Microsecond
	mostDelay  = 10 * time.Second
	mostSteps  = 10_000
	mostFlows  = 64
	mostLayers = 16
	mostWeb    = 500
	mostBytes  = 100_000_000
)

var (
	nameText  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	titleText = regexp.MustCompile(`^[^|\p{C}]{0,100}$`)
)

// read converts one document.
func (r *reader) read(n *yaml.Node) bench.Case {
	var c bench.Case
	r.mapping(n, "a case",
		field{"name", r.text(&c.Name, nameText, "a name of letters, digits, dots and dashes")},
		field{"title", r.text(&c.Title, titleText, "a title of at most 100 characters without |")},
		field{"duration", r.duration(&c.Duration, time.Second, mostTime)},
		field{"seed", r.whole(func(v int64) { c.Seed = uint64(v) }, 1, 1<<62)},
		field{"forward", func(n *yaml.Node) { c.Forward = r.path(n, "forward") }},
		field{"back", func(n *yaml.Node) { c.Back = r.path(n, "back") }},
		field{"flows", func(n *yaml.Node) {
			r.list(n, "flows", mostFlows, func(n *yaml.Node) { c.Flows = append(c.Flows, r.flow(n)) })
		}},
		field{"tcp", func(n *yaml.Node) {
			r.list(n, "tcp", mostFlows, func(n *yaml.Node) { c.TCP = append(c.TCP, r.transfer(n)) })
		}},
		field{"web", func(n *yaml.Node) { c.Web = r.web(n) }},
		field{"levels", func(n *yaml.Node) { c.Levels = r.levels(n) }},
	)
	if n.Kind == yaml.MappingNode {
		r.check(n, c)
	}
	return c
}

func (r *reader) path(n *yaml.Node, what string) bench.Path {
	var p bench.Path
	r.mapping(n, what,
		field{"capacity", func(n *yaml.Node) { p.Rate = r.schedule(n) }},
		field{"reference", r.rate(func(v int64) { p.Reference = v }, leastRate, mostRate)},
		field{"queue", r.duration(&p.Queue, time.Millisecond, time.Minute)},
		field{"jitter", r.duration(&p.Jitter.Max, 0, mostDelay)},
		field{"loss", func(n *yaml.Node) { p.Loss = r.loss(n) }},
		field{"policer", func(n *yaml.Node) { p.Policer = r.policer(n) }},
	)
	if len(p.Rate) == 0 && (p.Reference != 0 || p.Queue != 0) {
		r.refuse(n, "%s has a queue but no capacity that would fill it", what)
	}
	for _, step := range p.Rate {
		if p.Reference == 0 || p.Reference < step.Rate && !r.has(n, "reference") {
			p.Reference = step.Rate
		}
	}
	return p
}

// has tells whether a mapping has a key.
func (r *reader) has(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// schedule reads one rate, or steps.
func (r *reader) schedule(n *yaml.Node) netsim.Schedule {
	var s netsim.Schedule
	if n.Kind == yaml.ScalarNode {
		r.rate(func(v int64) { s = netsim.Constant(v) }, leastRate, mostRate)(n)
		return s
	}
	r.list(n, "capacity", mostSteps, func(n *yaml.Node) {
		var step netsim.Step
		problems := len(r.problems)
		r.mapping(n, "a step of the capacity",
			field{"from", r.duration(&step.From, 0, mostTime)},
			field{"rate", r.rate(func(v int64) { step.Rate = v }, 0, mostRate)},
		)
		switch {
		case len(r.problems) > problems:
		case !r.has(n, "rate"):
			r.refuse(n, "a step of the capacity has no rate")
		case step.Rate > 0 && step.Rate < int64(leastRate):
			r.refuse(n, "%s is not possible, a capacity is at least %s, or 0 for none", rateOf(step.Rate), rateOf(int64(leastRate)))
		case len(s) == 0 && step.From != 0:
			r.refuse(n, "the first step of the capacity begins at %v, it has to be from 0s", step.From)
		case len(s) > 0 && step.From <= s[len(s)-1].From:
			r.refuse(n, "a step from %v does not come after the one before it, from %v", step.From, s[len(s)-1].From)
		}
		s = append(s, step)
	})
	return s
}

// loss reads a share of single losses, or a mapping of bursts.
func (r *reader) loss(n *yaml.Node) netsim.Loss {
	var l netsim.Loss
	if n.Kind != yaml.MappingNode {
		r.share(&l.P, 0)(n)
		return l
	}
	const least = 1e-6
	r.mapping(n, "loss in bursts", field{"enter", r.share(&l.P, least)}, field{"leave", r.share(&l.Recover, least)})
	if !r.has(n, "enter") || !r.has(n, "leave") {
		r.refuse(n, "loss in bursts needs both enter and leave, the chances per packet that a burst begins and that it ends")
	}
	return l
}

func (r *reader) policer(n *yaml.Node) netsim.Policer {
	var p netsim.Policer
	r.mapping(n, "policer",
		field{"rate", r.rate(func(v int64) { p.Rate = v }, leastRate, mostRate)},
		field{"bucket", r.whole(func(v int64) { p.Bucket = int(v) }, 1500, mostBytes)},
	)
	if p.Rate == 0 || p.Bucket == 0 {
		r.refuse(n, "policer needs a rate and a bucket in bytes")
	}
	return p
}

func (r *reader) flow(n *yaml.Node) bench.Flow {
	var f bench.Flow
	audio, ppm := true, 0.0
	layer := func(n *yaml.Node) {
		f.Layers = append(f.Layers, 0)
		r.bitrate(&f.Layers[len(f.Layers)-1], leastVideo)(n)
	}
	direction := func(word string) bool { f.Back = word == "back"; return word == "back" || word == "forward" }
	r.mapping(n, "a flow",
		field{"direction", r.choice(direction, "forward or back")},
		field{"delay", r.duration(&f.Delay, leastDelay, mostDelay)},
		field{"start", r.duration(&f.Start, 0, mostTime)},
		field{"stop", r.duration(&f.Stop, 0, mostTime)},
		field{"pause", r.span(&f.Pause, mostTime)},
		field{"min", r.bitrate(&f.Min, leastVideo)},
		field{"max", r.bitrate(&f.Max, leastVideo)},
		field{"layers", func(n *yaml.Node) { r.list(n, "layers", mostLayers, layer) }},
		field{"audio", r.flag(&audio)},
		field{"first", r.bitrate(&f.First, leastVideo)},
		field{"no_feedback", r.span(&f.NoFeedback, mostTime)},
		field{"clock_ppm", r.number(&ppm, -10_000, 10_000)},
	)
	f.Silent, f.Skew = !audio, ppm/1e6
	r.checkFlow(n, f)
	return f
}

func (r *reader) transfer(n *yaml.Node) bench.Transfer {
	var t bench.Transfer
	congestion := func(word string) bool {
		if word == "cubic" {
			t.Congestion = netsim.Cubic
		}
		return word == "cubic" || word == "reno"
	}
	r.mapping(n, "a TCP transfer",
		field{"congestion", r.choice(congestion, "reno or cubic")},
		field{"start", r.duration(&t.Start, 0, mostTime)},
		field{"stop", r.duration(&t.Stop, 0, mostTime)},
		field{"delay", r.duration(&t.Delay, leastDelay, mostDelay)},
	)
	if t.Stop != 0 && t.Stop <= t.Start {
		r.refuse(n, "the transfer stops at %v, before or when it starts at %v", t.Stop, t.Start)
	}
	return t
}

func (r *reader) web(n *yaml.Node) bench.Readers {
	w := bench.Readers{Web: netsim.Web{MinBytes: 30_000, MaxBytes: 50_000, Idle: 10 * time.Second}}
	r.mapping(n, "web",
		field{"readers", r.whole(func(v int64) { w.Count = int(v) }, 1, mostWeb)},
		field{"min_bytes", r.whole(func(v int64) { w.MinBytes = int(v) }, 1, mostBytes)},
		field{"max_bytes", r.whole(func(v int64) { w.MaxBytes = int(v) }, 1, mostBytes)},
		field{"idle", r.duration(&w.Idle, time.Millisecond, mostTime)},
	)
	switch {
	case w.Count == 0:
		r.refuse(n, "web needs the number of readers")
	case w.MaxBytes < w.MinBytes:
		r.refuse(n, "max_bytes, %d, is less than min_bytes, %d", w.MaxBytes, w.MinBytes)
	}
	return w
}

func (r *reader) levels(n *yaml.Node) bench.Levels {
	var l bench.Levels
	share := func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
			r.refuse(n, "two numbers are wanted, as in [45, 55], not %s", describe(n))
			return
		}
		r.number(&l.ShareLeast, 0, 100)(n.Content[0])
		r.number(&l.ShareMost, 0, 100)(n.Content[1])
	}
	r.mapping(n, "levels",
		field{"util_pct", r.number(&l.Util, 0, 200)},
		field{"queue_p95", r.duration(&l.QueueP95, 0, mostTime)},
		field{"audio_p99", r.duration(&l.AudioP99, 0, mostTime)},
		field{"loss_pct", r.number(&l.Loss, 0, 100)},
		field{"loss_free", r.flag(&l.LossFree)},
		field{"ramp", r.duration(&l.Ramp, 0, mostTime)},
		field{"drain", r.duration(&l.Drain, 0, mostTime)},
		field{"jain", r.number(&l.Jain, 0, 1)},
		field{"share_pct", share},
		field{"outage_pct", r.number(&l.Outage, 0, 100)},
		field{"back", r.duration(&l.Back, 0, mostTime)},
	)
	return l
}
