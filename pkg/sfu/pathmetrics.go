package sfu

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	pathSampleEvery = time.Second // of each Transport
	pacerSample     = 32          // one of so many packets is timed
	probeAchieved   = 0.9         // of its rate has arrived
	bitsPerByte     = 8           // Prometheus counts bytes
)

// bitrateBounds are those of spreads of bitrates, in bit/s.
var bitrateBounds = [...]int64{50e3, 100e3, 200e3, 300e3, 500e3, 800e3, 1.2e6, 2e6, 3e6, 5e6, 10e6, 20e6, 50e6}

// pathTally is what a worker counts of the paths to its participants.
type pathTally struct {
	target, sending spread // of each connected Transport with slots, once a second
	pacer           spread // time that a packet has waited for its turn
	popped          uint64 // packets whose turn came
	probes          uint64 // that began
	achieved        uint64 // whose rate has arrived

	now pathCensus // filled in for a scrape
}

// pathCensus is how many Transports and slots are in which state, at a moment.
type pathCensus struct {
	paused   int                 // Transports without room for any video
	modes    [len(modeNames)]int // by bwe.Mode
	feedback map[signaling.FeedbackKind]int
	grants   [len(grantReasons)]int // slots, by bwe.Why
}

// The names of modes, by bwe.Mode.
var modeNames = [...]string{bwe.Track: "track", bwe.Drain: "drain", bwe.Compete: "compete"}

// sample notes the state of a path, once a second.
func (e *egress) sample(now time.Duration, target bwe.Bitrate) {
	o := &e.observation
	if now-o.sampledAt < pathSampleEvery {
		return
	}
	o.sampledAt = now
	t := &e.t.worker.tally.path
	t.target.add(int64(target), &bitrateBounds)
	t.sending.add(int64(o.rate), &bitrateBounds)
}

// left notes a packet whose turn has come.
func (t *pathTally) left(now time.Duration, item bwe.Item) {
	if t.popped++; t.popped%pacerSample == 0 {
		t.pacer.add(int64(max(now-item.Queued, 0)), &timeBounds)
	}
}

// judged notes probes that have ended.
func (e *egress) judged(s bwe.State) {
	p := &e.pacing
	if s.Probes == p.judged {
		return
	}
	p.judged = s.Probes
	if p.probed > 0 && float64(s.Probed) >= probeAchieved*float64(p.probed) {
		e.t.worker.tally.path.achieved++
	}
	p.probed = 0
}

// census counts the states of the worker's Transports.
func (w *worker) census() pathCensus {
	c := pathCensus{feedback: map[signaling.FeedbackKind]int{}}
	for t := range w.transports {
		if !t.connected.Load() || len(t.out.order) == 0 {
			continue
		}
		s := t.out.pacing.estimator.State()
		c.modes[s.Mode]++
		c.feedback[t.out.feedbackKind(s.Feedback)]++
		if t.out.allocation.allocator.Paused() {
			c.paused++
		}
		for _, ss := range t.out.order {
			if sub := ss.newest(); sub != nil && sub.feed.pub.kind == signaling.KindVideo {
				c.grants[sub.why]++
			}
		}
	}
	return c
}

// add sums up the tallies of workers.
func (t *pathTally) add(o *pathTally) {
	for _, s := range [...]struct{ to, from *spread }{{&t.target, &o.target}, {&t.sending, &o.sending}, {&t.pacer, &o.pacer}} {
		s.to.sum += s.from.sum
		for i, n := range s.from.counts {
			s.to.counts[i] += n
		}
	}
	t.probes += o.probes
	t.achieved += o.achieved
	t.now.paused += o.now.paused
	for i, n := range o.now.modes {
		t.now.modes[i] += n
	}
	for kind, n := range o.now.feedback {
		t.now.feedback[kind] += n
	}
	for i, n := range o.now.grants {
		t.now.grants[i] += n
	}
}

// pathMetrics describe the sum of all path tallies.
type pathMetrics struct {
	target, sending, pacer, probes, achieved, paused *prometheus.Desc
	modes, feedback, grants                          *prometheus.Desc
}

func newPathMetrics(desc func(name, help string, labels ...string) *prometheus.Desc) pathMetrics {
	return pathMetrics{
		target:   desc("transport_target_bytes_per_second", "Bytes a second that the path to a participant is taken to carry, of each connected Transport with slots once a second."),
		sending:  desc("transport_sending_bytes_per_second", "Bytes a second that are sent to a participant with the headers of the network, of each connected Transport with slots once a second."),
		pacer:    desc("pacer_queue_seconds", "Time that a packet to a participant has waited for its turn, of one in 32."),
		probes:   desc("probes_total", "Probes that began: short bursts to find out whether a path carries more."),
		achieved: desc("probes_achieved_total", "Probes of whose rate at least nine tenths have arrived."),
		paused:   desc("transports_paused", "Transports whose path has no room for any video."),
		modes:    desc("transports_by_mode", "Connected Transports with slots, by what their estimator does: track, drain or compete.", "mode"),
		feedback: desc("transports_by_feedback", "Connected Transports with slots, by what their receiver tells of arrivals.", "feedback"),
		grants:   desc("slots_by_grant", "Slots with video that is not muted, by why they get what they get, and not more.", "why"),
	}
}

func (m *pathMetrics) all() []*prometheus.Desc {
	return []*prometheus.Desc{m.target, m.sending, m.pacer, m.probes, m.achieved, m.paused, m.modes, m.feedback, m.grants}
}

func (m *pathMetrics) collect(t *pathTally, out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	out <- t.target.metric(m.target, &bitrateBounds, bitsPerByte)
	out <- t.sending.metric(m.sending, &bitrateBounds, bitsPerByte)
	out <- t.pacer.metric(m.pacer, &timeBounds, time.Second)
	out <- prometheus.MustNewConstMetric(m.probes, prometheus.CounterValue, float64(t.probes))
	out <- prometheus.MustNewConstMetric(m.achieved, prometheus.CounterValue, float64(t.achieved))
	gauge(m.paused, t.now.paused)
	for i, name := range modeNames {
		gauge(m.modes, t.now.modes[i], name)
	}
	for _, kind := range [...]signaling.FeedbackKind{
		signaling.FeedbackNone, signaling.FeedbackTransportCC, signaling.FeedbackCCFB, signaling.FeedbackReports,
	} {
		gauge(m.feedback, t.now.feedback[kind], string(kind))
	}
	for i, name := range grantReasons {
		gauge(m.grants, t.now.grants[i], string(name))
	}
}
