package bench

import (
	"math"
	"strconv"
	"time"
)

// metric is a figure of a Result as tables, CSV and JSON show it.
type metric struct {
	key    string // in JSON and CSV
	title  string // in the table, "" for not there
	digits int    // behind the point
	of     func(c Case, r Result) float64
}

// unknown is the value of a metric that a case does not have.
func unknown() float64 { return math.NaN() }

func metrics() []metric {
	ofTime := func(unit time.Duration, of func(Result) time.Duration) func(Case, Result) float64 {
		return func(_ Case, r Result) float64 {
			if of(r) < 0 {
				return unknown()
			}
			return float64(of(r)) / float64(unit)
		}
	}
	of := func(scale float64, of func(Result) float64) func(Case, Result) float64 {
		return func(_ Case, r Result) float64 { return scale * of(r) }
	}
	where := func(has func(Case) bool, of func(Case, Result) float64) func(Case, Result) float64 {
		return func(c Case, r Result) float64 {
			if !has(c) {
				return unknown()
			}
			return of(c, r)
		}
	}
	return []metric{
		{"util_pct", "util %", 1, of(100, func(r Result) float64 { return r.Util })},
		{"queue_p50_ms", "queue p50", 0, ofTime(ms, func(r Result) time.Duration { return r.P50 })},
		{"queue_p95_ms", "p95", 0, ofTime(ms, func(r Result) time.Duration { return r.P95 })},
		{"queue_p99_ms", "p99 ms", 0, ofTime(ms, func(r Result) time.Duration { return r.P99 })},
		{"audio_p99_ms", "audio p99", 0, ofTime(ms, func(r Result) time.Duration { return r.AudioP99 })},
		{"loss_pct", "loss %", 2, of(100, func(r Result) float64 { return r.Loss })},
		{"ramp_s", "ramp s", 1, ofTime(sec, func(r Result) time.Duration { return r.Ramp })},
		{"drain_s", "drain s", 1, ofTime(sec, func(r Result) time.Duration { return r.Drain })},
		{"jain", "jain", 3, where(Case.shared, of(1, func(r Result) float64 { return r.Jain }))},
		{"share_pct", "share %", 1, where(Case.hasTCP, of(100, func(r Result) float64 { return r.Share }))},
		{"outage_pct", "", 1, where(Case.hasOutage, of(100, func(r Result) float64 { return r.Outage }))},
		{"back_s", "", 1, where(Case.hasOutage, ofTime(sec, func(r Result) time.Duration { return r.Back }))},
		{"padding_pct", "pad %", 2, of(100, func(r Result) float64 { return r.Padding })},
		{"feedback_kbps", "fb kbit/s", 1, of(1, func(r Result) float64 { return r.Feedback })},
	}
}

// shared tells whether several flows of the forward direction could have the same.
func (c Case) shared() bool {
	forward := 0
	for _, f := range c.Flows {
		if !f.Back {
			forward++
		}
	}
	return forward > 1
}

func (c Case) hasTCP() bool { return len(c.TCP) > 0 }

func (c Case) hasOutage() bool { return len(c.Flows) > 0 && c.Flows[0].NoFeedback[1] > 0 }

// text writes the value for people, "-" if the case has none.
func (m metric) text(c Case, r Result) string {
	v := m.of(c, r)
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', m.digits, 64)
}

// exact writes the value for programs, to 1/10000, and otherwise if the case has none.
func (m metric) exact(c Case, r Result, otherwise string) string {
	v := m.of(c, r)
	if math.IsNaN(v) {
		return otherwise
	}
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}
