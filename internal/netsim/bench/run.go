package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
)

// Result holds the metrics of one run; see the package comment for what they mean.
type Result struct {
	Util          float64 // 0 to 1, as all that are in per cent in the table
	P50, P95, P99 time.Duration
	AudioP99      time.Duration // the queue as audio sees it
	Loss          float64
	Ramp, Drain   time.Duration // negative if the capacity never rose, or fell
	Jain, Share   float64
	Outage        float64       // share of the rate that is still sent at the end of a time without feedback
	Back          time.Duration // from its end to the end of the first second at 90 % of what is possible
	Padding       float64
	Feedback      float64 // kbit/s
}

// Run plays a case with a seed and the estimator of package bwe. The same seed gives the same result to the bit.
func Run(c Case, seed uint64) Result {
	w := newWorld(c, seed, newOurs)
	w.sim.Run(c.Duration)
	return w.result()
}

// world is a case that is being played.
type world struct {
	c             Case
	make          func(bounds, sendFunc) control
	sim           *netsim.Sim
	forward, back *netsim.Link
	flows         []*flow
	tcp           []int // bins of bytes delivered by endless transfers
}

func newWorld(c Case, seed uint64, make func(bounds, sendFunc) control) *world {
	w := &world{c: c, make: make, sim: netsim.NewSim(seed)}
	w.forward, w.back = newLink(w.sim, c.Forward, 1), newLink(w.sim, c.Back, 2)
	for i, spec := range c.Flows {
		out, back := w.forward, w.back
		if spec.Back {
			out, back = back, out
		}
		w.flows = append(w.flows, w.newFlow(spec, uint64(10+i), out, back))
	}
	for _, t := range c.TCP {
		w.startTCP(t)
	}
	for i := range c.Web.Count {
		netsim.StartWeb(w.sim, c.Web.Web, uint64(100+i), w.tcpConfig(netsim.Reno, usualDelay))
	}
	return w
}

func (w *world) startTCP(t Transfer) {
	config := w.tcpConfig(t.Congestion, orElse(t.Delay, usualDelay))
	config.OnDeliver = func(n int) { w.tcp = addBin(w.tcp, w.sim.Now(), n) }
	tcp := netsim.NewTCP(w.sim, config)
	w.sim.At(t.Start, func() { tcp.Start(-1) })
	w.sim.At(t.stop(&w.c), tcp.Stop)
}

func (w *world) tcpConfig(kind netsim.Congestion, delay time.Duration) netsim.TCPConfig {
	return netsim.TCPConfig{Congestion: kind, Forward: w.forward, Back: w.back, Extra: delay}
}

// fastPath is the rate of a path without one, in bit/s.
const fastPath = 100e6

func newLink(sim *netsim.Sim, p Path, use uint64) *netsim.Link {
	config := netsim.LinkConfig{Rate: p.Rate, Loss: p.Loss, Jitter: p.Jitter, Policer: p.Policer, Use: use}
	if len(p.Rate) == 0 {
		config.Rate = netsim.Constant(fastPath)
	} else {
		config.Queue = netsim.QueueBytes(orElse(p.Reference, 1e6), orElse(p.Queue, 300*time.Millisecond))
	}
	return netsim.NewLink(sim, config)
}

// result says how well the flows did.
func (w *world) result() Result {
	waits, audio := w.waits()
	r := Result{P50: percentile(waits, 0.5), P95: percentile(waits, 0.95), P99: percentile(waits, 0.99), AudioP99: percentile(audio, 0.99)}
	var sent, lost, media, pad, feedback int
	for _, f := range w.flows {
		m := &f.meter
		sent, lost, media, pad, feedback = sent+m.sent, lost+m.lost, media+m.media, pad+m.pad, feedback+m.feedback
	}
	r.Loss = float64(lost) / float64(max(1, sent))
	r.Padding = float64(pad) / float64(max(1, pad+media))
	r.Feedback = float64(feedback*8) / w.c.Duration.Seconds() / 1000 / float64(max(1, len(w.flows)))
	r.Util, r.Share = w.util(), w.share()
	r.Ramp, r.Drain = w.ramp(), w.drain()
	r.Jain = w.jain()
	r.Outage, r.Back = w.outage()
	return r
}
