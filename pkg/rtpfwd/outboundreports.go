package rtpfwd

import (
	"time"

	"github.com/pion/rtcp"
)

// maxRTT is the longest round trip time that is believed.
const maxRTT = 60 * time.Second

// outboundReports holds what sender reports say and receiver reports tell.
type outboundReports struct {
	packets, octets uint32  // RFC 3550 section 6.4.1, they wrap
	told            RTPTime // the timestamp of the latest sender report
	hasTold         bool
}

// sent counts a packet; octets without header and padding.
func (r *outboundReports) sent(size, payload int, filler bool) {
	r.packets++
	if !filler {
		r.octets += uint32(payload)
	}
}

// SenderReport makes a sender report (RFC 3550 section 6.4.1). ntp is the server's
// NTP time of now, which all Slots of a participant share, so that sound and picture
// of one publisher stay together. The timestamp comes from the clock of the Replica
// that is shown or, before its first report, from the arrival of the latest packet;
// over switches it never goes back. False if nothing was sent yet.
func (o *Outbound) SenderReport(now time.Duration, ntp uint64) (rtcp.SenderReport, bool) {
	t := &o.timeline
	if !t.started {
		return rtcp.SenderReport{}, false
	}
	rtp := t.last + ticksOf(now-t.arrival, t.rate)
	if s := t.replica; s != nil && s.HasClock {
		rtp = s.Clock.RTPAt(now) - t.shift
	}
	r := &o.reports
	if r.hasTold {
		rtp = max(rtp, r.told)
	}
	r.told, r.hasTold = rtp, true
	return rtcp.SenderReport{
		SSRC:        o.ssrc,
		NTPTime:     ntp,
		RTPTime:     uint32(rtp),
		PacketCount: r.packets,
		OctetCount:  r.octets,
	}, true
}

// ReceiverReport takes a report block on the Slot's SSRC; others are ignored.
// ntpNow is the server's NTP time of now, of the same clock as in SenderReport. A
// round trip that is negative or longer than a minute is not believed.
func (o *Outbound) ReceiverReport(now time.Duration, ntpNow uint64, r rtcp.ReceptionReport) {
	if r.SSRC != o.ssrc {
		return
	}
	o.stats.FractionLost = float64(r.FractionLost) / 256
	if r.LastSenderReport == 0 {
		return
	}
	passed := int32(uint32(ntpNow>>16) - r.LastSenderReport - r.Delay)
	rtt := time.Duration(passed) * time.Second >> 16
	if rtt >= 0 && rtt <= maxRTT {
		o.stats.RTT = rtt
	}
}

// Stats returns the counters of the Slot.
func (o *Outbound) Stats() OutboundStats {
	s := o.stats
	s.Unsent = uint64(o.highest-o.lowest) - s.Packets
	return s
}
