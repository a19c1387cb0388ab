package codec

import (
	"math/rand/v2"
	"testing"
)

// sequenceModel is what decides about the length and the size of a sequence
// header.
type sequenceModel struct {
	reduced, timing, equalInterval, decoderModel, displayDelay bool
	points                                                     int
	widthBits, heightBits                                      int
	width, height                                              uint64
}

func randomSequence(rng *rand.Rand) sequenceModel {
	coin := func() bool { return rng.IntN(2) == 0 }
	m := sequenceModel{
		reduced: rng.IntN(4) == 0, timing: coin(), equalInterval: coin(), decoderModel: coin(), displayDelay: coin(),
		points: 1 + rng.IntN(32), widthBits: 1 + rng.IntN(16), heightBits: 1 + rng.IntN(16),
	}
	m.width = 1 + rng.Uint64N(1<<m.widthBits)
	m.height = 1 + rng.Uint64N(1<<m.heightBits)
	return m
}

// encode writes sequence_header_obu of AV1 section 5.5.1 up to the size.
func (m sequenceModel) encode(rng *rand.Rand) []byte {
	var w bitWriter
	w.u(3, rng.Uint64N(3))
	w.flag(m.reduced)
	w.flag(m.reduced)
	if m.reduced {
		w.u(5, rng.Uint64N(32))
	} else {
		m.writeTiming(&w, rng)
	}
	w.u(4, uint64(m.widthBits-1))
	w.u(4, uint64(m.heightBits-1))
	w.u(m.widthBits, m.width-1)
	w.u(m.heightBits, m.height-1)
	return w.bytes()
}

func (m sequenceModel) writeTiming(w *bitWriter, rng *rand.Rand) {
	delayBits := 1 + rng.IntN(32)
	w.flag(m.timing)
	if m.timing {
		w.u(32, rng.Uint64())
		w.u(32, rng.Uint64())
		w.flag(m.equalInterval)
		if m.equalInterval {
			w.ue(rng.Uint64N(100000))
		}
		w.flag(m.decoderModel)
		if m.decoderModel {
			w.u(5, uint64(delayBits-1))
			w.u(32, rng.Uint64())
			w.u(10, rng.Uint64())
		}
	}
	w.flag(m.displayDelay)
	w.u(5, uint64(m.points-1))
	for range m.points {
		w.u(12, rng.Uint64())
		level := rng.Uint64N(32)
		w.u(5, level)
		if level > 7 {
			w.u(1, rng.Uint64())
		}
		if m.timing && m.decoderModel {
			present := rng.IntN(2) == 0
			w.flag(present)
			if present {
				w.u(delayBits, rng.Uint64())
				w.u(delayBits, rng.Uint64())
				w.u(1, rng.Uint64())
			}
		}
		if m.displayDelay {
			present := rng.IntN(2) == 0
			w.flag(present)
			if present {
				w.u(4, rng.Uint64())
			}
		}
	}
}

// TestSequenceModel encodes random sequence headers and compares the size; cut
// anywhere they must give either the size or nothing.
func TestSequenceModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		m := randomSequence(rng)
		body := m.encode(rng)
		width, height := m.width, m.height
		if width == 1<<16 || height == 1<<16 {
			width, height = 0, 0
		}
		if w, h := readSequenceSize(body); uint64(w) != width || uint64(h) != height {
			t.Fatalf("%x %+v: %d x %d", body, m, w, h)
		}
		cut := body[:rng.IntN(len(body))]
		if w, h := readSequenceSize(cut); w != 0 || h != 0 {
			t.Fatalf("%x cut to %d: %d x %d", body, len(cut), w, h)
		}
	}
}

// TestSequenceLargest has the one size that does not fit.
func TestSequenceLargest(t *testing.T) {
	for _, c := range []struct {
		body          string
		width, height uint16
	}{
		{"000 1 1 00000 1111 0000 1111111111111111 0", 0, 0},
		{"000 1 1 00000 1111 0000 1111111111111110 0", 65535, 1},
		{"000 1 1 00000 0000 1111 0 1111111111111110", 1, 65535},
	} {
		if w, h := readSequenceSize(bin(c.body)); w != c.width || h != c.height {
			t.Errorf("%s: %d x %d, want %d x %d", c.body, w, h, c.width, c.height)
		}
	}
}
