package synthetic

import "math/bits"

// bitWriter writes bit fields, high bits first.
type bitWriter struct {
	buf []byte
	pos int // in bits
}

// u writes the low n bits of v, 0 to 32.
func (w *bitWriter) u(n int, v uint32) {
	for i := n - 1; i >= 0; i-- {
		if w.pos&7 == 0 {
			w.buf = append(w.buf, 0)
		}
		w.buf[w.pos>>3] |= byte(v>>i&1) << (7 - w.pos&7)
		w.pos++
	}
}

// ue writes an unsigned Exp-Golomb number (H.264, section 9.1).
func (w *bitWriter) ue(v uint32) {
	n := bits.Len32(v + 1)
	w.u(n-1, 0)
	w.u(n, v+1)
}

// ns writes a non-symmetric unsigned number below n (AV1, section 4.10.7).
func (w *bitWriter) ns(n, v uint32) {
	l := bits.Len32(n)
	m := uint32(1)<<l - n
	if v < m {
		w.u(l-1, v)
		return
	}
	w.u(l, v+m)
}
