package bwe

import (
	"encoding/binary"
	"errors"
	"time"
)

// ErrFeedback is returned for feedback that is cut short or contradicts itself.
var ErrFeedback = errors.New("malformed feedback")

// TransportCC parses the RTCP feedback of draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. The zero value
// is ready; one object belongs to one Transport, because the reference time wraps every 12 days.
type TransportCC struct {
	reference int64 // the last reference time, extended, in units of 64 ms
	started   bool
}

// Symbols of the draft, section 3.1.1.
const (
	notReceived = iota
	smallDelta
	largeDelta
	withoutDelta // received at a time that is not told
)

const transportCCHeader = 20

// Parse appends what a feedback packet says to acks. raw is one RTCP packet with its header, latest the highest number
// that was sent: the 16-bit numbers are extended next to it, and what lies above it is left out, since it was never sent.
// Packets that arrived at a time that is not told are left out, too. On an error acks is returned as it came.
func (t *TransportCC) Parse(raw []byte, latest int64, acks []Ack) ([]Ack, error) {
	raw, ok := rtcpBody(raw, 15)
	if !ok || len(raw) < transportCCHeader {
		return acks, ErrFeedback
	}
	first := extend(binary.BigEndian.Uint16(raw[12:]), latest)
	count := int(binary.BigEndian.Uint16(raw[14:]))
	deltas, ok := deltasOf(raw[transportCCHeader:], count)
	if !ok {
		return acks, ErrFeedback
	}
	chunks, kept := raw[transportCCHeader:], len(acks)
	arrivals := arrivals{recv: t.extendReference(binary.BigEndian.Uint32(raw[16:]) >> 8), deltas: deltas}
	for seq, end := first, first+int64(count); seq < end; chunks = chunks[2:] {
		chunk := binary.BigEndian.Uint16(chunks)
		for i := range min(symbols(chunk), int(end-seq)) {
			s := symbol(chunk, i)
			if !arrivals.take(s) {
				return acks[:kept], ErrFeedback
			}
			if at := seq + int64(i); s != withoutDelta && at >= 0 && at <= latest {
				acks = append(acks, ackOf(at, arrivals.recv, s == notReceived))
			}
		}
		seq += int64(symbols(chunk))
	}
	return acks, nil
}

// arrivals adds up the differences between times of arrival (section 3.1.5).
type arrivals struct {
	recv   time.Duration
	deltas []byte
}

// take moves on to the packet that a symbol tells of.
func (a *arrivals) take(symbol int) bool {
	size := 0
	switch symbol {
	case smallDelta:
		size = 1
	case largeDelta:
		size = 2
	}
	if len(a.deltas) < size {
		return false
	}
	switch size {
	case 1:
		a.recv += time.Duration(a.deltas[0]) * deltaUnit
	case 2:
		a.recv += time.Duration(int16(binary.BigEndian.Uint16(a.deltas))) * deltaUnit
	}
	a.deltas = a.deltas[size:]
	return true
}

func ackOf(seq int64, recv time.Duration, lost bool) Ack {
	if lost {
		return Ack{Seq: seq, Lost: true}
	}
	return Ack{Seq: seq, Recv: recv}
}

const (
	deltaUnit     = 250 * time.Microsecond
	referenceUnit = 64 * time.Millisecond
)

// deltasOf returns what follows the chunks that hold count symbols.
func deltasOf(chunks []byte, count int) ([]byte, bool) {
	for count > 0 {
		if len(chunks) < 2 {
			return nil, false
		}
		held := symbols(binary.BigEndian.Uint16(chunks))
		if held == 0 {
			return nil, false
		}
		count -= held
		chunks = chunks[2:]
	}
	return chunks, true
}

// symbols returns how many symbols a chunk holds (sections 3.1.3 and 3.1.4).
func symbols(chunk uint16) int {
	switch {
	case chunk&0x8000 == 0:
		return int(chunk & 0x1fff)
	case chunk&0x4000 == 0:
		return 14
	}
	return 7
}

func symbol(chunk uint16, i int) int {
	switch {
	case chunk&0x8000 == 0:
		return int(chunk >> 13 & 3)
	case chunk&0x4000 == 0:
		return int(chunk >> (13 - i) & 1)
	}
	return int(chunk >> (12 - 2*i) & 3)
}

// extendReference returns the reference time nearest to the last one: it has 24 bits.
func (t *TransportCC) extendReference(wire uint32) time.Duration {
	if !t.started {
		t.started, t.reference = true, int64(wire)
	}
	difference := int32((wire-uint32(t.reference))<<8) >> 8
	t.reference += int64(difference)
	return time.Duration(t.reference) * referenceUnit
}

// extend returns the number nearest to latest that ends in the given 16 bits.
func extend(wire uint16, latest int64) int64 { return latest + int64(int16(wire-uint16(latest))) }

// rtcpBody checks the header of a transport-layer feedback packet (RFC 4585, section 6.1) and cuts off its padding.
func rtcpBody(raw []byte, format byte) ([]byte, bool) {
	if len(raw) < 12 || raw[0]>>6 != 2 || raw[0]&0x1f != format || raw[1] != 205 {
		return nil, false
	}
	size := 4 * (int(binary.BigEndian.Uint16(raw[2:])) + 1)
	if size < 12 || size > len(raw) {
		return nil, false
	}
	raw = raw[:size]
	if raw[0]&0x20 == 0 {
		return raw, true
	}
	padding := int(raw[size-1])
	if padding == 0 || padding > size-12 {
		return nil, false
	}
	return raw[:size-padding], true
}
