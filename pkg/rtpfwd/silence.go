package rtpfwd

import "time"

const (
	// silenceAfter is how long silence is passed on whole, so that words keep their pauses
	// and receivers learn the noise of a quiet room.
	silenceAfter = time.Second
	// silenceEvery is how often a packet is passed on then, as Opus DTX does (RFC 7587
	// section 3.1.3).
	silenceEvery = 400 * time.Millisecond
	// digitalSilence is the level of samples that are all zero, in -dBov (RFC 6464).
	digitalSilence = 127
)

// silence leaves out what a microphone sends that is switched off in the page: frames of
// nothing but zeros, 50 a second, that would cost protection and a system call each. Of
// them one every 400 ms passes, a twentieth. To the receiver that is DTX: numbers without
// a hole and timestamps with gaps, which it fills with silence. The first packet with
// any sound passes at once. Only level 127 counts: the softest noise has another one.
//
// Time is that of the timestamps: the packets of a sender with DTX lie exactly 400 ms
// apart, and all of them pass, however they arrive.
type silence struct {
	silent bool
	since  RTPTime // of its first packet
	passed RTPTime // of the latest one that was passed on
	left   bool    // something was left out since
}

// wants says whether an audio packet of a clock of rate Hz passes, and with which marker
// bit: it tells where sound begins anew (RFC 3551 section 4.1). A late packet has its
// number already.
func (s *silence) wants(p *Packet, rate uint32, newest bool) (wanted, marker bool) {
	if !newest {
		return true, p.Marker
	}
	if !p.HasLevel || p.Level != digitalSilence || p.Voice {
		begins := s.left
		*s = silence{}
		return true, p.Marker || begins
	}
	if !s.silent || p.Time < s.passed {
		*s = silence{silent: true, since: p.Time, left: s.left}
	}
	if p.Time-s.since >= ticksOf(silenceAfter, rate) && p.Time-s.passed < ticksOf(silenceEvery, rate) {
		s.left = true
		return false, false
	}
	s.passed = p.Time
	return true, p.Marker
}
