package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// egress is the sending half of a Transport. Its worker owns it.
type egress struct {
	// What each packet touches lies together: see subscription.hot.
	t           *Transport
	open        bool // the media connection was made
	paused      bool // no video: consent is old
	closed      bool
	heard       bool // there was feedback since it was pumped
	budget      rtpfwd.Budget
	numbers     rtpfwd.TransportNumbers
	observation observation
	pacing      pacing
	allocation  allocation

	slots      map[string]*slotSender // by mid
	bySSRC     map[uint32]*slotSender
	order      []*slotSender // as they were negotiated
	repairable []*slotSender // that have a stream of repairs
	repairs    rtpfwd.Repairs
	references rtpfwd.ReferenceTimes
	replays    replayBudget
	burst      int           // packets of replays that may go before the next tick of the worker
	burstAt    time.Duration // the tick that burst is of
	since      time.Duration // when the Transport was made
	tickedAt   time.Duration // the latest tick
	reportAt   time.Duration

	dueAt    time.Duration // when the pacer is due, and the place among the deadlines of the worker
	duePlace int
}

// slotSender is what a worker needs of a slot.
type slotSender struct {
	slot *Slot
	t    *Transport
	out  *rtpfwd.Outbound
	to   *boundTrack

	// current is on the wire; next takes its place with the first packet that can start it, so that the picture on the slot
	// goes on until then.
	current, next *subscription

	source *subscription // whose packets were sent last, and the frame that the last one was of
	frame  int64

	lossAt time.Duration // when the receiver last told of a loss
	lossy  bool          // it has ever
	told   arrivals
}

func newEgress(t *Transport) *egress {
	return &egress{
		t: t, slots: map[string]*slotSender{}, bySSRC: map[uint32]*slotSender{}, pacing: newPacing(t.srv.cfg.Bitrates), duePlace: notDue,
	}
}

// addSlots takes over slots that a negotiation made.
func (e *egress) addSlots(slots []*Slot) {
	for _, s := range slots {
		b := s.track.bound.Load()
		if b == nil || e.closed {
			continue // the m-line was rejected
		}
		ss := &slotSender{slot: s, t: e.t, to: b}
		rtx := b.rtxSSRC
		if !s.hasRTX() {
			rtx = 0
		}
		ss.out = rtpfwd.NewOutbound(rtpfwd.OutboundConfig{
			SSRC: b.ssrc, RTXSSRC: rtx, SeqStart: randomSeqStart(), RTXSeqStart: randomSeqStart(),
			TimeStart: randomUint32(), PictureIDStart: uint16(randomUint32()) & 0x7fff, Extensions: &s.send.extensions,
			Transport: &e.numbers, RTXPayloadType: s.send.payloads[s.codec].rtx,
		})
		e.slots[s.mid] = ss
		e.order = append(e.order, ss)
		e.bySSRC[b.ssrc] = ss
		if rtx != 0 {
			e.bySSRC[rtx] = ss
			e.repairable = append(e.repairable, ss)
		}
	}
}

func (s *Slot) hasRTX() bool {
	for _, p := range s.send.payloads {
		if p.rtx != 0 {
			return true
		}
	}
	return false
}

// assign makes a slot carry pub at layer; nil empties it.
func (e *egress) assign(now time.Duration, s *Slot, pub *Publication, asked shown) {
	ss := e.slots[s.mid]
	if ss == nil || e.closed {
		return
	}
	switch {
	case pub == nil:
		ss.stop()
	case ss.next != nil && ss.next.feed.pub == pub:
		ss.next.aim(now, asked)
	case ss.current != nil && ss.current.feed.pub == pub:
		ss.release(&ss.next)
		ss.current.aim(now, asked)
	default:
		ss.release(&ss.next)
		ss.next = e.t.worker.subscribe(now, pub, ss)
		ss.next.aim(now, asked) // which may make it the current one
	}
}

func (ss *slotSender) release(sub **subscription) {
	if *sub != nil {
		ss.slot.starved.CompareAndSwap((*sub).feed.pub, nil)
		ss.t.worker.unsubscribe(*sub)
		*sub = nil
	}
}

func (ss *slotSender) stop() {
	ss.release(&ss.next)
	ss.release(&ss.current)
	ss.slot.live.Store(nil)
}

// lost forgets a subscription whose publication has ended.
func (ss *slotSender) lost(sub *subscription) {
	ss.slot.starved.CompareAndSwap(sub.feed.pub, nil)
	if ss.next == sub {
		ss.next = nil
	}
	if ss.current == sub {
		ss.current = nil
		ss.slot.live.Store(nil)
	}
}

// forward queues one chosen packet.
func (ss *slotSender) forward(now time.Duration, sub *subscription, c rtpfwd.Choice) {
	if sub == ss.current || sub == ss.next {
		ss.t.out.push(now, sub, c)
	}
}

// send sends a packet whose turn has come. The first one of the next subscription makes it the current one.
func (ss *slotSender) send(now time.Duration, sub *subscription, c rtpfwd.Choice, item bwe.Item) {
	e := ss.t.out
	pub := sub.feed.pub
	switch {
	case sub == ss.current || sub == ss.next:
	case sub == ss.source && ss.frameOf(c.Packet) == ss.frame: // a picture that has begun is ended
	default:
		return
	}
	if e.paused && pub.kind == signaling.KindVideo {
		ss.t.srv.metrics.dropped("consent")
		ss.drop(sub, c)
		return
	}
	if sub == ss.next {
		ss.next = nil
		ss.release(&ss.current)
		ss.current, ss.source = sub, sub
		ss.out.SetSource(now, ss.slot.send.source(pub, sub.feed.replicas[0].Rate))
		ss.slot.live.Store(pub)
		ss.t.owner.markDirty() // its slot is live now
	}
	ss.frame = ss.frameOf(c.Packet)
	ss.t.worker.tally.forwarded(c.Packet.Arrival, len(sub.queue) == 0)
	ss.write(now, ss.out.Rewrite(now, c, ss.t.worker.buf[:]), item)
}

// drop notes that a chosen packet will not be sent.
func (ss *slotSender) drop(sub *subscription, c rtpfwd.Choice) {
	if sub == ss.current {
		ss.out.Drop(c)
	}
}

// write protects and sends the first n bytes of the worker's buffer.
func (ss *slotSender) write(now time.Duration, n int, item bwe.Item) {
	if n == 0 {
		ss.t.srv.metrics.dropped("rewrite")
		return
	}
	w := ss.t.worker
	if !ss.emit(w.buf[:n]) {
		return
	}
	ss.t.out.budget.Sent(n)
	ss.t.out.sent(now, ss.out.Last(), ss.slot.send.extensions.TransportCC != 0, item)
	w.counted.forwarded++
	w.unsent++
	w.tally.forwardedBytes += uint64(n)
}

// emit sends one packet by the media path of the Transport, or counts why not: false. A twin has its own sources in its packets, and so
// in either SRTP.
func (ss *slotSender) emit(b []byte) bool {
	if f := ss.t.fast; f != nil {
		return f.sendRTP(b)
	}
	w := ss.t.worker
	head, err := w.header.Unmarshal(b)
	if err != nil {
		ss.t.srv.metrics.dropped("rewrite")
		return false
	}
	if _, err := ss.to.out.WriteRTP(&w.header, b[head:]); err != nil {
		ss.t.srv.metrics.dropped("write")
		return false
	}
	return true
}

// connected starts the sending: until now nothing was selected, and no keyframe asked for.
func (e *egress) connected(now time.Duration) {
	e.open = true
	for _, ss := range e.slots {
		if ss.next != nil {
			ss.next.askKeyframe(now)
		}
	}
}

// tickHeard is the tick that comes with feedback.
func (e *egress) tickHeard(now time.Duration) {
	due := e.heard && now-e.tickedAt >= earlyTick
	e.heard = false
	if due && !e.closed {
		e.tick(now)
	}
}

// tick looks after what the time that has passed asks for.
func (e *egress) tick(now time.Duration) {
	e.tickedAt = now
	age := e.t.consentAge(now)
	if e.allocation.due(now, e.pacing.target()) {
		e.allocate(now)
	}
	e.observe(now)
	e.refresh() // feedback may be overdue, or a probe due
	e.pause(now, age > consentPause)
	switch {
	case age > consentClose:
		e.t.fail("no sign of the other side for 30 seconds")
	case !e.open && now-e.since > connectTimeout:
		e.t.fail("no media connection within 30 seconds")
	}
	if now-e.reportAt >= reportInterval {
		e.reportAt = now
		e.report(now)
		e.pacing.trim()
	}
}

// pause stops or starts the video. What was dropped meanwhile is missing to the decoders: they start at a keyframe again.
func (e *egress) pause(now time.Duration, paused bool) {
	resumed := e.paused && !paused
	e.paused = paused
	if !resumed {
		return
	}
	e.pacing.renew() // what was known of the path is old
	for _, ss := range e.order {
		if ss.slot.media == signaling.KindVideo {
			ss.out.Forget()
		}
		for _, sub := range [...]*subscription{ss.current, ss.next} {
			if sub != nil && sub.feed.pub.kind == signaling.KindVideo {
				sub.restart(now)
			}
		}
	}
}

// report sends a sender report on each slot that carries something (RFC 3550, section 6.4.1), by the server's NTP clock.
func (e *egress) report(now time.Duration) {
	if !e.open {
		return
	}
	ntp := e.t.srv.ntp(now)
	var pkts []rtcp.Packet
	for _, ss := range e.order {
		if ss.current == nil {
			continue
		}
		if sr, ok := ss.out.SenderReport(now, ntp); ok {
			pkts = append(pkts, &sr)
		}
		if len(pkts) == 16 { // 28 bytes each
			e.t.in.write(pkts...)
			pkts = pkts[:0]
		}
	}
	e.t.in.write(e.appendAnswers(now, pkts)...)
}

// appendAnswers answers the reference times of receivers (RFC 3611, section 4.5). A compound begins with a report of senders or
// receivers (RFC 3550, section 6.1).
func (e *egress) appendAnswers(now time.Duration, pkts []rtcp.Packet) []rtcp.Packet {
	answers := e.references.Answer(now, nil)
	if len(answers) == 0 {
		return pkts
	}
	if len(pkts) == 0 {
		pkts = append(pkts, &rtcp.ReceiverReport{SSRC: e.t.in.ssrc})
	}
	return append(pkts, &rtcp.ExtendedReport{
		SenderSSRC: e.t.in.ssrc, Reports: []rtcp.ReportBlock{&rtcp.DLRRReportBlock{Reports: answers}},
	})
}

func (e *egress) close() {
	e.closed = true
	e.t.worker.deadlines.remove(e)
	for _, ss := range e.slots {
		ss.stop()
	}
}

// referenceTimes keeps what receivers tell of their clocks until the next report; other blocks are ignored.
func (e *egress) referenceTimes(now time.Duration, p *rtcp.ExtendedReport) {
	for _, b := range p.Reports {
		if r, ok := b.(*rtcp.ReceiverReferenceTimeReportBlock); ok {
			e.references.Received(now, p.SenderSSRC, r.NTPTimestamp)
		}
	}
}

// nack resends what is asked for, as far as the budget of the Transport goes.
func (e *egress) nack(now time.Duration, n *rtcp.TransportLayerNack) {
	ss := e.bySSRC[n.MediaSSRC]
	if ss == nil {
		return
	}
	ss.lossy, ss.lossAt = true, now
	w := e.t.worker
	w.nacks = w.nacks[:0]
	for _, pair := range n.Nacks {
		w.nacks = append(w.nacks, pair.PacketList()...)
		if len(w.nacks) > 1024 {
			break
		}
	}
	w.resends = ss.out.Feedback(now, e.t.roundTrip(), w.nacks, &e.budget, w.resends[:0])
	e.resend(now, ss, w.resends)
}

// keyframeRequest takes a subscriber's wish for a keyframe of what it sees. Who has told of losses is believed to need it: a lie wins
// what an honest loss would, within what keyframes may cost.
func (e *egress) keyframeRequest(now time.Duration, ssrc uint32) {
	ss := e.bySSRC[ssrc]
	if ss == nil || e.paused || ss.current == nil || ss.current.feed.pub.kind == signaling.KindAudio {
		return
	}
	if l := ss.current.fwd.Current(); l.Spatial >= 0 {
		encoding := uint8(0)
		if len(ss.current.feed.replicas) > 1 {
			encoding = uint8(l.Spatial)
		}
		ss.current.pictureLost(now, encoding, ss.lossy && now-ss.lossAt < lossEvidence)
	}
}
