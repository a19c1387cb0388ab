package bench

import (
	"time"

	"github.com/pion/rtcp"
)

// Feedback comes every 50 to 250 ms and takes at most 5 % of the rate of what is received, as browsers do.
const (
	feedbackLeast = 50 * time.Millisecond
	feedbackMost  = 250 * time.Millisecond
	feedbackShare = 0.05
	udpHeader     = 28
	deltaUnit     = 250 // microseconds
)

// receiver collects arrivals and makes transport-wide feedback of them.
type receiver struct {
	skew     float64       // speed of the clock beyond that of the sender
	offset   time.Duration // of the clock
	arrivals []arrival     // since the last feedback, in order
	next     int64         // the first number of the next feedback
	count    uint8
	bytes    int
	rate     float64 // of arrivals, in bit/s, smoothed
}

type arrival struct {
	seq int64
	at  time.Duration
}

func (r *receiver) add(now time.Duration, seq int64, size int) {
	clock := now + r.offset + time.Duration(float64(now)*r.skew)
	r.arrivals = append(r.arrivals, arrival{seq, clock})
	r.bytes += size
}

// wait returns the time to the next feedback.
func (r *receiver) wait(since time.Duration, lastSize int) time.Duration {
	sample := float64(r.bytes*8) / since.Seconds()
	r.rate += (sample - r.rate) / 4
	r.bytes = 0
	if r.rate < 1 {
		return feedbackMost
	}
	wait := time.Duration(float64(lastSize*8) / (feedbackShare * r.rate) * 1e9)
	return min(max(wait, feedbackLeast), feedbackMost)
}

// report marshals the feedback for what has arrived since the last, nil if nothing has.
func (r *receiver) report() ([]byte, error) {
	if len(r.arrivals) == 0 {
		return nil, nil
	}
	last := r.arrivals[len(r.arrivals)-1].seq
	units := r.arrivals[0].at.Microseconds() / deltaUnit
	reference := units / 256
	packet := rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback},
		SenderSSRC:         1,
		MediaSSRC:          2,
		BaseSequenceNumber: uint16(r.next),
		PacketStatusCount:  uint16(last - r.next + 1),
		ReferenceTime:      uint32(reference) & 0xffffff,
		FbPktCount:         r.count,
	}
	symbols := make([]uint16, last-r.next+1)
	before := reference * 256
	for _, a := range r.arrivals {
		units := a.at.Microseconds() / deltaUnit
		delta, symbol := units-before, rtcp.TypeTCCPacketReceivedSmallDelta
		if delta > 255 {
			symbol = rtcp.TypeTCCPacketReceivedLargeDelta
		}
		before = units
		symbols[a.seq-r.next] = symbol
		packet.RecvDeltas = append(packet.RecvDeltas, &rtcp.RecvDelta{Type: symbol, Delta: delta * deltaUnit})
	}
	packet.PacketChunks = chunks(symbols)
	size := packet.MarshalSize()
	packet.Header.Length = uint16(size/4 - 1)
	packet.Header.Padding = (20+2*len(packet.PacketChunks)+deltaBytes(packet.RecvDeltas))%4 != 0
	r.next, r.arrivals = last+1, r.arrivals[:0]
	r.count++
	return packet.Marshal()
}

func deltaBytes(deltas []*rtcp.RecvDelta) int {
	total := 0
	for _, d := range deltas {
		total += int(d.Type)
	}
	return total
}

// vectorSize is how many two-bit symbols a status vector chunk holds.
const vectorSize = 7

// chunks writes symbols as runs where they are alike and as vectors where not. None holds more symbols than there are
// packets: pion's gcc takes what a last vector is filled up with for lost packets, and browsers seldom send one.
func chunks(symbols []uint16) []rtcp.PacketStatusChunk {
	var all []rtcp.PacketStatusChunk
	for len(symbols) > 0 {
		n := run(symbols)
		if n < vectorSize && len(symbols) >= vectorSize {
			all = append(all, &rtcp.StatusVectorChunk{
				Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: symbols[:vectorSize],
			})
			symbols = symbols[vectorSize:]
			continue
		}
		all = append(all, &rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: symbols[0], RunLength: uint16(n)})
		symbols = symbols[n:]
	}
	return all
}

// run returns how many symbols at the beginning are alike.
func run(symbols []uint16) int {
	const longest = 1<<13 - 1
	for i, s := range symbols {
		if s != symbols[0] || i == longest {
			return i
		}
	}
	return len(symbols)
}
