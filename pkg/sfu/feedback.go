package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// maxStatuses bounds how many packets of one feedback are looked at: an honest one tells of a tenth of a second.
const maxStatuses = 1024

// acknowledged takes transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1). Every packet that
// came has a delta. A repair that did not come is sent again.
func (e *egress) acknowledged(now time.Duration, p *rtcp.TransportLayerCC) {
	e.t.srv.metrics.feedback.Inc()
	e.t.srv.metrics.acknowledged.Add(float64(len(p.RecvDeltas)))
	w := e.t.worker
	w.nacks = missing(p, w.nacks[:0])
	for _, number := range w.nacks {
		lost, ok := e.repairs.Lost(&e.numbers, number)
		ss := e.bySSRC[lost.SSRC]
		if !ok || ss == nil {
			continue
		}
		w.again[0] = lost.Seq
		e.resend(now, ss, ss.out.Feedback(now, 0, w.again[:], &e.budget, w.resends[:0]))
	}
}

// missing appends the numbers of the packets that did not come.
func missing(p *rtcp.TransportLayerCC, out []uint16) []uint16 {
	left := min(int(p.PacketStatusCount), maxStatuses)
	number := p.BaseSequenceNumber
	note := func(symbol uint16) {
		if symbol == rtcp.TypeTCCPacketNotReceived {
			out = append(out, number)
		}
		number++
		left--
	}
	for _, c := range p.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for i := 0; i < int(c.RunLength) && left > 0; i++ {
				note(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for i := 0; i < len(c.SymbolList) && left > 0; i++ {
				note(c.SymbolList[i])
			}
		}
	}
	return out
}

// resend sends what was granted, and notes the repairs among it.
func (e *egress) resend(now time.Duration, ss *slotSender, granted []rtpfwd.Resend) {
	for _, r := range granted {
		n := ss.out.Resend(now, r, e.t.worker.buf[:])
		if n == 0 {
			continue
		}
		if last := ss.out.Last(); last.Kind == rtpfwd.WrittenRepair && last.Seq > 0 {
			e.repairs.Sent(last.Seq, rtpfwd.Repair{SSRC: ss.to.ssrc, Seq: uint16(r.Seq)})
		}
		ss.write(n)
		e.t.srv.metrics.resent.Inc()
	}
}
