package codec

import (
	"math/rand/v2"
	"testing"
)

// TestBitReaderModel writes random fields of every kind and reads them again.
func TestBitReaderModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		var w bitWriter
		var check []func(r *bitReader) bool
		for range rng.IntN(40) {
			check = append(check, randomField(rng, &w))
		}
		r := bitReader{buf: w.bytes()}
		for i, ok := range check {
			if !ok(&r) || r.overrun {
				t.Fatalf("field %d of %d differs (overrun %t)", i, len(check), r.overrun)
			}
		}
		if r.pos != len(w.bits) {
			t.Fatalf("read %d bits of %d", r.pos, len(w.bits))
		}
		past := r
		if past.u(8); !past.overrun {
			t.Fatalf("no overrun behind the last byte")
		}
		if r.skip(8); !r.overrun || r.pos != 8*len(r.buf) {
			t.Fatalf("no overrun by leaving out what is not there")
		}
	}
}

// randomField writes one field and returns how to check it.
func randomField(rng *rand.Rand, w *bitWriter) func(r *bitReader) bool {
	switch rng.IntN(5) {
	case 0:
		n := rng.IntN(33)
		v := rng.Uint64() & (1<<n - 1)
		w.u(n, v)
		return func(r *bitReader) bool { return uint64(r.u(n)) == v }
	case 1:
		n := uint64(1 + rng.IntN(40))
		v := rng.Uint64N(n)
		w.ns(n, v)
		return func(r *bitReader) bool { return uint64(r.ns(uint32(n))) == v }
	case 2:
		v := rng.Uint64N(1<<32-1) >> rng.IntN(32)
		w.ue(v)
		return func(r *bitReader) bool { return uint64(r.ue()) == v }
	case 3:
		n := rng.IntN(100)
		for range n {
			w.u(1, rng.Uint64()&1)
		}
		return func(r *bitReader) bool { r.skip(n); return true }
	default:
		v := int64(rng.Uint64N(1<<31)>>rng.IntN(31)) * int64(1-2*rng.IntN(2))
		v = max(v, -(1<<31 - 1))
		w.se(v)
		return func(r *bitReader) bool { return int64(r.se()) == v }
	}
}

// TestNonSymmetric checks the table of ns(5) in AV1 RTP appendix A.8.2.
func TestNonSymmetric(t *testing.T) {
	for want, code := range []string{"00", "01", "10", "110", "111"} {
		r := bitReader{buf: bin(code)}
		if got := r.ns(5); got != uint32(want) || r.pos != len(code) {
			t.Errorf("%s: %d in %d bits, want %d", code, got, r.pos, want)
		}
	}
}

// TestExpGolomb checks the first codes of H.264 table 9-2 and the limits.
func TestExpGolomb(t *testing.T) {
	for want, code := range []string{"1", "010", "011", "00100", "00101", "00110", "00111", "0001000"} {
		r := bitReader{buf: bin(code)}
		if got := r.ue(); got != uint32(want) || r.pos != len(code) {
			t.Errorf("%s: %d in %d bits, want %d", code, got, r.pos, want)
		}
	}
	for _, short := range [][]byte{nil, {0}, {0, 0, 0, 0}, {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff}} {
		r := bitReader{buf: short}
		if got := r.ue(); got != 0 || !r.overrun {
			t.Errorf("%x: %d, overrun %t", short, got, r.overrun)
		}
	}
}
