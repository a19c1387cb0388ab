package rtpfwd

import (
	"time"

	"github.com/pion/rtcp"
)

// maxReferenceTimes bounds for how many SSRCs of one Transport reference times are
// kept. A receiver of media tells its time under one SSRC, or one a kind of media.
const maxReferenceTimes = 8

// ReferenceTimes keeps the reference times that receivers of one Transport tell
// (RFC 3611 section 4.4) until they are answered, so that a participant that sends
// no media can measure its round trip too. The zero value is ready.
type ReferenceTimes struct {
	entries [maxReferenceTimes]referenceTime // in order of arrival
	count   int
}

// referenceTime is one that is not answered yet.
type referenceTime struct {
	ssrc, middle uint32 // middle 32 bits of the NTP time
	at           time.Duration
}

// Received takes the reference time ntp, an NTP timestamp in 32.32 fixed point, that
// ssrc told in a report that arrived at now. A newer one of the same ssrc takes the
// place of the old one; of too many the oldest is forgotten.
func (r *ReferenceTimes) Received(now time.Duration, ssrc uint32, ntp uint64) {
	drop := 0
	for drop < r.count && r.entries[drop].ssrc != ssrc {
		drop++
	}
	if drop == r.count && r.count == maxReferenceTimes {
		drop = 0
	}
	if drop < r.count {
		copy(r.entries[drop:], r.entries[drop+1:r.count])
		r.count--
	}
	r.entries[r.count] = referenceTime{ssrc: ssrc, middle: uint32(ntp >> 16), at: now}
	r.count++
}

// Answer appends the sub-blocks of a DLRR block (RFC 3611 section 4.5) for what was
// told since the last call; each is answered once.
func (r *ReferenceTimes) Answer(now time.Duration, out []rtcp.DLRRReport) []rtcp.DLRRReport {
	for _, e := range r.entries[:r.count] {
		out = append(out, rtcp.DLRRReport{SSRC: e.ssrc, LastRR: e.middle, DLRR: compactNTP(now - e.at)})
	}
	r.count = 0
	return out
}
