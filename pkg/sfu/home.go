package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// The worker of a publisher keeps a feed of each video publication that any worker receives, with subscribers of its own or without: the
// first subscriber on another worker is served from its rings. Of a source that is deaf to keyframe requests it keeps one even
// if nobody receives it.

// home is the feed of pub on the worker of its publisher.
func (in *ingest) home(pub *Publication) *feed {
	w := in.t.worker
	f := w.feeds[pub]
	if f == nil {
		f = newFeed(w, pub)
		w.feeds[pub] = f
	}
	if !slices.Contains(in.interest[pub], w) {
		in.interest[pub] = append(in.interest[pub], w)
		in.brief(pub, w)
	}
	return f
}

// brief tells a new feed on w what the packets do not say, hands over the cached ones, and lets its subscriptions begin.
func (in *ingest) brief(pub *Publication, w *worker) {
	line := in.lines[pub.mid]
	if line == nil {
		return
	}
	now := in.t.srv.now()
	for _, e := range line.encodings {
		if e.in != nil {
			if c, ok := e.in.Clock(); ok {
				in.t.worker.pass(now, w, &delivery{pub: pub, encoding: e.index, clock: c})
			}
		}
		in.tellSupply(now, pub, w, e)
	}
	if pub.kind == signaling.KindVideo && w != in.t.worker {
		in.home(pub).handOver(now, w)
	}
	in.tellAwake(now, pub, w)
	in.t.worker.pass(now, w, &delivery{pub: pub, tell: func(now time.Duration, f *feed) { f.begin(now) }})
}

// handOver gives the feed on another worker all from the newest keyframes on.
func (f *feed) handOver(now time.Duration, to *worker) {
	for _, r := range f.replicas {
		for _, p := range r.Cached(nil) {
			f.w.pass(now, to, &delivery{pub: f.pub, encoding: r.Encoding, packet: p, cached: true})
		}
	}
}

// begin lets the subscriptions start: what is cached is here.
func (f *feed) begin(now time.Duration) {
	f.begun = true
	for _, sub := range f.subs {
		sub.askKeyframe(now)
	}
}

// followSupply tells the feeds when it changes how keyframes can be had.
func (in *ingest) followSupply(now time.Duration, e *ingestEncoding) {
	supply := e.keyframes.Supply(now)
	pub := e.line.pub
	if supply == e.supply || pub == nil {
		return
	}
	e.supply = supply
	if supply == rtpfwd.NotToBeHad {
		in.home(pub)
	}
	for _, w := range in.interest[pub] {
		in.tellSupply(now, pub, w, e)
	}
	in.settle(pub)
}

func (in *ingest) tellSupply(now time.Duration, pub *Publication, w *worker, e *ingestEncoding) {
	index, supply := int(e.index), e.supply
	in.t.worker.pass(now, w, &delivery{pub: pub, tell: func(_ time.Duration, f *feed) {
		if index < len(f.replicas) {
			f.replicas[index].SetSupply(supply)
		}
	}})
}

// settle ends the feed on the publisher's worker when it is of no more use.
func (in *ingest) settle(pub *Publication) {
	w := in.t.worker
	f := w.feeds[pub]
	others := slices.ContainsFunc(in.interest[pub], func(o *worker) bool { return o != w })
	if f == nil || len(f.subs) > 0 || others || in.deaf(pub) {
		return
	}
	delete(w.feeds, pub)
	delete(in.interest, pub)
}

func (in *ingest) deaf(pub *Publication) bool {
	line := in.lines[pub.mid]
	return line != nil && line.pub == pub && slices.ContainsFunc(line.encodings, func(e *ingestEncoding) bool {
		return e.supply == rtpfwd.NotToBeHad
	})
}

// forget makes nobody start at what was sent before now: a publication was muted, or is no longer.
func (w *worker) forget(pub *Publication) {
	if f := w.feeds[pub]; f != nil {
		for _, r := range f.replicas {
			r.Forget()
		}
	}
}
