package bench

import (
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// control is a congestion control with its pacer: what the bench compares.
type control interface {
	// target is what the source may send, audio included.
	target() bwe.Bitrate
	// demand tells what the source has use for.
	demand(now time.Duration, d bwe.Demand)
	// push takes a packet that is to be sent.
	push(now time.Duration, item bwe.Item)
	// pump sends what may go out now and tells when it wants to be called again, 0 for not. Padding for probes is made
	// only while the source is active.
	pump(now time.Duration, active bool) time.Duration
	// hear takes a marshalled transport-wide feedback; latest is the highest number that was sent.
	hear(now time.Duration, raw []byte, latest int64)
}

// bounds are what a control is told at the start.
type bounds struct {
	least, most, first bwe.Bitrate
}

// sendFunc puts a packet on the link and returns its transport-wide number.
type sendFunc func(now time.Duration, item bwe.Item) int64

// ours is the estimator and the pacer of package bwe.
type ours struct {
	send      sendFunc
	estimator *bwe.Estimator
	pacer     *bwe.Pacer
	filler    int // bytes of each packet that fills the probe
	parser    bwe.TransportCC
	acks      []bwe.Ack
}

func newOurs(b bounds, send sendFunc) control {
	o := &ours{send: send, estimator: bwe.New(bwe.Config{Min: b.least, Max: b.most, Start: b.first})}
	o.pacer = bwe.NewPacer(o.estimator.State().Pacing)
	o.estimator.SetDemand(0, bwe.Demand{Wanted: b.most})
	return o
}

func (o *ours) target() bwe.Bitrate { return o.estimator.State().Target }

func (o *ours) demand(now time.Duration, d bwe.Demand) { o.estimator.SetDemand(now, d) }

func (o *ours) push(now time.Duration, item bwe.Item) { o.pacer.Push(now, item) }

func (o *ours) pump(now time.Duration, active bool) time.Duration {
	o.estimator.OnTimeout(now)
	o.follow(now, active)
	for item, ok := o.pacer.Pop(now); ok; item, ok = o.pacer.Pop(now) {
		seq := o.send(now, item)
		o.estimator.OnPacketSent(bwe.Sent{Seq: seq, At: now, Size: item.Size, Kind: item.Kind, Probe: item.Probe})
	}
	next, ok := o.pacer.Next(now)
	if !ok {
		return 0
	}
	return max(next, now+1)
}

// follow gives the state of the estimator to the pacer, and padding where a probe needs it.
func (o *ours) follow(now time.Duration, active bool) {
	o.pacer.SetState(o.estimator.State())
	if probe, ok := o.estimator.Probe(now); ok && active {
		o.pacer.StartProbe(probe)
		o.filler = min(probe.Size, mediaSize)
	}
	for left := o.pacer.Wants(now); left > 0; left -= o.filler {
		o.pacer.Push(now, bwe.Item{Kind: bwe.Padding, Size: o.filler})
	}
}

func (o *ours) hear(now time.Duration, raw []byte, latest int64) {
	acks, err := o.parser.Parse(raw, latest, o.acks[:0])
	if err != nil {
		panic(err) // what pion/rtcp has marshalled is well formed
	}
	o.acks = acks
	o.estimator.OnFeedback(now, acks)
}
