package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// capacity returns what a path lets pass at a time, in bit/s.
func (p Path) capacity(t time.Duration) float64 {
	rate := float64(fastPath)
	if len(p.Rate) > 0 {
		rate = float64(p.Rate.At(t))
	}
	if p.Policer.Rate > 0 {
		rate = min(rate, float64(p.Policer.Rate))
	}
	return rate
}

// possible returns what the flows of one direction could deliver at a time, in bit/s: their demand, and at most the
// capacity or their fair share of it; a flow with layers, which must be alone, the highest that fits.
func (w *world) possible(back bool, t time.Duration) float64 {
	path := w.c.Forward
	if back {
		path = w.c.Back
	}
	demand, flows, others := 0.0, 0, 0
	var layered *Flow
	for _, f := range w.c.Flows {
		if f.Back == back && f.active(&w.c, t) {
			demand += float64(f.max() + f.audio())
			flows++
			if len(f.Layers) > 0 {
				layered = &f
			}
		}
	}
	for _, tcp := range w.c.TCP {
		if !back && t >= tcp.Start && t < tcp.stop(&w.c) {
			others++
		}
	}
	if flows == 0 {
		return 0
	}
	could := min(demand, path.capacity(t)*float64(flows)/float64(flows+others))
	if layered != nil {
		could = float64(layered.Layers[layered.layer(bwe.Bitrate(could)-layered.audio())] + layered.audio())
	}
	return could
}

// got returns the bytes that the flows of one direction delivered.
func (w *world) got(back bool, from, to time.Duration) int {
	total := 0
	for _, f := range w.flows {
		if f.spec.Back == back {
			total += bytesIn(f.meter.bins, from, to)
		}
	}
	return total
}

// none is the time of what did not happen.
const none = -1

func (w *world) util() float64 {
	got, could := 0.0, 0.0
	for _, back := range []bool{false, true} {
		got += float64(w.got(back, 0, w.c.Duration) * 8)
		for t := time.Duration(0); t < w.c.Duration; t += binTime {
			could += w.possible(back, t) * binTime.Seconds()
		}
	}
	return got / max(1, could)
}

// share looks at the time in which all endless transfers and all flows are active.
func (w *world) share() float64 {
	from, to := time.Duration(0), w.c.Duration
	for _, t := range w.c.TCP {
		from, to = max(from, t.Start), min(to, t.stop(&w.c))
	}
	for _, f := range w.c.Flows {
		from, to = max(from, f.Start), min(to, f.stop(&w.c))
	}
	media, tcp := w.got(false, from, to), bytesIn(w.tcp, from, to)
	return float64(media) / float64(max(1, media+tcp))
}

// jain compares what the flows of the forward direction could have got the same of.
func (w *world) jain() float64 {
	var rates []float64
	for _, f := range w.flows {
		if !f.spec.Back {
			rates = append(rates, float64(bytesIn(f.meter.bins, max(0, w.c.Duration-40*time.Second), w.c.Duration)))
		}
	}
	return jain(rates)
}

// change is a step of the capacity of one direction.
type change struct {
	at, end time.Duration
	back    bool
}

// changes returns the times at which what is possible rises, or falls.
func (w *world) changes(rises bool) []change {
	var all []change
	for _, back := range []bool{false, true} {
		path := w.c.Forward
		if back {
			path = w.c.Back
		}
		all = append(all, w.changesOf(path.Rate, back, rises)...)
	}
	return all
}

func (w *world) changesOf(rate netsim.Schedule, back, rises bool) []change {
	var all []change
	for i, step := range rate {
		end := w.c.Duration
		if i+1 < len(rate) {
			end = rate[i+1].From
		}
		before := 0.0
		if step.From > 0 {
			before = w.possible(back, step.From-1)
		}
		now := w.possible(back, step.From)
		if now > before == rises && now != before {
			all = append(all, change{step.From, end, back})
		}
	}
	return all
}

func (w *world) ramp() time.Duration {
	worst := time.Duration(none)
	for _, c := range w.changes(true) {
		took := c.end - c.at
		for t := c.at; t+time.Second <= c.end; t += binTime {
			if float64(w.got(c.back, t, t+time.Second)*8) >= 0.9*w.possible(c.back, c.at) {
				took = t + time.Second - c.at
				break
			}
		}
		worst = max(worst, took)
	}
	return worst
}

func (w *world) drain() time.Duration {
	worst := time.Duration(none)
	for _, c := range w.changes(false) {
		for _, f := range w.flows {
			if f.spec.Back == c.back {
				worst = max(worst, f.meter.drained(c))
			}
		}
	}
	return worst
}

// longQueue is what a queue must not stay above.
const (
	longQueue = 50 * time.Millisecond
	afterFall = 10 * time.Second // a queue that grows later has another cause
)

// drained returns how long after a fall of the capacity the queue was short again: the first packet after the one that
// waited longest; 0 if none waited long.
func (m *meter) drained(c change) time.Duration {
	var longest wait
	short := c.at
	for _, w := range m.waits {
		switch {
		case w.at < c.at || w.at >= min(c.end, c.at+afterFall):
		case w.queued >= longQueue && w.queued > longest.queued:
			longest, short = w, c.end
		case w.queued < longQueue:
			short = min(short, w.at)
		}
	}
	return short - c.at
}

// outage looks at a time in which the feedback of the first flow was lost.
func (w *world) outage() (still float64, back time.Duration) {
	f := w.flows[0]
	from, to := f.spec.NoFeedback[0], f.spec.NoFeedback[1]
	if to == 0 {
		return 0, 0
	}
	before := bytesIn(f.meter.sentBins, from-2*time.Second, from) / 10
	still = float64(bytesIn(f.meter.sentBins, to-2*binTime, to)) / float64(max(1, before))
	for back = time.Second; to+back < w.c.Duration; back += binTime {
		if float64(w.got(false, to+back-time.Second, to+back)*8) >= 0.9*w.possible(false, to) {
			break
		}
	}
	return still, back
}
