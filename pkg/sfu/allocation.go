package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	// reserveEach is kept free for each voice, also while it is silent: it goes on at once.
	reserveEach = 20 * bwe.Kbps
	// calmAllocate is how often layers are granted to who has all that it asks for, while its path does not get worse, and what it gets is
	// not measured anew.
	calmAllocate = 500 * time.Millisecond
	// mostRepaired is the largest part of repairs that is counted on: a receiver that asks for everything again is not believed.
	mostRepaired = 0.5
)

// allocation divides what the path of a Transport carries among its subscriptions of video. Its worker owns it.
type allocation struct {
	sound     int           // bytes of sound since
	repairs   int           // of repairs
	video     int           // of video, sent for the first time
	since     time.Duration // of the counting of what is off the top
	rate      bwe.Bitrate   // that sound takes
	repaired  float64       // bytes of repairs for each of video
	lastID    int64
	at        time.Duration // the latest allocation
	target    bwe.Bitrate   // of the path then
	calm      bool          // everybody got all that was asked for
	allocator bwe.Allocator
}

// count notes what is sent.
func (a *allocation) count(kind bwe.Kind, size int) {
	switch kind {
	case bwe.Audio:
		a.sound += size
	case bwe.RTX:
		a.repairs += size
	case bwe.Video, bwe.Screen:
		a.video += size
	}
}

// measure follows what comes on top of the layers.
func (a *allocation) measure(now time.Duration) {
	passed := now - a.since
	if passed < ratesEvery {
		return
	}
	rate := bwe.Bitrate(float64(8*a.sound) / passed.Seconds())
	a.rate = (a.rate + rate) / 2
	if a.video > 0 {
		share := min(float64(a.repairs)/float64(a.video), mostRepaired)
		a.repaired += (share - a.repaired) / 4
	}
	a.sound, a.repairs, a.video, a.since = 0, 0, 0, now
}

// burden adds the repairs to what a layer takes.
func (a *allocation) burden(options []bwe.Option) {
	for i := range options {
		options[i].Rate = bwe.Bitrate(float64(options[i].Rate) * (1 + a.repaired))
	}
}

func (a *allocation) newID() int64 {
	a.lastID++
	return a.lastID
}

// due tells whether there may be something else to grant, of a path that carries so much.
func (a *allocation) due(now time.Duration, target bwe.Bitrate) bool {
	return !a.calm || target < a.target || now-a.at >= calmAllocate
}

// allocate grants layers: when the Transport is looked after, and when somebody asks for something else.
func (e *egress) allocate(now time.Duration) {
	a := &e.allocation
	a.measure(now)
	a.at, a.target, a.calm = now, e.pacing.target(), true
	w := e.t.worker
	w.ladders, w.options, w.granted = w.ladders[:0], w.options[:0], w.granted[:0]
	voices := 0
	for _, ss := range e.order {
		sub := ss.newest()
		if sub == nil {
			continue
		}
		if sub.feed.pub.kind == signaling.KindAudio {
			voices++
			continue
		}
		first := len(w.options)
		w.options = sub.feed.ladder(sub.asked, w.options)
		a.burden(w.options[first:])
		w.granted = append(w.granted, sub)
		w.ladders = append(w.ladders, bwe.Ladder{
			Options: w.options[first:len(w.options):len(w.options)], Screen: sub.feed.pub.source == signaling.SourceScreen,
			ID: sub.id, View: sub.view,
		})
	}
	reserve := max(a.rate, bwe.Bitrate(voices)*reserveEach)
	w.grants = a.allocator.Allocate(now, e.pacing.estimator.State(), reserve, w.ladders, w.grants[:0])
	for i, g := range w.grants {
		a.calm = a.calm && g.Why == bwe.WhyDemand
		w.granted[i].grant(now, g, w.ladders[i].Options)
		w.granted[i] = nil
	}
	e.pacing.estimator.SetDemand(now, a.allocator.Demand())
}

// newest is the subscription that the slot is for.
func (ss *slotSender) newest() *subscription {
	if ss.next != nil {
		return ss.next
	}
	return ss.current
}

// grant takes what the allocator gives.
func (s *subscription) grant(now time.Duration, g bwe.Grant, options []bwe.Option) {
	s.why = g.Why
	s.granted = rtpfwd.Layer{Spatial: -1, Temporal: -1}
	if g.Option != bwe.Off {
		o := options[g.Option]
		s.granted = rtpfwd.Layer{Spatial: o.Spatial, Temporal: o.Temporal}
	} else if len(options) == 0 {
		s.granted = s.asked.layer // nothing is sent: what comes first is taken
	}
	if n := s.uses(); n > s.feed.reported {
		s.feed.report(now, n)
	}
	s.starve(now, g.Option == bwe.Off && g.Why != bwe.WhyDemand && len(options) > 0)
	s.retarget(now)
}
