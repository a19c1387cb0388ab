package srtpkeys

import (
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/replaydetector"
)

// ReplayWindow is how many packets of its source a packet may be late, and still be told from a replay (RFC 3711, section 3.3.2).
const ReplayWindow = 1024

const (
	maxRTPIndex  = 1<<48 - 1 // rollover counter and sequence number
	maxRTCPIndex = 1<<31 - 1
)

// ReplayProtection has a context refuse what came before, and what is later than ReplayWindow.
func ReplayProtection() []srtp.ContextOption {
	return []srtp.ContextOption{
		srtp.SRTPReplayDetectorFactory(func() replaydetector.ReplayDetector { return newReplays(maxRTPIndex) }),
		srtp.SRTCPReplayDetectorFactory(func() replaydetector.ReplayDetector { return newReplays(maxRTCPIndex) }),
	}
}

// replays knows which of the latest packets of a source came. Its bits are a ring by the index of the packet, so that a new one costs a
// bit: Pion's own detector moves them all at each packet, which takes as long as a third of the decryption.
type replays struct {
	latest, most uint64
	seen         [ReplayWindow / 64]uint64 // by index modulo ReplayWindow: of those from latest down
}

var (
	_ replaydetector.ReplayDetector = (*replays)(nil)
	_ replaydetector.CheckAccepter  = (*replays)(nil)
)

// newReplays takes indexes up to most.
func newReplays(most uint64) *replays { return &replays{most: most} }

// CheckSeq tells whether a packet may be new. It is not marked: nobody has verified it yet.
func (r *replays) CheckSeq(index uint64) replaydetector.Token {
	if index > r.most || index <= r.latest && (r.latest-index >= ReplayWindow || r.has(index)) {
		return replaydetector.Rejected(index)
	}
	return replaydetector.Passed(index)
}

// Accept marks a packet that has passed and was verified, and tells whether it is the latest.
func (r *replays) Accept(t replaydetector.Token) (latest bool) {
	index := t.Seq()
	switch {
	case !t.Passed():
		return false
	case index > r.latest:
		r.advance(index)
	case r.latest-index >= ReplayWindow:
		return false // others were accepted since it was checked
	}
	r.seen[index%ReplayWindow/64] |= 1 << (index % 64)
	return index == r.latest
}

// Check is CheckSeq and Accept as one, for who knows no tokens.
func (r *replays) Check(index uint64) (accept func() bool, ok bool) {
	t := r.CheckSeq(index)
	return func() bool { return r.Accept(t) }, t.Passed()
}

func (r *replays) has(index uint64) bool { return r.seen[index%ReplayWindow/64]&(1<<(index%64)) != 0 }

// advance makes index the latest. What lies between did not come yet.
func (r *replays) advance(index uint64) {
	if index-r.latest >= ReplayWindow {
		r.latest, r.seen = index, [ReplayWindow / 64]uint64{}
		return
	}
	for at := r.latest + 1; at <= index; {
		if at%64 == 0 && index-at >= 63 {
			r.seen[at%ReplayWindow/64] = 0
			at += 64
			continue
		}
		r.seen[at%ReplayWindow/64] &^= 1 << (at % 64)
		at++
	}
	r.latest = index
}
