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

	streams []*rtpfwd.Stream // by encoding
	lastAt  []time.Duration  // of a packet, by encoding; 0: none yet
}

// subscription is a participant's reception of one publication on one slot. It exists from the mapping until the next.
type subscription struct {
	feed *feed
	slot *slotSender
	fwd  *rtpfwd.Forwarder
	want rtpfwd.Layer // what the view asks for; the target is what lives of it

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
	sub := &subscription{feed: f, slot: slot, want: want}
	sub.fwd = rtpfwd.NewForwarder(rtpfwd.ForwarderConfig{Codec: pub.codec, Streams: f.streams})
	f.subs = append(f.subs, sub)
	sub.retarget(now)
	return sub
}

func newFeed(w *worker, pub *Publication) *feed {
	n, size, rate := max(1, len(pub.encodings)), videoRing, uint32(90000)
	if pub.kind == signaling.KindAudio {
		size, rate = audioRing, 48000
	}
	f := &feed{w: w, pub: pub, lastAt: make([]time.Duration, n)}
	for i := range n {
		f.streams = append(f.streams, &rtpfwd.Stream{Encoding: uint8(i), Ring: rtpfwd.NewRing(size), Rate: rate})
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
	if int(encoding) < len(f.streams) {
		f.streams[encoding].Clock, f.streams[encoding].HasClock = c, true
	}
}

func (f *feed) deliver(now time.Duration, p *rtpfwd.Packet) {
	if int(p.Encoding) >= len(f.streams) {
		return
	}
	f.streams[p.Encoding].Ring.Put(p)
	first := f.lastAt[p.Encoding] == 0
	f.lastAt[p.Encoding] = max(now, 1)
	for _, sub := range f.subs {
		if !sub.slot.t.connected.Load() {
			continue
		}
		if first {
			sub.retarget(now)
		}
		f.w.choices = sub.fwd.Select(now, p, f.w.choices[:0])
		sub.send(now, f.w.choices)
	}
}

// lives tells whether an encoding has sent something lately.
func (f *feed) lives(i int, now time.Duration) bool {
	return f.lastAt[i] != 0 && now-f.lastAt[i] < encodingSilence
}

// best is the layer nearest to what is wanted among the encodings that live: the largest below it, else the smallest above.
func (f *feed) best(now time.Duration, want rtpfwd.Layer) rtpfwd.Layer {
	if len(f.streams) == 1 {
		return rtpfwd.Layer{Spatial: max(0, want.Spatial), Temporal: want.Temporal}
	}
	want.Spatial = min(want.Spatial, int8(len(f.streams)-1))
	for i := want.Spatial; i >= 0; i-- {
		if f.lives(int(i), now) {
			return rtpfwd.Layer{Spatial: i, Temporal: want.Temporal}
		}
	}
	for i := want.Spatial + 1; int(i) < len(f.streams); i++ {
		if f.lives(int(i), now) {
			return rtpfwd.Layer{Spatial: i, Temporal: want.Temporal}
		}
	}
	return want // nothing lives: nothing to change
}

func (f *feed) tick(now time.Duration) {
	if f.pub.kind == signaling.KindAudio {
		return
	}
	for _, sub := range f.subs {
		sub.retarget(now)
		if sub.fwd.Deadline() <= now {
			f.w.choices = sub.fwd.Advance(now, f.w.choices[:0])
			sub.send(now, f.w.choices)
		}
		sub.askKeyframe(now)
	}
}

// retarget follows the wish and the encodings that live.
func (s *subscription) retarget(now time.Duration) {
	if t := s.feed.best(now, s.want); t != s.fwd.Target() {
		s.fwd.SetTarget(now, t)
		s.asked = false
	}
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
