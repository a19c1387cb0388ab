package casefile

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/internal/netsim/bench"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// Print writes cases as a file that Load reads.
func Print(w io.Writer, cases []bench.Case) error {
	var p printer
	for i, c := range cases {
		if i > 0 {
			p.WriteString("---\n")
		}
		p.print(c)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

type printer struct{ strings.Builder }

// line writes a key and its value if that is not the zero value of its type.
func line[T comparable](p *printer, indent, key string, v T, text string) {
	var none T
	if v != none {
		fmt.Fprintf(p, "%s%s: %s\n", indent, key, text)
	}
}

func (p *printer) duration(indent, key string, d time.Duration) { line(p, indent, key, d, d.String()) }

func (p *printer) number(indent, key string, v float64) { line(p, indent, key, v, numberOf(v)) }

func (p *printer) span(indent, key string, s [2]time.Duration) {
	line(p, indent, key, s, fmt.Sprintf("[%v, %v]", s[0], s[1]))
}

func (p *printer) rate(indent, key string, v bwe.Bitrate) {
	line(p, indent, key, v, rateOf(int64(v)))
}

func (p *printer) print(c bench.Case) {
	line(p, "", "name", c.Name, strconv.Quote(c.Name))
	line(p, "", "title", c.Title, strconv.Quote(c.Title))
	p.duration("", "duration", c.Duration)
	line(p, "", "seed", c.Seed, strconv.FormatUint(c.Seed, 10))
	p.path("forward", c.Forward)
	p.path("back", c.Back)
	p.WriteString("flows:\n")
	for _, f := range c.Flows {
		p.flow(f)
	}
	if len(c.TCP) > 0 {
		p.WriteString("tcp:\n")
	}
	for _, t := range c.TCP {
		fmt.Fprintf(p, "  - congestion: %s\n", map[netsim.Congestion]string{netsim.Reno: "reno", netsim.Cubic: "cubic"}[t.Congestion])
		p.duration("    ", "start", t.Start)
		p.duration("    ", "stop", t.Stop)
		p.duration("    ", "delay", t.Delay)
	}
	if w := c.Web; w.Count > 0 {
		fmt.Fprintf(p, "web: {readers: %d, min_bytes: %d, max_bytes: %d, idle: %v}\n", w.Count, w.MinBytes, w.MaxBytes, w.Idle)
	}
	p.levels(c.Levels)
}

func (p *printer) path(key string, path bench.Path) {
	var body printer
	body.schedule(path.Rate)
	line(&body, "  ", "reference", path.Reference, rateOf(path.Reference))
	body.duration("  ", "queue", path.Queue)
	body.duration("  ", "jitter", path.Jitter.Max)
	if l := path.Loss; l.Recover > 0 {
		fmt.Fprintf(&body, "  loss: {enter: %s, leave: %s}\n", numberOf(l.P), numberOf(l.Recover))
	} else {
		body.number("  ", "loss", l.P)
	}
	if path.Policer.Rate > 0 {
		fmt.Fprintf(&body, "  policer: {rate: %s, bucket: %d}\n", rateOf(path.Policer.Rate), path.Policer.Bucket)
	}
	if body.Len() > 0 {
		fmt.Fprintf(p, "%s:\n%s", key, body.String())
	}
}

func (p *printer) schedule(s netsim.Schedule) {
	if len(s) == 1 && s[0].Rate > 0 {
		fmt.Fprintf(p, "  capacity: %s\n", rateOf(s[0].Rate))
		return
	}
	if len(s) > 0 {
		p.WriteString("  capacity:\n")
	}
	for _, step := range s {
		fmt.Fprintf(p, "    - {from: %v, rate: %s}\n", step.From, rateOf(step.Rate))
	}
}

func (p *printer) flow(f bench.Flow) {
	direction := "forward"
	if f.Back {
		direction = "back"
	}
	fmt.Fprintf(p, "  - direction: %s\n", direction)
	const indent = "    "
	p.duration(indent, "delay", f.Delay)
	p.duration(indent, "start", f.Start)
	p.duration(indent, "stop", f.Stop)
	p.span(indent, "pause", f.Pause)
	p.rate(indent, "min", f.Min)
	p.rate(indent, "max", f.Max)
	if len(f.Layers) > 0 {
		var rates []string
		for _, l := range f.Layers {
			rates = append(rates, rateOf(int64(l)))
		}
		fmt.Fprintf(p, "%slayers: [%s]\n", indent, strings.Join(rates, ", "))
	}
	line(p, indent, "audio", f.Silent, "false")
	p.rate(indent, "first", f.First)
	p.span(indent, "no_feedback", f.NoFeedback)
	p.number(indent, "clock_ppm", math.Round(f.Skew*1e9)/1e3)
}

func (p *printer) levels(l bench.Levels) {
	if l == (bench.Levels{}) {
		return
	}
	const indent = "  "
	p.WriteString("levels:\n")
	p.number(indent, "util_pct", l.Util)
	p.duration(indent, "queue_p95", l.QueueP95)
	p.duration(indent, "audio_p99", l.AudioP99)
	p.number(indent, "loss_pct", l.Loss)
	line(p, indent, "loss_free", l.LossFree, "true")
	p.duration(indent, "ramp", l.Ramp)
	p.duration(indent, "drain", l.Drain)
	p.number(indent, "jain", l.Jain)
	share := [2]float64{l.ShareLeast, l.ShareMost}
	line(p, indent, "share_pct", share, fmt.Sprintf("[%s, %s]", numberOf(share[0]), numberOf(share[1])))
	p.number(indent, "outage_pct", l.Outage)
	p.duration(indent, "back", l.Back)
}

func numberOf(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// rateOf writes a rate in bit/s without rounding it.
func rateOf(rate int64) string {
	switch {
	case rate >= 1_000_000:
		return numberOf(float64(rate)/1e6) + " Mbit/s"
	case rate >= 1000:
		return numberOf(float64(rate)/1e3) + " kbit/s"
	}
	return numberOf(float64(rate)) + " bit/s"
}
