package sfu

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// What is selected for a participant waits here, without numbers, until the path has room for it: numbers are given on release, so that
// what is given up leaves no gap.
//
//	Forwarder -> push -> Pacer -> release: Outbound numbers -> write -> Estimator

const (
	// hopOverhead is what a packet takes beyond RTP: the tag of SRTP (RFC 7714), UDP and IPv4.
	hopOverhead = 16 + 8 + 20
	// paddingBytes is the most that a packet has that only fills a probe.
	paddingBytes = 1100
	// padding is the Ref of such an item.
	padding = -1
	// replayBacklog is how long the pacer may be busy with what waits before more of a replay is given to it.
	replayBacklog = 50 * time.Millisecond
	// stalled is how long video may wait, with all its upper temporal layers given up, before it starts anew at a keyframe.
	stalled = 700 * time.Millisecond
	// shedEvery is how often it is looked whether something has waited for too long, while something waits.
	shedEvery = 50 * time.Millisecond
	// settling is how long ICE may take to choose its path.
	settling = 2 * time.Second
)

// pacing is what the path of a Transport carries, and what waits for it. Its worker owns it.
type pacing struct {
	// What each packet touches lies together: see subscription.hot.
	estimator *bwe.Estimator
	pacer     *bwe.Pacer
	bySeq     *bwe.Numbers  // of what was sent, once there was feedback after RFC 8888: it takes 128 KiB
	watchAt   time.Duration // when feedback will be overdue, if that is before the next tick; 0: it is not
	ready     bool          // it is in the list of this round
	began     bool          // something was sent
	stale     bool          // the pacer does not know yet what the estimator has found out

	config   bwe.Config
	parser   bwe.TransportCC
	ccfb     bwe.CCFB
	remb     bwe.Bitrate // what the receiver estimates; 0: it has not said
	waiting  []waiting   // by Item.Ref
	free     []int       // places in waiting
	most     int         // places that were in use together since the last trim
	shedAt   time.Duration
	judged   int         // probes that have ended
	probed   bwe.Bitrate // the rate of the latest that began
	filler   int         // bytes of what fills it, each
	owed     int         // bytes of padding that are still to be sent
	remote   netip.AddrPort
	routedAt time.Duration // when remote was selected first
}

// waiting is one packet to be sent: a choice of a subscription, or, without one, a resend.
type waiting struct {
	slot   *slotSender
	sub    *subscription
	choice rtpfwd.Choice
	resend rtpfwd.Resend
}

func newPacing(c Bitrates) pacing {
	p := pacing{config: bwe.Config{Min: c.Min, Start: c.Start, Max: c.Max}}
	p.renew()
	p.pacer = bwe.NewPacer(p.estimator.State().Pacing)
	return p
}

// renew forgets the path.
func (p *pacing) renew() {
	p.estimator, p.judged, p.probed = bwe.New(p.config), 0, 0
	p.began, p.stale = false, true
}

// route follows the address that ICE has selected. Another one is another path, but for the first moments, in which ICE tries what is best
// and little was measured yet.
func (p *pacing) route(now time.Duration, remote netip.AddrPort) {
	switch {
	case !p.remote.IsValid():
		p.routedAt = now
	case remote != p.remote && now-p.routedAt > settling:
		p.estimator.OnRouteChange(now)
	}
	p.remote = remote
}

// target is the bitrate that the path is taken to carry.
func (p *pacing) target() bwe.Bitrate { return p.estimator.Target() }

// backlog is how long what waits takes at the present rate.
func (p *pacing) backlog() time.Duration {
	return p.estimator.State().Pacing.Lasts(p.pacer.Bytes())
}

func (p *pacing) take(w waiting) int {
	if n := len(p.free); n > 0 {
		ref := p.free[n-1]
		p.free = p.free[:n-1]
		p.waiting[ref] = w
		p.most = max(p.most, len(p.waiting)-n+1)
		return ref
	}
	p.waiting = append(p.waiting, w)
	p.most = len(p.waiting)
	return len(p.waiting) - 1
}

// trim gives back the memory of bursts that have not come again: the replay to who joins is a hundred times what waits later on.
func (p *pacing) trim() {
	const least = 16
	p.pacer.Trim()
	inUse := len(p.waiting) - len(p.free)
	if inUse == 0 && len(p.waiting) > max(least, 4*p.most) {
		p.waiting, p.free = nil, nil
	}
	p.most = inUse
}

func (p *pacing) give(ref int) waiting {
	w := p.waiting[ref]
	p.waiting[ref] = waiting{}
	p.free = append(p.free, ref)
	return w
}

// frameOf names the frame of a packet among all of the Transport, above 0.
func (ss *slotSender) frameOf(p *rtpfwd.Packet) int64 {
	return int64(ss.to.ssrc)<<32&(1<<62-1) | int64(uint32(p.Time)) | 1<<62
}

// push sends a chosen packet if it need not wait, and queues it else: it goes out at the end of the round or later.
func (e *egress) push(now time.Duration, sub *subscription, c rtpfwd.Choice) {
	p, pub := c.Packet, sub.feed.pub
	item := bwe.Item{
		Kind: bwe.Video, Size: len(p.Raw) + hopOverhead, Temporal: uint8(max(p.Desc.Temporal, 0)),
		Frame: sub.slot.frameOf(p),
	}
	if item.Frame == sub.givenUp {
		sub.slot.drop(sub, c)
		return
	}
	item.Begins, sub.frame = item.Frame != sub.frame, item.Frame
	switch {
	case pub.kind == signaling.KindAudio:
		item.Kind = bwe.Audio
	case pub.source == signaling.SourceScreen:
		item.Kind = bwe.Screen
	}
	if !e.pacing.outdated(now) && e.pacing.pacer.Pass(now, &item) {
		e.t.worker.tally.path.left(now, item)
		sub.slot.send(now, sub, c, item)
		return
	}
	item.Ref = e.pacing.take(waiting{slot: sub.slot, sub: sub, choice: c})
	e.pacing.pacer.Push(now, item)
	e.markReady()
}

// outdated tells whether the pacer has to hear of the estimator before anything is sent.
func (p *pacing) outdated(now time.Duration) bool {
	return p.stale || p.watchAt > 0 && p.watchAt <= now || p.pacer.Probing()
}

// pushResend queues a packet that was granted to who lost it.
func (e *egress) pushResend(now time.Duration, ss *slotSender, r rtpfwd.Resend) {
	ref := e.pacing.take(waiting{slot: ss, resend: r})
	item := bwe.Item{Kind: bwe.RTX, Size: r.Bytes + hopOverhead, Ref: ref}
	if ss.slot.media == signaling.KindAudio {
		item.Kind = bwe.AudioRTX
	}
	e.pacing.pacer.Push(now, item)
	e.markReady()
}

// markReady puts the Transport on the list of those that the worker pumps at the end of its round.
func (e *egress) markReady() {
	if !e.pacing.ready {
		e.pacing.ready = true
		e.t.worker.ready = append(e.t.worker.ready, e)
	}
}

// pump sends what may go out now. What the estimator knows changes by feedback, or without it by time: only then is it asked.
func (e *egress) pump(now time.Duration) {
	p := &e.pacing
	p.ready = false
	if e.closed {
		return
	}
	if p.outdated(now) {
		e.update(now)
	}
	for item, ok := p.pacer.Pop(now); ok; item, ok = p.pacer.Pop(now) {
		e.t.worker.tally.path.left(now, item)
		e.release(now, item)
	}
	at, waits := p.pacer.Next(now)
	if waits {
		e.t.worker.mediaAt = now
		if now-p.shedAt >= shedEvery {
			e.shed(now)
			at, waits = p.pacer.Next(now)
		}
	}
	if p.watchAt > 0 && (!waits || p.watchAt < at) {
		at, waits = p.watchAt, true
	}
	if !waits {
		e.t.worker.deadlines.remove(e)
		return
	}
	e.t.worker.deadlines.set(e, max(at, now+1))
}

// update brings the pacer to what the estimator knows now, and starts the probes that it asks for.
func (e *egress) update(now time.Duration) {
	p := &e.pacing
	p.stale = false
	p.estimator.OnTimeout(now)
	state := p.estimator.State()
	e.judged(state)
	p.pacer.SetState(state)
	e.probe(now)
	p.watchAt = 0
	if at, ok := p.estimator.Next(); ok && at < now+2*egressTick {
		p.watchAt = at
	}
}

// refresh has the Transport pumped with what the estimator has just found out.
func (e *egress) refresh() {
	e.pacing.stale = true
	e.markReady()
}

// probe starts a burst at a higher rate if the estimator asks for it, and fills what media leaves of it.
func (e *egress) probe(now time.Duration) {
	p := &e.pacing
	if e.paddingSlot() == nil || e.paused || !e.open {
		return
	}
	if probe, ok := p.estimator.Probe(now); ok {
		p.pacer.StartProbe(probe)
		p.probed, p.owed = probe.Rate, 0
		p.filler = min(probe.Size, paddingBytes+hopOverhead)
		e.t.worker.tally.path.probes++
	}
	for left := p.pacer.Wants(now); left > 0; left -= p.filler {
		p.pacer.Push(now, bwe.Item{Kind: bwe.Padding, Size: p.filler, Ref: padding})
	}
}

// paddingSlot is a slot that can carry packets without media: one with a stream of repairs. One that sends video repeats its latest
// packets, which may even mend a loss.
func (e *egress) paddingSlot() *slotSender {
	var any *slotSender
	for _, ss := range e.repairable {
		if ss.current != nil {
			return ss
		}
		any = ss
	}
	return any
}

// release sends one item.
func (e *egress) release(now time.Duration, item bwe.Item) {
	if item.Ref == padding {
		e.pad(now, item)
		return
	}
	x := e.pacing.give(item.Ref)
	if x.sub == nil {
		e.sendAgain(now, x.slot, x.resend, item)
		return
	}
	x.slot.send(now, x.sub, x.choice, item)
}

// pad sends packets without media, as many as make up for the item: one without a payload has a quarter of what a probe needs, and
// with those alone a path would never show that there is room for video again.
func (e *egress) pad(now time.Duration, item bwe.Item) {
	ss := e.paddingSlot()
	if ss == nil {
		return
	}
	p := &e.pacing
	for p.owed += item.Size; p.owed > 0; {
		n := ss.out.Probe(now, item.Size-hopOverhead, e.t.worker.buf[:])
		if n == 0 {
			p.owed = 0
			return
		}
		e.t.srv.metrics.probedBytes.Add(float64(n))
		ss.write(now, n, item)
		p.owed -= n + hopOverhead // what is too much is made up for by the next item
	}
}

// sent tells the estimator of the packet that was just written; numbered says that it carries its transport-wide number.
func (e *egress) sent(now time.Duration, last rtpfwd.Written, numbered bool, item bwe.Item) {
	e.allocation.count(item.Kind, last.Size+hopOverhead)
	e.observation.bytes += last.Size + hopOverhead
	w := e.t.worker
	switch {
	case e.pacing.bySeq != nil && last.Kind != rtpfwd.WrittenAgain:
		b := w.buf[:] // what was just written
		e.pacing.bySeq.Add(binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:]), last.Seq)
	case e.pacing.bySeq == nil && !numbered:
		return // nobody can tell of it
	}
	if last.Kind == rtpfwd.WrittenAgain {
		e.pacing.estimator.OnSentAgain(last.Seq)
		return
	}
	kind := item.Kind
	if last.Kind == rtpfwd.WrittenPadding {
		kind = bwe.Padding
	}
	if !e.pacing.began {
		e.pacing.began = true
		e.refresh() // the estimator begins with a probe
	}
	e.pacing.estimator.OnPacketSent(bwe.Sent{Seq: last.Seq, At: now, Size: last.Size + hopOverhead, Kind: kind, Probe: item.Probe})
}

// shed gives up what has waited for too long: first the upper temporal layers, which nothing waits for, and what is still stuck then
// as a whole, to begin anew at a keyframe.
func (e *egress) shed(now time.Duration) {
	w, p := e.t.worker, &e.pacing
	p.shedAt = now
	w.items = p.pacer.Expire(now, w.items[:0])
	for _, item := range w.items {
		p.give(item.Ref)
		w.srv.metrics.dropped("pacer_resend_late")
	}
	w.items = p.pacer.Shed(now, w.items[:0])
	for _, item := range w.items {
		x := p.give(item.Ref)
		x.slot.drop(x.sub, x.choice)
		x.sub.givenUp = item.Frame
		x.sub.thin(now)
		w.srv.metrics.dropped("pacer_thinned")
	}
	if waited, ok := p.pacer.Waited(now); !ok || waited < stalled {
		return
	}
	w.items = p.pacer.Clear(w.items[:0])
	for _, item := range w.items {
		x := p.give(item.Ref)
		x.slot.drop(x.sub, x.choice)
		x.sub.givenUp = item.Frame
		w.srv.metrics.dropped("pacer_stalled")
	}
	for _, ss := range e.order {
		for _, sub := range [...]*subscription{ss.current, ss.next} {
			if sub != nil && sub.feed.pub.kind == signaling.KindVideo {
				sub.rest(now)
			}
		}
	}
}
