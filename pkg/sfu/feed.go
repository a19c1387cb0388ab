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
	layers   uint8             // spatial layers that the keyframes told of
}

// subscription is a participant's reception of one publication on one slot. It exists from the mapping until the next.
type subscription struct {
	feed *feed
	slot *slotSender
	fwd  *rtpfwd.Forwarder

	askedAt time.Duration // newest keyframe request
	asked   bool
}

const (
	videoRing  = 1024 // packets of one encoding: three to ten seconds
	audioRing  = 256
	askKeyedBy = 100 * time.Millisecond // a subscription repeats its wish this often; the authority decides
)

// subscribe makes a subscription, and the feed if this is its first one on this worker.
func (w *worker) subscribe(now time.Duration, pub *Publication, slot *slotSender, want rtpfwd.Layer) *subscription {
	f := w.feeds[pub]
	if f == nil {
		f = newFeed(w, pub)
		w.feeds[pub] = f
		pub.transport.worker.post(func(time.Duration) { pub.transport.in.addInterest(pub, w) })
	}
	sub := &subscription{feed: f, slot: slot}
	sub.fwd = rtpfwd.NewForwarder(rtpfwd.ForwarderConfig{Codec: pub.codec, Replicas: f.replicas})
	f.subs = append(f.subs, sub)
	sub.aim(now, want)
	return sub
}

func newFeed(w *worker, pub *Publication) *feed {
	n, size := max(1, len(pub.encodings)), videoRing
	if pub.kind == signaling.KindAudio {
		size = audioRing
	}
	f := &feed{w: w, pub: pub}
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
	delete(w.feeds, f.pub)
	pub := f.pub
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

func (f *feed) deliver(now time.Duration, p *rtpfwd.Packet) {
	if int(p.Encoding) >= len(f.replicas) {
		return
	}
	f.replicas[p.Encoding].Ring.Put(p)
	if n := p.Desc.SpatialLayers; n > 0 && n != f.layers {
		f.layers = n
		for _, sub := range f.subs {
			sub.slot.t.owner.markDirty() // the view may choose among them
		}
	}
	for _, sub := range f.subs {
		if !sub.slot.t.connected.Load() {
			continue
		}
		f.w.choices = sub.fwd.Select(now, p, f.w.choices[:0])
		sub.send(now, f.w.choices)
	}
}

func (f *feed) tick(now time.Duration) {
	if f.pub.kind == signaling.KindAudio {
		return
	}
	for _, sub := range f.subs {
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

// askKeyframe asks the source's keyframe authority for what the forwarder waits for.
func (s *subscription) askKeyframe(now time.Duration) {
	if s.feed.pub.kind == signaling.KindAudio || !s.slot.t.connected.Load() {
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
	s.feed.askKeyframe(now, encoding)
}

func (f *feed) askKeyframe(now time.Duration, encoding uint8) {
	pub := f.pub
	if pub.transport.worker == f.w {
		pub.transport.in.wantKeyframe(now, pub, encoding)
		return
	}
	pub.transport.worker.post(func(now time.Duration) { pub.transport.in.wantKeyframe(now, pub, encoding) })
}

func (s *subscription) send(now time.Duration, choices []rtpfwd.Choice) {
	for i := range choices {
		s.slot.forward(now, s, choices[i])
	}
}
