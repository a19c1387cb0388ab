package rtpfwd

import (
	"math"
	"time"
)

// SeqNo is an extended RTP sequence number (RFC 3550 section 5.1): its low 16 bits
// are those of the wire, and it never wraps. Numbers start at or above 65,536, so
// that packets from before the first one seen are positive too.
type SeqNo int64

// RTPTime is an extended RTP timestamp in ticks of the payload's clock: its low 32
// bits are those of the wire, and it never wraps.
type RTPTime int64

// Never is the deadline of an object that waits for nothing.
const Never time.Duration = math.MaxInt64

// firstCycle is added to the first number of a stream.
const firstCycle = 1 << 16

// extendSeq returns the number with the low bits wire that is nearest to near.
func extendSeq(near SeqNo, wire uint16) SeqNo {
	return near + SeqNo(int16(wire-uint16(near)))
}

// extendTime returns the timestamp with the low bits wire that is nearest to near.
func extendTime(near RTPTime, wire uint32) RTPTime {
	return near + RTPTime(int32(wire-uint32(near)))
}

// ticksOf converts a duration into ticks of a clock of rate Hz, towards zero. It
// does not overflow in the range of int64 ticks.
func ticksOf(d time.Duration, rate uint32) RTPTime {
	seconds, rest := d/time.Second, d%time.Second
	return RTPTime(seconds)*RTPTime(rate) + RTPTime(rest)*RTPTime(rate)/RTPTime(time.Second)
}

// durationOf converts ticks of a clock of rate Hz into a duration; 0 if rate is 0.
func durationOf(t RTPTime, rate uint32) time.Duration {
	if rate == 0 {
		return 0
	}
	seconds, rest := t/RTPTime(rate), t%RTPTime(rate)
	return time.Duration(seconds)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}
