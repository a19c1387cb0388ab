package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Encodings that nobody gets sleep: their publisher is told not to send them. Those that are awake are always the lowest ones, up to
// the highest that somebody is granted and one above, as far as somebody asks for it: who must go down finds what it needs, and who
// may go up too. Of a publication that nobody receives all sleep.
//
//	grant -> feed.report -> (publisher's worker) demand -> publication.encodings -> publisher
//	                                                   -> feed.follow -> ladder: what sleeps is offered, it can be woken

const (
	// sleepAfter is how long an encoding stays awake that nobody has a use for.
	sleepAfter = 5 * time.Second
	// wakeTime is for how long a publisher that was told to send may be silent before it is asked for a keyframe. It begins with one.
	wakeTime = time.Second
	// maxEncodings is how many a publication has at most.
	maxEncodings = 4
)

// demand is what all workers have a use for of a publication. The worker of the publisher owns it.
type demand struct {
	encodings int
	of        map[*worker]int             // encodings, from the lowest
	until     [maxEncodings]time.Duration // when each was last of use, if it is not now
	awake     int                         // encodings that the publisher is to send, from the lowest
	muted     bool                        // who mutes sends nothing, and is heard or seen at once after it
}

// needed is how many encodings are of use now, from the lowest.
func (d *demand) needed() int {
	n := 0
	for _, k := range d.of {
		n = max(n, k)
	}
	return min(n, d.encodings)
}

// set takes what a worker has a use for.
func (d *demand) set(now time.Duration, w *worker, encodings int) {
	was := d.needed()
	d.of[w] = encodings
	if encodings == 0 {
		delete(d.of, w)
	}
	for e := d.needed(); e < was; e++ {
		d.until[e] = now
	}
}

// due is how many encodings are to be awake.
func (d *demand) due(now time.Duration) int {
	n := max(d.awake, d.needed())
	for !d.muted && n > d.needed() && now-d.until[n-1] >= sleepAfter {
		n--
	}
	return n
}

// mute stops the clocks while the publication is muted.
func (d *demand) mute(now time.Duration, muted bool) {
	if d.muted && !muted {
		for e := range d.until {
			d.until[e] = now
		}
	}
	d.muted = muted
}

// follows tells whether the publisher stops and starts encodings as it is told.
func (p *Publication) follows() bool {
	return p.kind == signaling.KindVideo && p.owner != nil && p.owner.pauses
}

// demandOf is the demand for a publication; nil if its publisher sends what it wants.
func (in *ingest) demandOf(now time.Duration, pub *Publication) *demand {
	if in.closed || pub.ended || !pub.follows() {
		return nil
	}
	d := in.demands[pub]
	if d == nil {
		n := min(max(len(pub.encodings), 1), maxEncodings)
		d = &demand{encodings: n, awake: n, of: map[*worker]int{}}
		for e := range d.until {
			d.until[e] = now
		}
		in.demands[pub] = d
	}
	return d
}

// demand notes how many encodings of pub a worker has a use for. One that sleeps is woken at once.
func (in *ingest) demand(now time.Duration, pub *Publication, w *worker, encodings int) {
	if d := in.demandOf(now, pub); d != nil {
		d.set(now, w, encodings)
		in.wake(now, pub, d)
	}
}

// mute notes that pub is muted or not.
func (in *ingest) mute(now time.Duration, pub *Publication, muted bool) {
	if d := in.demandOf(now, pub); d != nil {
		d.mute(now, muted)
	}
}

// tickDemands lets sleep what was of no use for long enough.
func (in *ingest) tickDemands(now time.Duration) {
	for pub, d := range in.demands {
		in.wake(now, pub, d)
	}
}

// wake brings the publisher and all feeds to what is due.
func (in *ingest) wake(now time.Duration, pub *Publication, d *demand) {
	was, n := d.awake, d.due(now)
	line := in.lines[pub.mid]
	if n == was || line == nil {
		return
	}
	d.awake = n
	for e := min(n, was); e < max(n, was) && e < len(line.encodings); e++ {
		line.encodings[e].sleep(now, n < was)
	}
	for _, w := range in.interest[pub] {
		in.tellAwake(now, pub, w)
	}
	if n > was {
		in.t.srv.metrics.encodingsWoken.Add(float64(n - was))
	} else {
		in.t.srv.metrics.encodingsSlept.Add(float64(was - n))
	}
	pub.owner.tellEncodings(pub, n)
}

// sleep notes that the publisher is told to stop, or to start.
func (e *ingestEncoding) sleep(now time.Duration, asleep bool) {
	e.asleep, e.startsBy = asleep, 0
	if asleep {
		e.keyframes.Rest()
	} else {
		e.startsBy = now + wakeTime
	}
}

// unheard tells that a request for a keyframe would be in vain, or for what comes by itself.
func (e *ingestEncoding) unheard(now time.Duration) bool { return e.asleep || now < e.startsBy }

// tellAwake tells the feed on w how many encodings are awake.
func (in *ingest) tellAwake(now time.Duration, pub *Publication, w *worker) {
	d := in.demands[pub]
	if d == nil {
		return
	}
	n, coming := d.awake, uint8(0)
	if line := in.lines[pub.mid]; line != nil {
		for _, e := range line.encodings {
			if e.startsBy > 0 {
				coming |= 1 << e.index
			}
		}
	}
	in.t.worker.pass(now, w, &delivery{pub: pub, tell: func(_ time.Duration, f *feed) { f.follow(n, coming) }})
}

// tellEncodings tells the publisher which encodings to send: the lowest awake ones.
func (p *Participant) tellEncodings(pub *Publication, awake int) {
	ev := signaling.PublicationEncodings{Publication: pub.id, Encodings: []signaling.EncodingState{}}
	for i, e := range pub.encodings {
		ev.Encodings = append(ev.Encodings, signaling.EncodingState{RID: e.RID, Active: i < awake})
	}
	if len(pub.encodings) == 0 {
		ev.Encodings = append(ev.Encodings, signaling.EncodingState{Active: awake > 0})
	}
	p.session.State(signaling.TypePublicationEncodings+" "+pub.id, signaling.TypePublicationEncodings, ev)
}

// follow takes how many encodings are awake, and which of them have not come yet. Nobody starts at what was sent before one slept.
func (f *feed) follow(n int, coming uint8) {
	for s := range f.rates.sleep {
		e := s
		if !f.simulcast() {
			e = 0 // which has all spatial layers
		}
		switch {
		case e >= n:
			f.rates.set(s, asleep)
		case coming&(1<<e) != 0:
			f.rates.set(s, woken)
		}
	}
	for e, r := range f.replicas {
		if e >= n {
			r.Forget()
		}
	}
}

// report tells the publisher's worker how many encodings are of use here, if that has changed.
func (f *feed) report(now time.Duration, encodings int) {
	if encodings == f.reported || !f.pub.follows() {
		return
	}
	f.reported = encodings
	pub, w := f.pub, f.w
	if pub.transport.worker == w {
		pub.transport.in.demand(now, pub, w, encodings)
		return
	}
	pub.transport.worker.post(func(now time.Duration) { pub.transport.in.demand(now, pub, w, encodings) })
}

// uses is how many encodings are of use to the subscription, from the lowest: what it is granted, and what it may be granted next.
func (s *subscription) uses() int {
	top := min(int(s.asked.layer.Spatial), len(s.feed.replicas)-1)
	return max(min(top, int(s.granted.Spatial)+1), 0) + 1
}

// uses is how many encodings are of use to anybody here.
func (f *feed) uses() int {
	n := 0
	for _, sub := range f.subs {
		n = max(n, sub.uses())
	}
	return n
}

// pausesEncodings tells whether a client stops and starts encodings as it is told.
func pausesEncodings(caps []string) bool { return slices.Contains(caps, signaling.CapDynacast) }
