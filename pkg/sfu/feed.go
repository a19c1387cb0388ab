package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/prefetch"
	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// feed is one worker's copy of a publication: its own ring of references for each encoding, and who receives it here.
type feed struct {
	w    *worker
	pub  *Publication
	subs []*subscription

	replicas []*rtpfwd.Replica // by encoding
	newest   []rtpfwd.SeqNo    // by encoding
	layers   uint8             // spatial layers that the keyframes told of
	rates    layerRates
	reported int                         // encodings that are of use here, as the publisher's worker knows it
	cameAt   [maxEncodings]time.Duration // by encoding: when the newest packet was forwarded; 0: none yet

	attended []*subscription // that have something to do in the next tick
	sweptAt  time.Duration   // when all had their turn
	tickedAt time.Duration

	// begun says that what the publisher's worker has of the past is here. Until then no keyframe is asked for, but not for
	// longer than a job takes that was not lost: since is when the feed was made.
	begun bool
	since time.Duration

	ahead []prefetch.Places // of each subscription, what the next walk touches

	// round is what came in this round of the worker and is not forwarded yet, each packet newer than all of its encoding before it.
	round   []*rtpfwd.Packet
	waiting bool // for the end of the round
}

// subscription is a participant's reception of one publication on one slot. It exists from the mapping until the next.
type subscription struct {
	// What each packet touches lies together: see hot.
	feed      *feed
	slot      *slotSender
	out       *egress // of the slot
	fwd       *rtpfwd.Forwarder
	attended  bool          // it is on the list of its feed
	resting   bool          // until the picture that is being sent has ended
	thinUntil time.Duration // no upper temporal layers
	frame     int64         // the last one that was queued, as the pacer knows it
	givenUp   int64         // the newest one of which packets were dropped: the rest of it is, too
	// queue is what a replay has left to send, and behind it what has come since: at most burst packets go in a tick.
	queue []rtpfwd.Choice

	id          int64         // among those of the Transport
	asked       shown         // by the view
	view        int64         // counts the changes of asked
	granted     rtpfwd.Layer  // by the allocator
	why         bwe.Why       // that, and not more
	starved     bool          // the path has no room for any of it
	starvedAt   time.Duration // since when it is, or is not
	toldStarved bool
	seen        bool // the participant has seen what replays hold, and must not go back to it

	requestedAt time.Duration // newest keyframe request
	requested   bool

	burst      int
	startedAt  time.Duration
	replayedAt time.Duration
	repaired   bool // by a replay, once after its start
}

const (
	videoRing  = 1024 // packets of one encoding: three to ten seconds
	audioRing  = 256
	maxRound   = 64 // packets of a publication that are forwarded together: a burst of a frame or two
	thinTime   = 500 * time.Millisecond
	askKeyedBy = 100 * time.Millisecond // a subscription repeats its wish this often; the authority decides
)

// subscribe makes a subscription, and the feed if this is its first one on this worker. It begins with aim.
func (w *worker) subscribe(now time.Duration, pub *Publication, slot *slotSender) *subscription {
	f := w.feeds[pub]
	if f == nil {
		f = newFeed(w, pub)
		w.feeds[pub] = f
		pub.transport.worker.post(func(time.Duration) { pub.transport.in.addInterest(pub, w) })
	}
	sub := &subscription{feed: f, slot: slot, out: slot.t.out, startedAt: now, id: slot.t.out.allocation.newID()}
	sub.fwd = rtpfwd.NewForwarder(rtpfwd.ForwarderConfig{Codec: pub.codec, Replicas: f.replicas})
	f.subs = append(f.subs, sub)
	return sub
}

// is tells whether o is the same subscription.
func (s *subscription) is(o *subscription) bool { return s == o }

func newFeed(w *worker, pub *Publication) *feed {
	n, size := max(1, len(pub.encodings)), videoRing
	if pub.kind == signaling.KindAudio {
		size = audioRing
	}
	f := &feed{w: w, pub: pub, since: w.srv.now(), newest: make([]rtpfwd.SeqNo, n)}
	for i := range n {
		f.replicas = append(f.replicas, &rtpfwd.Replica{Encoding: uint8(i), Ring: rtpfwd.NewRing(size), Rate: pub.codec.ClockRate()})
	}
	return f
}

// unsubscribe ends a subscription, and the feed with its last one.
func (w *worker) unsubscribe(sub *subscription) {
	f := sub.feed
	f.subs = slices.DeleteFunc(slices.Clone(f.subs), sub.is) // clones, as the feed may be in a walk or a tick
	f.attended = slices.DeleteFunc(slices.Clone(f.attended), sub.is)
	f.report(w.srv.now(), f.uses())
	if len(f.subs) > 0 || w.feeds[f.pub] != f {
		return
	}
	pub := f.pub
	if pub.transport.worker == w {
		pub.transport.in.settle(pub)
		return
	}
	delete(w.feeds, pub)
	pub.transport.worker.post(func(time.Duration) { pub.transport.in.removeInterest(pub, w) })
}

// dropFeed ends all subscriptions of a publication that is no more.
func (w *worker) dropFeed(pub *Publication) {
	f := w.feeds[pub]
	if f == nil {
		return
	}
	delete(w.feeds, pub)
	for _, sub := range f.subs {
		sub.slot.lost(sub)
	}
	f.subs, f.attended = nil, nil
}

func (f *feed) setClock(encoding uint8, c rtpfwd.Clock) {
	if int(encoding) < len(f.replicas) {
		f.replicas[encoding].Clock, f.replicas[encoding].HasClock = c, true
	}
}

// keep takes a packet of the past, for those who start at its keyframe.
func (f *feed) keep(p *rtpfwd.Packet) {
	if int(p.Encoding) < len(f.replicas) {
		f.replicas[p.Encoding].Put(p)
		f.newest[p.Encoding] = max(f.newest[p.Encoding], p.Seq)
	}
}

// deliver takes a packet into this round. A late one ends the round before it, and its own: those who forward look back in the ring, and
// what they find there they must have been given.
func (f *feed) deliver(now time.Duration, p *rtpfwd.Packet) {
	if int(p.Encoding) >= len(f.replicas) {
		return
	}
	newest := &f.newest[p.Encoding]
	late := p.Seq <= *newest
	if late || len(f.round) == maxRound {
		f.walk(now)
	}
	f.round = append(f.round, p)
	if late {
		f.walk(now)
		return
	}
	*newest = p.Seq
	if !f.waiting {
		f.waiting = true
		f.w.waiting = append(f.w.waiting, f)
	}
}

// walk forwards the round, subscription by subscription, and sends at once what a pacer lets pass: what one of them needs stays in the
// processor's cache for all packets, from their selection to the queue of the socket.
func (f *feed) walk(now time.Duration) {
	round := f.round
	if len(round) == 0 {
		return
	}
	f.round = f.round[:0]
	for _, p := range round {
		f.replicas[p.Encoding].Put(p)
		f.learnLayers(p)
		f.cameAt[p.Encoding] = now
		if f.pub.kind == signaling.KindVideo {
			f.rates.add(now, p, f.simulcast())
		}
	}
	pads := f.w.pads[:len(round)]
	rtpfwd.EqualSizes(round, pads)
	f.lookAhead()
	for i, sub := range f.subs {
		f.fetch(i + 1)
		if !sub.out.open {
			continue
		}
		f.w.guard(sub.out.t, func() { sub.forward(now, round, pads) })
		f.note(i, sub)
		if f.w.unsent >= sendTogether {
			now = f.w.sendAll()
		}
	}
	clear(round)
}

// forward selects from a round and sends what may go. What the pacer holds back, or has held back, goes when the worker pumps.
func (s *subscription) forward(now time.Duration, round []*rtpfwd.Packet, pads []uint8) {
	w, out := s.feed.w, s.out
	choices := w.choices[:0]
	for i, p := range round {
		n := len(choices)
		choices = s.fwd.Select(now, p, choices)
		if len(choices) == n+1 { // more are of the past
			choices[n].Pad = pads[i]
		}
	}
	w.choices = choices
	s.attend()
	if len(choices) == 0 {
		return
	}
	listed := out.pacing.ready
	out.pacing.ready = true // what is queued is pumped here and now
	s.send(now, choices)
	out.pacing.ready = listed
	if !listed && (out.pacing.pacer.Len() > 0 || out.pacing.outdated(now)) {
		out.pump(now)
	}
}

// learnLayers tells those whose view may choose among the spatial layers when their number changes.
func (f *feed) learnLayers(p *rtpfwd.Packet) {
	n := p.Desc.SpatialLayers
	if n == 0 || n == f.layers {
		return
	}
	f.layers = n
	for _, sub := range f.subs {
		sub.slot.t.owner.markDirty()
	}
}

// aim takes what the view asks for. Sound needs no grant.
func (s *subscription) aim(now time.Duration, asked shown) {
	if s.asked != asked {
		s.asked = asked
		s.view++
	}
	s.granted = asked.layer
	if s.feed.pub.kind == signaling.KindAudio {
		s.retarget(now)
		return
	}
	s.out.allocate(now)
}

// retarget gives the forwarder what is granted. It takes the nearest layer that lives.
func (s *subscription) retarget(now time.Duration) {
	l := s.granted
	if s.resting {
		l = rtpfwd.Layer{Spatial: -1, Temporal: -1}
	}
	if now < s.thinUntil {
		l.Temporal = 0
	}
	if l == s.fwd.Target() {
		return
	}
	s.seen = s.seen || !s.fwd.Current().None()
	s.fwd.SetTarget(now, l)
	s.requested = false
	s.askKeyframe(now)
}

// mayReplay tells whether the past is new to the participant, or the only way to a picture.
func (s *subscription) mayReplay() bool {
	if !s.seen {
		return true
	}
	for _, r := range s.feed.replicas {
		if r.Supply() == rtpfwd.NotToBeHad {
			return true
		}
	}
	return false
}

// thin leaves the upper temporal layers out for a while: some of their frames were given up, and what follows needs them.
func (s *subscription) thin(now time.Duration) {
	s.thinUntil = now + thinTime
	s.attend()
	s.retarget(now)
}

// askKeyframe starts at a keyframe of the past, or asks the source's keyframe authority for what the forwarder waits for.
func (s *subscription) askKeyframe(now time.Duration) {
	s.attend()
	if s.feed.pub.kind == signaling.KindAudio || !s.out.open || s.out.paused {
		return
	}
	if !s.feed.begun && now-s.feed.since < askKeyedBy {
		return
	}
	encoding, ok := s.fwd.KeyframeWanted()
	if !ok {
		s.requested = false
		return
	}
	if s.requested && now-s.requestedAt < askKeyedBy {
		return
	}
	s.requested, s.requestedAt = true, now
	if s.mayReplay() && s.replay(now) {
		if encoding, ok = s.fwd.KeyframeWanted(); !ok {
			return
		}
	}
	s.feed.askKeyframe(now, encoding, true)
}

func (f *feed) askKeyframe(now time.Duration, encoding uint8, need bool) {
	pub := f.pub
	if pub.transport.worker == f.w {
		pub.transport.in.wantKeyframe(now, pub, encoding, need)
		return
	}
	pub.transport.worker.post(func(now time.Duration) { pub.transport.in.wantKeyframe(now, pub, encoding, need) })
}

// send forwards what was chosen, behind what waits.
func (s *subscription) send(now time.Duration, choices []rtpfwd.Choice) {
	if len(s.queue) > 0 {
		s.queue = append(s.queue, choices...)
		return
	}
	for i := range choices {
		s.slot.forward(now, s, choices[i])
	}
}
