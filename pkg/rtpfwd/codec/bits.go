package codec

import (
	"encoding/binary"
	"math/bits"
)

// bitReader reads bit fields, high bits first. Reading past the end gives zeros
// and sets overrun, so that a parser may check once at the end of a run of
// fields; loops that depend on what was read must check themselves.
type bitReader struct {
	buf     []byte
	pos     int // in bits, at most 8*len(buf)
	overrun bool
}

// u reads an unsigned field of n bits, 0 to 32.
func (r *bitReader) u(n int) uint32 {
	if n > 8*len(r.buf)-r.pos {
		r.pos, r.overrun = 8*len(r.buf), true
		return 0
	}
	if at := r.pos >> 3; at+8 <= len(r.buf) {
		word := binary.BigEndian.Uint64(r.buf[at:]) << (r.pos & 7)
		r.pos += n
		return uint32(word >> (64 - n))
	}
	return r.slow(n)
}

// slow reads a field near the end, byte by byte.
func (r *bitReader) slow(n int) uint32 {
	var v uint32
	for n > 0 {
		free := 8 - r.pos&7
		take := min(free, n)
		b := uint32(r.buf[r.pos>>3]) >> (free - take) & (1<<take - 1)
		v = v<<take | b
		r.pos += take
		n -= take
	}
	return v
}

// skip leaves n bits out.
func (r *bitReader) skip(n int) {
	if n > 8*len(r.buf)-r.pos {
		r.pos, r.overrun = 8*len(r.buf), true
		return
	}
	r.pos += n
}

// flag reads one bit.
func (r *bitReader) flag() bool { return r.u(1) == 1 }

// ns reads a non-symmetric unsigned number below n, n at least 1 (AV1 4.10.7,
// appendix A.8.2 of the AV1 RTP payload format).
func (r *bitReader) ns(n uint32) uint32 {
	w := bits.Len32(n)
	m := uint32(1)<<w - n
	v := r.u(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.u(1)
}

// ue reads an unsigned Exp-Golomb number (H.264 9.1, and uvlc of AV1 4.10.3).
// Numbers of 32 bits and more are an overrun: no field has them.
func (r *bitReader) ue() uint32 {
	zeros := 0
	for !r.overrun && !r.flag() {
		zeros++
	}
	if r.overrun || zeros > 31 {
		r.overrun = true
		return 0
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// se reads a signed Exp-Golomb number (H.264 9.1.1).
func (r *bitReader) se() int32 {
	k := r.ue()
	if k&1 == 1 {
		return int32(k>>1) + 1
	}
	return -int32(k >> 1)
}

// bitOutput writes bit fields, high bits first, into a buffer of zeros that has room
// for them all.
type bitOutput struct {
	buf []byte
	pos int // in bits
}

// u writes the low n bits of v, 0 to 32.
func (w *bitOutput) u(n int, v uint32) {
	for n > 0 {
		free := 8 - w.pos&7
		take := min(free, n)
		n -= take
		w.buf[w.pos>>3] |= uint8(v>>n&(1<<take-1)) << (free - take)
		w.pos += take
	}
}

// copy writes the next n bits of r.
func (w *bitOutput) copy(r *bitReader, n int) {
	for ; n >= 32; n -= 32 {
		w.u(32, r.u(32))
	}
	w.u(n, r.u(n))
}
