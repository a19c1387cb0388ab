package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// acknowledged takes transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1). A repair that did
// not come is sent again.
func (e *egress) acknowledged(now time.Duration, raw []byte) {
	w := e.t.worker
	if e.observation.ccfb {
		return // two kinds of feedback have two clocks
	}
	acks, err := e.pacing.parser.Parse(raw, e.numbers.Last(), w.acks[:0])
	if err != nil {
		w.srv.metrics.dropped("rtcp_malformed")
		return
	}
	e.hear(now, acks)
}

// congestionFeedback takes feedback after RFC 8888, which needs no numbers of ours on the wire. From the first one on it is what counts.
// What was sent before is not known by its own numbers: the first one only begins.
func (e *egress) congestionFeedback(now time.Duration, raw []byte) {
	w, p := e.t.worker, &e.pacing
	if p.bySeq == nil {
		if len(raw) < ccfbLeast {
			w.srv.metrics.dropped("rtcp_malformed")
			return
		}
		p.bySeq = new(bwe.Numbers)
		e.observation.ccfb = true
		p.renew() // its times are by another clock
		return
	}
	acks, err := p.ccfb.Parse(raw, p.bySeq, w.acks[:0])
	if err != nil {
		w.srv.metrics.dropped("rtcp_malformed")
		return
	}
	e.hear(now, acks)
}

// ccfbLeast is the length of a feedback packet with one report block.
const ccfbLeast = 24

// hear takes what a receiver tells of each packet.
func (e *egress) hear(now time.Duration, acks []bwe.Ack) {
	w := e.t.worker
	w.acks = acks
	arrived := 0
	for _, a := range acks {
		if !a.Lost {
			arrived++
			continue
		}
		e.repairLost(now, a.Seq)
	}
	w.srv.metrics.feedback.Inc()
	w.srv.metrics.acknowledged.Add(float64(arrived))
	e.pacing.estimator.OnFeedback(now, acks)
	e.heard = true
	e.refresh()
}

// repairLost sends a repair again that did not come. One of sound is asked for again if there is still a use for it: sent unasked, eight in a
// row go for one packet, and where sound itself is too much for the path, they are why it is lost.
func (e *egress) repairLost(now time.Duration, number int64) {
	lost, ok := e.repairs.Lost(&e.numbers, uint16(number))
	ss := e.bySSRC[lost.SSRC]
	if !ok || ss == nil || ss.slot.media == signaling.KindAudio {
		return
	}
	w := e.t.worker
	w.again[0] = lost.Seq
	e.resend(now, ss, ss.out.Feedback(now, 0, w.again[:], &e.budget, w.resends[:0]))
}

// resend queues what was granted.
func (e *egress) resend(now time.Duration, ss *slotSender, granted []rtpfwd.Resend) {
	for _, r := range granted {
		e.pushResend(now, ss, r)
	}
}

// sendAgain sends a packet again, and notes it if it is a repair.
func (e *egress) sendAgain(now time.Duration, ss *slotSender, r rtpfwd.Resend, item bwe.Item) {
	n := ss.out.Resend(now, r, e.t.worker.buf[:])
	if n == 0 {
		return
	}
	if last := ss.out.Last(); last.Kind == rtpfwd.WrittenRepair && last.Seq > 0 {
		e.repairs.Sent(last.Seq, rtpfwd.Repair{SSRC: ss.to.ssrc, Seq: uint16(r.Seq)})
	}
	ss.write(now, n, item)
	e.t.srv.metrics.resent.Inc()
}
