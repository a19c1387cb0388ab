package bwe

import (
	"encoding/binary"
	"time"
)

// CCFB parses the RTCP congestion control feedback of RFC 8888, section 3.1, which names packets by SSRC and RTP sequence
// number. The zero value is ready; one object belongs to one Transport, because the timestamp wraps every 18 hours.
type CCFB struct {
	stamp   int64 // the last report timestamp, extended, in units of 1/65536 s
	started bool
}

// Parse appends what a feedback packet says to acks. raw is one RTCP packet with its header; numbers tells the
// transport-wide number of a packet. Packets that numbers does not know are left out, and those that arrived at a time
// that is not told. On an error acks is returned as it came.
func (c *CCFB) Parse(raw []byte, numbers *Numbers, acks []Ack) ([]Ack, error) {
	raw, ok := rtcpBody(raw, 11)
	if !ok {
		return acks, ErrFeedback
	}
	end, kept := len(raw)-4, len(acks)
	stamp := c.extendStamp(binary.BigEndian.Uint32(raw[end:]))
	for blocks := raw[8:end]; len(blocks) > 0; {
		if len(blocks) < 8 {
			return acks[:kept], ErrFeedback
		}
		ssrc, begin := binary.BigEndian.Uint32(blocks), binary.BigEndian.Uint16(blocks[4:])
		count := int(binary.BigEndian.Uint16(blocks[6:]))
		size := 8 + 2*(count+count&1) // padded to 32 bits
		if len(blocks) < size {
			return acks[:kept], ErrFeedback
		}
		for i := range count {
			metric := binary.BigEndian.Uint16(blocks[8+2*i:])
			if ack, told := ackOfMetric(metric, stamp); told {
				ack.Seq, told = numbers.Find(ssrc, begin+uint16(i))
				acks = appendIf(told, acks, ack)
			}
		}
		blocks = blocks[size:]
	}
	return acks, nil
}

func appendIf(condition bool, acks []Ack, a Ack) []Ack {
	if !condition {
		return acks
	}
	return append(acks, a)
}

// ackOfMetric reads R, ECN and the arrival time offset in units of 1/1024 s before the report timestamp. Offsets from
// 0x1ffe on tell no time.
func ackOfMetric(metric uint16, stamp time.Duration) (Ack, bool) {
	if metric&0x8000 == 0 {
		return Ack{Lost: true}, true
	}
	offset := time.Duration(metric & 0x1fff)
	return Ack{Recv: stamp - offset*time.Second/1024, ECN: uint8(metric >> 13 & 3)}, offset < 0x1ffe
}

func (c *CCFB) extendStamp(wire uint32) time.Duration {
	if !c.started {
		c.started, c.stamp = true, int64(wire)
	}
	c.stamp += int64(int32(wire - uint32(c.stamp)))
	seconds, rest := c.stamp>>16, c.stamp&0xffff
	return time.Duration(seconds)*time.Second + time.Duration(rest)*time.Second>>16
}

// numbersKept is how many packets a table of Numbers holds: 2 s at 40 Mbit/s.
const numbersKept = 8192

// Numbers finds the transport-wide number of a packet by its SSRC and RTP sequence number, for feedback after RFC 8888. It
// is a hash table of the latest packets in which a newer packet may push out an older one: that is then a packet of
// which nothing is known.
type Numbers struct {
	slots [numbersKept]numbered
}

type numbered struct {
	seq  int64 // 0 for none: numbers of this table are one higher
	ssrc uint32
	wire uint16
}

// Add notes a packet that was sent.
func (n *Numbers) Add(ssrc uint32, wire uint16, seq int64) {
	n.slots[slotOf(ssrc, wire)] = numbered{seq + 1, ssrc, wire}
}

// Find returns the transport-wide number of the latest packet with this SSRC and sequence number.
func (n *Numbers) Find(ssrc uint32, wire uint16) (int64, bool) {
	s := n.slots[slotOf(ssrc, wire)]
	return s.seq - 1, s.seq > 0 && s.ssrc == ssrc && s.wire == wire
}

// slotOf keeps the packets of one SSRC side by side, so that they do not push out each other.
func slotOf(ssrc uint32, wire uint16) uint32 {
	return (ssrc*2654435761>>16 + uint32(wire)) % numbersKept
}
