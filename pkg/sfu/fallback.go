package sfu

import (
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// arrivals is what the reports of a receiver told last of one slot, to see what was lost between two of them.
type arrivals struct {
	known   bool
	highest uint32 // extended sequence number
	lost    uint32 // since the beginning
	never   uint64 // numbers that we never sent: a publisher had lost their packets
}

// lostSince takes a report and tells what was lost on the way from us since the last one, and out of how many.
func (a *arrivals) lostSince(r rtcp.ReceptionReport, never uint64) (lost, of int) {
	was := *a
	*a = arrivals{known: true, highest: r.LastSequenceNumber, lost: r.TotalLost, never: never}
	of = int(int32(r.LastSequenceNumber - was.highest))
	if !was.known || of <= 0 {
		return 0, 0
	}
	lost = int(int32((r.TotalLost-was.lost)<<8)>>8) - int(never-was.never) // 24 bits, signed
	return min(max(lost, 0), of), of
}

// receptionReports takes what a receiver says of our slots. Its loss counts for the bitrate only while there is no transport-wide
// feedback, and without what publishers lost on their way to us: one bad publisher would lower it for all who watch.
func (e *egress) receptionReports(now time.Duration, reports []rtcp.ReceptionReport) {
	lost, of := 0, 0
	var rtt time.Duration
	for _, r := range reports {
		ss := e.bySSRC[r.SSRC]
		if ss == nil || r.SSRC != ss.to.ssrc {
			continue
		}
		ss.out.ReceiverReport(now, e.t.srv.ntp(now), r)
		stats := ss.out.Stats()
		l, n := ss.told.lostSince(r, stats.Unsent)
		lost, of, rtt = lost+l, of+n, max(rtt, stats.RTT)
		if l > 0 {
			ss.lossy, ss.lossAt = true, now
		}
	}
	e.t.reported(rtt)
	if of == 0 {
		return
	}
	report := bwe.ReceiverReport{Lost: float64(lost) / float64(of), RTT: rtt}
	e.pacing.estimator.OnFallback(now, report, e.pacing.remb)
	e.refresh()
}

// receiverEstimate takes a REMB (draft-alvestrand-rmcat-remb-03). It counts as long as the receiver does not take it back.
func (e *egress) receiverEstimate(bitrate float32) {
	const most = 1e12 // no path carries that, and a larger one may not fit
	if bitrate > 0 {
		e.pacing.remb = bwe.Bitrate(min(bitrate, most))
	}
}
