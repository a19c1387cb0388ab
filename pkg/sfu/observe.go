package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	// observeEvery is how often it is looked whether a participant is to be told of its path at once.
	observeEvery = 500 * time.Millisecond
	// networkEvery is how often the figures alone are told, and calmEvery the same to who gets all that it asks for: it looks at them seldom,
	// and a message costs as much as some ten forwarded packets.
	networkEvery = 2 * time.Second
	calmEvery    = 10 * time.Second
	// starvedAfter is how long a slot gets nothing, or something again, until that is told: it may be over in a moment.
	starvedAfter = 500 * time.Millisecond
	// noticed is how much a figure must change to be told: the estimate is never quite still. A round trip changes by noticedRTT at the
	// least: what is below is our own waiting as often as that of the path.
	noticed    = 0.05
	noticedRTT = 10 // ms
)

// observation is what a participant was told of its downlink, and what is counted for it. The worker of its Transport owns it.
type observation struct {
	bytes int // sent since at
	at    time.Duration
	rate  bwe.Bitrate // that is sent
	ccfb  bool        // the feedback of each packet is that of RFC 8888
	told  signaling.Network
	tell  time.Duration // when that was
	any   bool          // it was told

	sampledAt time.Duration // for metrics
}

// observe tells the participant of its path, if there is something new to tell.
func (e *egress) observe(now time.Duration) {
	o := &e.observation
	passed := now - o.at
	if passed < observeEvery || len(e.order) == 0 || !e.open {
		return
	}
	rate := bwe.Bitrate(float64(8*o.bytes) / passed.Seconds())
	o.rate, o.bytes, o.at = (o.rate+rate)/2, 0, now
	w := e.t.worker
	e.sample(now, e.pacing.target())
	w.told = e.grants(w.told[:0])
	n := e.network(w.told)
	if o.any && !ofNote(&o.told, &n) && (now-o.tell < tellingEvery(&n) || !moved(&o.told, &n)) {
		return
	}
	n.Slots = append([]signaling.SlotGrant{}, n.Slots...)
	o.told, o.tell, o.any = n, now, true
	e.t.owner.tellNetwork(&n)
}

// network describes the path.
func (e *egress) network(grants []signaling.SlotGrant) signaling.Network {
	s := e.pacing.estimator.State()
	n := signaling.Network{
		Estimate: int(s.Target), Sending: int(e.observation.rate),
		Loss: s.Loss, Feedback: e.feedbackKind(s.Feedback), Slots: grants,
	}
	if rtt := time.Duration(e.t.rtt.Load()); rtt > 0 {
		n.RTTMs = max(1, int(rtt.Round(time.Millisecond).Milliseconds()))
	}
	for _, g := range grants {
		n.Limited = n.Limited || g.Why != signaling.GrantDemand
	}
	return n
}

// feedbackKind names the feedback.
func (e *egress) feedbackKind(f bwe.Feedback) signaling.FeedbackKind {
	switch {
	case f == bwe.Reports:
		return signaling.FeedbackReports
	case f == bwe.Silent:
		return signaling.FeedbackNone
	case e.observation.ccfb:
		return signaling.FeedbackCCFB
	}
	return signaling.FeedbackTransportCC
}

// ofNote tells whether something has changed that is to be told at once.
func ofNote(a, b *signaling.Network) bool {
	return a.Limited != b.Limited || a.Feedback != b.Feedback || !slices.Equal(a.Slots, b.Slots)
}

// tellingEvery is how often the figures alone are told.
func tellingEvery(n *signaling.Network) time.Duration {
	if n.Limited {
		return networkEvery
	}
	return calmEvery
}

// moved tells whether a figure has changed so much that it is seen.
func moved(a, b *signaling.Network) bool {
	off := func(a, b int) bool { return max(a, b)-min(a, b) > int(noticed*float64(max(a, b))) }
	return off(a.Estimate, b.Estimate) || off(a.Sending, b.Sending) ||
		off(a.RTTMs, b.RTTMs) && max(a.RTTMs, b.RTTMs)-min(a.RTTMs, b.RTTMs) >= noticedRTT || max(a.Loss, b.Loss)-min(a.Loss, b.Loss) > noticed/10
}

// grants appends what each slot with video is granted.
func (e *egress) grants(out []signaling.SlotGrant) []signaling.SlotGrant {
	for _, ss := range e.order {
		sub := ss.newest()
		if sub == nil || sub.feed.pub.kind != signaling.KindVideo {
			continue
		}
		spatial, temporal := sub.describe()
		out = append(out, signaling.SlotGrant{MID: ss.slot.mid, Spatial: spatial, Temporal: temporal, Why: grantReasons[sub.why]})
	}
	return out
}

// The names of reasons, by bwe.Why.
var grantReasons = [...]signaling.GrantReason{
	bwe.WhyDemand: signaling.GrantDemand, bwe.WhyBudget: signaling.GrantBudget, bwe.WhyHysteresis: signaling.GrantHysteresis,
	bwe.WhyProbe: signaling.GrantProbe, bwe.WhyPaused: signaling.GrantPaused,
}

// describe is the layer that is granted, among those that there are: what is above all stands for the highest.
func (s *subscription) describe() (spatial, temporal int) {
	if s.granted.Spatial < 0 {
		return -1, -1
	}
	spatial = min(int(s.granted.Spatial), max(s.feed.pub.layers(), 1)-1)
	return spatial, min(max(int(s.granted.Temporal), 0), max(s.feed.rates.temporals(spatial), 1)-1)
}

// starve notes whether the path has room for the subscription, and has it told when that has lasted.
func (s *subscription) starve(now time.Duration, starved bool) {
	if starved != s.starved {
		s.starved, s.starvedAt = starved, now
	}
	if s.starved == s.toldStarved || now-s.starvedAt < starvedAfter {
		return
	}
	s.toldStarved = s.starved
	slot := s.slot.slot
	if s.starved {
		slot.starved.Store(s.feed.pub)
	} else {
		slot.starved.CompareAndSwap(s.feed.pub, nil)
	}
	s.slot.t.owner.markDirty()
}

// tellNetwork tells the participant of its path. It never waits; of what waits to be told only the newest counts.
func (p *Participant) tellNetwork(n *signaling.Network) {
	if p.network.Swap(n) != nil {
		return // who tells that one will find this one
	}
	p.scope.task(func() {
		if n := p.network.Swap(nil); n != nil {
			p.session.Ephemeral(signaling.TypeNetwork, signaling.TypeNetwork, n)
		}
	})
}
