package sfu

import (
	"slices"
	"time"

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

	// begun says that what the publisher's worker has of the past is here. Until then no keyframe is asked for, but not for
	// longer than a job takes that was not lost: since is when the feed was made.
	begun bool
	since time.Duration

	// round is what came in this round of the worker and is not forwarded yet, each packet newer than all of its encoding before it.
	round   []*rtpfwd.Packet
	waiting bool // for the end of the round
}

// subscription is a participant's reception of one publication on one slot. It exists from the mapping until the next.
type subscription struct {
	feed *feed
	slot *slotSender
	fwd  *rtpfwd.Forwarder

	askedAt time.Duration // newest keyframe request
	asked   bool

	// queue is what a replay has left to send, and behind it what has come since: at most burst packets go in a tick.
	queue      []rtpfwd.Choice
	burst      int
	startedAt  time.Duration
	replayedAt time.Duration
	repaired   bool // by a replay, once after its start
}

const (
	videoRing  = 1024 // packets of one encoding: three to ten seconds
	audioRing  = 256
	maxRound   = 64                     // packets of a publication that are forwarded together: a burst of a frame or two
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
	sub := &subscription{feed: f, slot: slot, startedAt: now}
	sub.fwd = rtpfwd.NewForwarder(rtpfwd.ForwarderConfig{Codec: pub.codec, Replicas: f.replicas})
	f.subs = append(f.subs, sub)
	return sub
}

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
	f.subs = slices.DeleteFunc(f.subs, func(o *subscription) bool { return o == sub })
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
	f.subs = nil
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

// walk forwards the round, subscription by subscription: what one of them needs stays in the processor's cache for all packets.
func (f *feed) walk(now time.Duration) {
	round := f.round
	if len(round) == 0 {
		return
	}
	f.round = f.round[:0]
	for _, p := range round {
		f.replicas[p.Encoding].Put(p)
		f.learnLayers(p)
	}
	pads := f.w.pads[:len(round)]
	rtpfwd.EqualSizes(round, pads)
	for _, sub := range f.subs {
		if !sub.slot.t.connected.Load() {
			continue
		}
		choices := f.w.choices[:0]
		for i, p := range round {
			n := len(choices)
			choices = sub.fwd.Select(now, p, choices)
			if len(choices) == n+1 { // more are of the past
				choices[n].Pad = pads[i]
			}
		}
		f.w.choices = choices
		sub.send(now, choices)
	}
	clear(round)
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

func (f *feed) tick(now time.Duration) {
	if f.pub.kind == signaling.KindAudio {
		return
	}
	for _, sub := range f.subs {
		if len(sub.queue) > 0 {
			sub.drain(now)
		}
		if sub.fwd.Deadline() <= now {
			f.w.choices = sub.fwd.Advance(now, f.w.choices[:0])
			sub.send(now, f.w.choices)
		}
		sub.askKeyframe(now)
	}
}

// aim sets the layer that the view asks for. The forwarder takes the nearest one that lives.
func (s *subscription) aim(now time.Duration, l rtpfwd.Layer) {
	s.fwd.SetTarget(now, l)
	s.asked = false
	s.askKeyframe(now)
}

// askKeyframe starts at a keyframe of the past, or asks the source's keyframe authority for what the forwarder waits for.
func (s *subscription) askKeyframe(now time.Duration) {
	if s.feed.pub.kind == signaling.KindAudio || !s.slot.t.connected.Load() || s.slot.t.out.paused {
		return
	}
	if !s.feed.begun && now-s.feed.since < askKeyedBy {
		return
	}
	encoding, ok := s.fwd.KeyframeWanted()
	if !ok {
		s.asked = false
		return
	}
	if s.asked && now-s.askedAt < askKeyedBy {
		return
	}
	s.asked, s.askedAt = true, now
	if s.replay(now) {
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
