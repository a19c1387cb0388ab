package bwe

import (
	"encoding/binary"
	"math"
	"time"
)

// ArrivalLog notes when packets arrive, and tells their sender of it by the RTCP feedback of draft-holmer-rmcat-transport-wide-cc-extensions-01,
// section 3.1: the other half of TransportCC. The zero value is ready; one object belongs to one Transport. It allocates when packets come
// faster than ever before between two feedbacks only.
type ArrivalLog struct {
	ticks   []int64 // of 250 us, plus one, by number modulo the length, which is a power of two; 0: it did not arrive
	highest int64   // that arrived, extended
	next    int64   // the first that is not told yet
	told    uint8   // feedback packets
}

const (
	leastArrivals = 128
	// mostStatuses is how many numbers a feedback packet tells of at most, as the length of a run has 13 bits. What is more is not told.
	mostStatuses = 1<<13 - 1
	// feedbackSize bounds a feedback packet in bytes.
	feedbackSize = 1100
	// referenceTicks are those of a reference time.
	referenceTicks = int64(referenceUnit / deltaUnit)
)

// Record notes a packet that arrived at now with a transport-wide number. Only the first arrival of a number counts.
func (l *ArrivalLog) Record(now time.Duration, number uint16) {
	if l.ticks == nil {
		l.ticks = make([]int64, leastArrivals)
		l.highest = int64(number) + 1<<16 - 1
		l.next = l.highest + 1
	}
	seq := extend(number, l.highest)
	if seq > l.highest {
		l.advance(seq)
	}
	if l.highest-seq >= min(int64(len(l.ticks)), mostStatuses) {
		return
	}
	if at := l.at(seq); *at == 0 {
		*at = max(int64((now+deltaUnit/2)/deltaUnit), 0) + 1
		l.next = min(l.next, seq) // one that comes late is told of, and what came after it is told once more, as nothing may be skipped
	}
}

// at is the place of a number among the latest ones.
func (l *ArrivalLog) at(seq int64) *int64 { return &l.ticks[seq&int64(len(l.ticks)-1)] }

// advance makes seq the highest number. What lies between did not arrive yet.
func (l *ArrivalLog) advance(seq int64) {
	l.next = max(l.next, seq-mostStatuses+1)
	if n := seq - l.next + 1; n > int64(len(l.ticks)) {
		l.grow(n)
	}
	for from := max(l.highest+1, seq-int64(len(l.ticks))+1); from <= seq; from++ {
		*l.at(from) = 0
	}
	l.highest = seq
}

// grow makes room for n numbers.
func (l *ArrivalLog) grow(n int64) {
	old, size := *l, len(l.ticks)
	for int64(size) < n {
		size *= 2
	}
	l.ticks = make([]int64, size)
	for seq := l.highest - int64(len(old.ticks)) + 1; seq <= l.highest; seq++ {
		*l.at(seq) = *old.at(seq)
	}
}

// Append appends a feedback packet of what has arrived since the last one, of at most 1,100 bytes, and returns dst as it is if nothing has:
// to be called until then. Sender is our SSRC, media one of the other side.
func (l *ArrivalLog) Append(dst []byte, sender, media uint32) []byte {
	if l.ticks == nil {
		return dst
	}
	first := l.next
	for first <= l.highest && *l.at(first) == 0 {
		first++
	}
	if first > l.highest {
		return dst
	}
	reference := (*l.at(first) - 1) / referenceTicks
	start := len(dst)
	dst = append(dst, make([]byte, transportCCHeader)...)
	dst, end := l.appendChunks(dst, reference*referenceTicks)
	dst = l.appendDeltas(dst, reference*referenceTicks, end)
	padding := -(len(dst) - start) & 3
	for i := padding; i > 0; i-- {
		dst = append(dst, 0)
	}
	b := dst[start:]
	b[0], b[1] = 2<<6|15, 205
	if padding > 0 {
		b[0] |= 1 << 5
		b[len(b)-1] = byte(padding)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	binary.BigEndian.PutUint32(b[4:], sender)
	binary.BigEndian.PutUint32(b[8:], media)
	binary.BigEndian.PutUint16(b[12:], uint16(l.next))
	binary.BigEndian.PutUint16(b[14:], uint16(end-l.next))
	binary.BigEndian.PutUint32(b[16:], uint32(reference)<<8|uint32(l.told))
	l.told++
	l.next = end
	return dst
}

// appendChunks appends the symbols from next on (sections 3.1.3 and 3.1.4) as far as a packet goes, and returns the number behind them.
func (l *ArrivalLog) appendChunks(dst []byte, last int64) ([]byte, int64) {
	var c symbolChunk
	room := feedbackSize - transportCCHeader - 3 // padding
	for seq := l.next; ; seq++ {
		if seq > l.highest || room < 2*maxChunks+2 {
			return c.finish(dst), seq
		}
		s, delta := l.symbol(seq, last)
		if delta != int64(int16(delta)) {
			return c.finish(dst), seq
		}
		before := len(dst)
		dst = c.add(dst, s)
		last += delta
		room -= len(dst) - before + int(s) // a symbol is how many bytes its delta has
	}
}

// symbol is that of a number, and its distance from the last one that arrived.
func (l *ArrivalLog) symbol(seq, last int64) (s uint8, delta int64) {
	at := *l.at(seq)
	if at == 0 {
		return notReceived, 0
	}
	delta = at - 1 - last
	if delta < 0 || delta > math.MaxUint8 {
		return largeDelta, delta
	}
	return smallDelta, delta
}

// appendDeltas appends the distances in time of what arrived before end (section 3.1.5).
func (l *ArrivalLog) appendDeltas(dst []byte, last, end int64) []byte {
	for seq := l.next; seq < end; seq++ {
		s, delta := l.symbol(seq, last)
		last += delta
		switch s {
		case smallDelta:
			dst = append(dst, byte(delta))
		case largeDelta:
			dst = binary.BigEndian.AppendUint16(dst, uint16(delta))
		}
	}
	return dst
}

const (
	oneBitSymbols = 14
	twoBitSymbols = 7
	// maxChunks is how many chunks the symbols that wait, and one more, can become.
	maxChunks = 2
)

// symbolChunk holds the symbols that are not written yet: those that fit into one chunk, of whatever kind.
type symbolChunk struct {
	n       int
	symbols [oneBitSymbols]uint8 // the first of them
	mixed   bool                 // they are not all the same
	large   bool                 // one has two bits
}

// add takes a symbol, and appends a chunk if there is no room for it.
func (c *symbolChunk) add(dst []byte, s uint8) []byte {
	for !c.fits(s) {
		dst = c.write(dst, false)
	}
	c.take(s)
	return dst
}

func (c *symbolChunk) fits(s uint8) bool {
	return c.n < twoBitSymbols || c.n < oneBitSymbols && !c.large && s != largeDelta || c.n < mostStatuses && !c.mixed && s == c.symbols[0]
}

func (c *symbolChunk) take(s uint8) {
	if c.n < oneBitSymbols {
		c.symbols[c.n] = s
	}
	c.mixed = c.mixed || s != c.symbols[0]
	c.large = c.large || s == largeDelta
	c.n++
}

// write appends a chunk of what waits, and keeps what does not go into it. Only the last one of all may have room left.
func (c *symbolChunk) write(dst []byte, last bool) []byte {
	if !c.mixed {
		dst = binary.BigEndian.AppendUint16(dst, uint16(c.symbols[0])<<13|uint16(c.n))
		*c = symbolChunk{}
		return dst
	}
	chunk, n, bits := uint16(3<<14), min(c.n, twoBitSymbols), 2
	if !c.large && c.n > twoBitSymbols && (last || c.n == oneBitSymbols) {
		chunk, n, bits = 2<<14, c.n, 1
	}
	for i, s := range c.symbols[:n] {
		chunk |= uint16(s) << (14 - bits*(i+1))
	}
	rest := *c
	*c = symbolChunk{}
	for _, s := range rest.symbols[n:rest.n] {
		c.take(s)
	}
	return binary.BigEndian.AppendUint16(dst, chunk)
}

// finish appends all that waits.
func (c *symbolChunk) finish(dst []byte) []byte {
	for c.n > 0 {
		dst = c.write(dst, true)
	}
	return dst
}
