package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// medianOf returns the median of each metric.
func medianOf(runs []Result) Result {
	return Result{
		Util:     median(runs, func(r Result) float64 { return r.Util }),
		P50:      median(runs, func(r Result) time.Duration { return r.P50 }),
		P95:      median(runs, func(r Result) time.Duration { return r.P95 }),
		P99:      median(runs, func(r Result) time.Duration { return r.P99 }),
		AudioP99: median(runs, func(r Result) time.Duration { return r.AudioP99 }),
		Loss:     median(runs, func(r Result) float64 { return r.Loss }),
		Ramp:     median(runs, func(r Result) time.Duration { return r.Ramp }),
		Drain:    median(runs, func(r Result) time.Duration { return r.Drain }),
		Jain:     median(runs, func(r Result) float64 { return r.Jain }),
		Share:    median(runs, func(r Result) float64 { return r.Share }),
		Outage:   median(runs, func(r Result) float64 { return r.Outage }),
		Back:     median(runs, func(r Result) time.Duration { return r.Back }),
		Padding:  median(runs, func(r Result) float64 { return r.Padding }),
		Feedback: median(runs, func(r Result) float64 { return r.Feedback }),
	}
}

func median[T cmp.Ordered](runs []Result, of func(Result) T) T {
	values := make([]T, 0, len(runs))
	for _, r := range runs {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// level is one bound of a metric. The zero bound is none, but for loss where none is allowed.
type level struct {
	what  string
	unit  string
	bound float64
	least bool
	zero  bool // a bound of zero counts
	got   float64
}

// against lists the levels with what a result has of each.
func (l Levels) against(r Result) []level {
	seconds := func(what string, bound, got time.Duration) level {
		return level{what: what, unit: " s", bound: bound.Seconds(), got: got.Seconds()}
	}
	return []level{
		{what: "util", unit: " %", bound: l.Util, least: true, got: 100 * r.Util},
		{what: "queue p95", unit: " ms", bound: milliseconds(l.QueueP95), got: milliseconds(r.P95)},
		{what: "audio p99", unit: " ms", bound: milliseconds(l.AudioP99), got: milliseconds(r.AudioP99)},
		{what: "loss", unit: " %", bound: l.Loss, zero: l.LossFree, got: 100 * r.Loss},
		seconds("ramp", l.Ramp, r.Ramp),
		seconds("drain", l.Drain, r.Drain),
		{what: "jain", bound: l.Jain, least: true, got: r.Jain},
		{what: "share", unit: " %", bound: l.ShareLeast, least: true, got: 100 * r.Share},
		{what: "share", unit: " %", bound: l.ShareMost, got: 100 * r.Share},
		{what: "sent without feedback", unit: " %", bound: l.Outage, got: 100 * r.Outage},
		seconds("back", l.Back, r.Back),
	}
}

func (l level) set() bool { return l.bound > 0 || l.zero }

func (l level) missed() bool {
	if l.least {
		return l.set() && l.got < l.bound
	}
	return l.set() && l.got > l.bound
}

func (l level) String() string {
	sign := "<="
	if l.least {
		sign = ">="
	}
	return fmt.Sprintf("%s %s %.4g%s", l.what, sign, l.bound, l.unit)
}

// Misses says in words which levels a result does not reach; none if it reaches all.
func (l Levels) Misses(r Result) []string {
	var misses []string
	for _, one := range l.against(r) {
		if one.missed() {
			misses = append(misses, fmt.Sprintf("%s %.4g%s", one.what, one.got, one.unit))
		}
	}
	return misses
}

// String lists the levels in a line, "" if there are none.
func (l Levels) String() string {
	var all []string
	for _, one := range l.against(Result{}) {
		if one.set() {
			all = append(all, one.String())
		}
	}
	return strings.Join(all, ", ")
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
