package codec

import (
	"math/rand/v2"
	"testing"
)

// sps720 is a sequence parameter set of the High 4:2:2 profile with emulation
// prevention bytes behind the size.
const sps720 = "67 7a 00 1f bc d9 40 50 05 ba 10 00 00 03 00 c0 00 00 2a e0 f1 83 19 60"

func TestSPSSize(t *testing.T) {
	for _, c := range []struct {
		sps           string
		width, height uint16
	}{
		{spsBase, 640, 480},
		{sps720, 1280, 720},
		{"67 7a 00 1e bc d9 40 a0 2f f8 98 40 00 00 03 01 80 00 00 56 83 c5 8b 65 80", 640, 360},
		{"67 42 c0 1f 8c", 0, 0},
		{"67", 0, 0},
		{"67 ff ff ff ff", 0, 0},          // ends behind the size, before the cropping
		{"67 ff ff ff ff ff", 16, 16},     // every number 0
		{"67 42 c0 1f 00 00 00 00", 0, 0}, // a number without end
	} {
		if w, h := readSPSSize(unhex(c.sps)); w != c.width || h != c.height {
			t.Errorf("%s: %d x %d, want %d x %d", c.sps, w, h, c.width, c.height)
		}
	}
}

// spsModel is what decides about the size in a sequence parameter set.
type spsModel struct {
	profile, chroma, columns, rows uint64
	separate, fields, cropped      bool
	crop                           [4]uint64 // left, right, top, bottom
}

func randomSPS(rng *rand.Rand) spsModel {
	profiles := []uint64{66, 77, 88, 100, 110, 122, 244, 44}
	m := spsModel{
		profile: profiles[rng.IntN(len(profiles))], chroma: uint64(rng.IntN(4)),
		columns: uint64(1 + rng.IntN(300)), rows: uint64(1 + rng.IntN(200)),
		separate: rng.IntN(2) == 0, fields: rng.IntN(2) == 0, cropped: rng.IntN(2) == 0,
	}
	for i := range m.crop {
		m.crop[i] = uint64(rng.IntN(4))
	}
	return m
}

// high says whether the profile has a chroma format of its own.
func (m spsModel) high() bool { return m.profile >= 100 || m.profile == 44 }

// size computes the size by the words of H.264 7.4.2.1.1.
func (m spsModel) size() (width, height uint64) {
	subWidth, subHeight := uint64(2), uint64(2)
	if m.high() {
		switch {
		case m.chroma == 0 || m.chroma == 3:
			subWidth, subHeight = 1, 1
		case m.chroma == 2:
			subHeight = 1
		}
	}
	perFrame := uint64(1)
	if m.fields {
		perFrame = 2
	}
	width, height = m.columns*16, m.rows*16*perFrame
	if m.cropped {
		width -= subWidth * (m.crop[0] + m.crop[1])
		height -= subHeight * perFrame * (m.crop[2] + m.crop[3])
	}
	return width, height
}

// encode writes seq_parameter_set_data with random values for the rest.
func (m spsModel) encode(rng *rand.Rand) []byte {
	var w bitWriter
	coin := func() bool { return rng.IntN(2) == 0 }
	w.u(8, 0x67)
	w.u(8, m.profile)
	w.u(16, rng.Uint64()&0xffff)
	w.ue(rng.Uint64N(32))
	if m.high() {
		m.writeChroma(&w, rng)
	}
	w.ue(rng.Uint64N(13))
	order := rng.Uint64N(3)
	w.ue(order)
	switch order {
	case 0:
		w.ue(rng.Uint64N(13))
	case 1:
		w.flag(coin())
		w.se(rng.Int64N(1000) - 500)
		w.se(rng.Int64N(1000) - 500)
		n := rng.Uint64N(20)
		w.ue(n)
		for range n {
			w.se(rng.Int64N(1000) - 500)
		}
	}
	w.ue(rng.Uint64N(17))
	w.flag(coin())
	w.ue(m.columns - 1)
	w.ue(m.rows - 1)
	w.flag(!m.fields)
	if m.fields {
		w.flag(coin())
	}
	w.flag(coin())
	w.flag(m.cropped)
	if m.cropped {
		for _, c := range m.crop {
			w.ue(c)
		}
	}
	w.u(2, 1) // no VUI, stop bit
	return escape(w.bytes())
}

func (m spsModel) writeChroma(w *bitWriter, rng *rand.Rand) {
	w.ue(m.chroma)
	lists := 8
	if m.chroma == 3 {
		w.flag(m.separate)
		lists = 12
	}
	w.ue(rng.Uint64N(7))
	w.ue(rng.Uint64N(7))
	w.u(1, 0)
	scaling := rng.IntN(2) == 0
	w.flag(scaling)
	if !scaling {
		return
	}
	for i := range lists {
		present := rng.IntN(2) == 0
		w.flag(present)
		if !present {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		writeScalingList(w, rng, size)
	}
}

// writeScalingList writes scales until the list is full or the next is 0.
func writeScalingList(w *bitWriter, rng *rand.Rand, size int) {
	last := 8
	for range size {
		next := rng.IntN(40)
		delta := next - last
		if rng.IntN(2) == 0 && delta < 0 {
			delta += 256 // the same, modulo 256
		}
		delta = min(delta, 127)
		next = (last + delta) & 0xff
		w.se(int64(delta))
		if next == 0 {
			return
		}
		last = next
	}
}

// escape inserts the emulation prevention bytes of H.264 7.3.1.
func escape(in []byte) []byte {
	var out []byte
	for _, b := range in {
		n := len(out)
		if b <= 3 && n >= 2 && out[n-1] == 0 && out[n-2] == 0 {
			out = append(out, 3)
		}
		out = append(out, b)
	}
	return out
}

// TestSPSModel encodes random sequence parameter sets and compares the size; cut
// anywhere they must give either the size or nothing.
func TestSPSModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(264, 2))
	for range 5000 {
		m := randomSPS(rng)
		sps := m.encode(rng)
		width, height := m.size()
		if w, h := readSPSSize(sps); uint64(w) != width || uint64(h) != height {
			t.Fatalf("%x %+v: %d x %d, want %d x %d", sps, m, w, h, width, height)
		}
		cut := sps[:rng.IntN(len(sps))]
		if w, h := readSPSSize(cut); w != 0 && (uint64(w) != width || uint64(h) != height) {
			t.Fatalf("%x cut to %d: %d x %d", sps, len(cut), w, h)
		}
	}
}

// TestSPSLimits has sizes that are just possible and sizes that are not.
func TestSPSLimits(t *testing.T) {
	for _, c := range []struct {
		name          string
		columns, rows uint64
		cropX, cropY  uint64 // in units of two pixels
		width, height uint16
	}{
		{"largest", 4095, 4095, 0, 0, 65520, 65520},
		{"too wide", 4096, 1, 0, 0, 0, 0},
		{"too high", 1, 4096, 0, 0, 0, 0},
		{"too wide before cropping", 4096, 1, 100, 0, 0, 0},
		{"two columns and rows left", 1, 1, 7, 7, 2, 2},
		{"no columns left", 1, 1, 8, 0, 0, 0},
		{"no rows left", 1, 1, 0, 8, 0, 0},
		{"cropped below zero", 1, 1, 9, 9, 0, 0},
	} {
		m := spsModel{profile: 66, columns: c.columns, rows: c.rows, cropped: true, crop: [4]uint64{0, c.cropX, c.cropY, 0}}
		sps := m.encode(rand.New(rand.NewPCG(264, 4)))
		if w, h := readSPSSize(sps); w != c.width || h != c.height {
			t.Errorf("%s: %d x %d, want %d x %d", c.name, w, h, c.width, c.height)
		}
	}
}

// TestUnescape undoes escape on bytes that are mostly zeros.
func TestUnescape(t *testing.T) {
	rng := rand.New(rand.NewPCG(264, 3))
	var dst [64]byte
	for range 5000 {
		in := make([]byte, rng.IntN(40))
		for i := range in {
			in[i] = byte(rng.IntN(5) * rng.IntN(2))
		}
		if n := unescape(dst[:], escape(in)); string(dst[:n]) != string(in) {
			t.Fatalf("%x escaped to %x, back to %x", in, escape(in), dst[:n])
		}
	}
	if n := unescape(dst[:4], []byte{1, 2, 3, 4, 5, 6}); n != 4 {
		t.Fatalf("%d bytes into a buffer of 4", n)
	}
}
