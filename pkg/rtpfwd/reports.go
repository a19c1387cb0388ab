package rtpfwd

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	// maxTotalLost is the largest cumulative loss that fits its 24 bits, signed.
	maxTotalLost = 1<<23 - 1
	// maxTransitJump is the largest change of transit time that counts as jitter:
	// beyond, a clock was set or the sender slept.
	maxTransitJump = 5 * time.Second
	// jitterMemory is after how many pictures what was measured counts half.
	jitterMemory = 1024
)

// inboundReports holds what a reception report says (RFC 3550 section 6.4.1).
type inboundReports struct {
	base         SeqNo // first number since the start or the latest restart
	expectedOnce int64 // packets expected before base
	receivedAll  int64 // without duplicates and repairs

	expectedPrior, receivedPrior int64 // at the previous report

	jitter  float64 // ticks
	transit RTPTime // arrival minus timestamp of the latest picture, in ticks
	time    uint32  // its timestamp
	timed   bool
	spread  histogram // of the differences that jitter averages, in ticks

	clock    Clock
	hasClock bool
	senderAt time.Duration // arrival of the latest sender report
	senderID uint32        // its middle 32 bits of NTP time, 0 without one
}

// received counts an accepted packet.
func (r *inboundReports) received(now time.Duration, rtp, rate uint32, place *placement, repair bool) {
	switch {
	case place.first:
		r.base = place.seq
	case place.restart:
		r.expectedOnce += int64(place.previous - r.base + 1)
		r.base, r.timed = place.seq, false
	}
	if repair {
		return
	}
	r.receivedAll++
	r.base = min(r.base, place.seq) // the first packets may come in any order
	if !place.newest || r.timed && rtp == r.time {
		return
	}
	r.measure(ticksOf(now, rate)-RTPTime(rtp), rtp, rate)
}

// measure updates the jitter (RFC 3550 appendix A.8) once a picture: the later
// packets of a picture were not sent at the time of their timestamp.
func (r *inboundReports) measure(transit RTPTime, rtp, rate uint32) {
	change := RTPTime(int32(uint32(transit - r.transit))) // timestamps wrap
	r.transit, r.time = transit, rtp
	if !r.timed {
		r.timed = true
		return
	}
	change = max(change, -change)
	if change > ticksOf(maxTransitJump, rate) {
		return
	}
	r.jitter += (float64(change) - r.jitter) / 16
	if r.spread.add(uint64(change)); r.spread.samples() >= 2*jitterMemory {
		r.spread.halve()
	}
}

// expected counts all packets that should have come.
func (r *inboundReports) expected(highest SeqNo) int64 {
	return r.expectedOnce + int64(highest-r.base+1)
}

// lost is the cumulative loss.
func (r *inboundReports) lost(highest SeqNo) int64 {
	if r.base == 0 {
		return 0
	}
	return r.expected(highest) - r.receivedAll
}

// SenderReport takes a sender report of the stream (RFC 3550 section 6.4.1) that
// arrived at now. at is the server time of ntp, as RemoteClock says.
func (in *Inbound) SenderReport(now time.Duration, ntp uint64, rtp uint32, at time.Duration) {
	if !in.timed {
		in.timed, in.time = true, RTPTime(rtp)+1<<32
	}
	r := &in.reports
	r.clock = Clock{RTP: extendTime(in.time, rtp), At: at, Rate: in.rate}
	r.hasClock = true
	r.senderAt, r.senderID = now, uint32(ntp>>16)
}

// Clock returns what the latest sender report says of the stream's clock; false
// before the first one.
func (in *Inbound) Clock() (Clock, bool) { return in.reports.clock, in.reports.hasClock }

// ReceptionReport makes the report block on the stream (RFC 3550 section 6.4.1,
// appendix A.3). The fraction lost covers the time since the previous call.
// Repairs do not count as received, so that the publisher sees the loss of its path.
func (in *Inbound) ReceptionReport(now time.Duration) rtcp.ReceptionReport {
	report := rtcp.ReceptionReport{SSRC: in.ssrc}
	if !in.order.started {
		return report
	}
	r := &in.reports
	highest := in.order.highest
	expected := r.expected(highest)
	report.FractionLost = fractionLost(expected-r.expectedPrior, r.receivedAll-r.receivedPrior)
	r.expectedPrior, r.receivedPrior = expected, r.receivedAll
	report.TotalLost = uint32(min(max(expected-r.receivedAll, 0), maxTotalLost))
	report.LastSequenceNumber = uint32(highest - firstCycle)
	report.Jitter = uint32(r.jitter)
	if r.senderID != 0 {
		report.LastSenderReport = r.senderID
		report.Delay = compactNTP(now - r.senderAt)
	}
	return report
}

// fractionLost is the loss of one interval in 1/256.
func fractionLost(expected, received int64) uint8 {
	lost := expected - received
	if expected <= 0 || lost <= 0 {
		return 0
	}
	return uint8(min(lost<<8/expected, 255))
}

// compactNTP converts a duration to 16.16 fixed point seconds (RFC 3550 section 4),
// at most a bit more than 18 hours.
func compactNTP(d time.Duration) uint32 {
	d = min(max(d, 0), 65535*time.Second)
	return uint32(int64(d) << 16 / int64(time.Second))
}
