package codec

import (
	"math/rand/v2"
	"testing"
)

func TestHEVCSize(t *testing.T) {
	for _, c := range []struct {
		sps           string
		width, height uint16
	}{
		{hevcSPS1080, 1920, 1080},
		{"42 01 01 01 60 00 00 03 00 90", 0, 0},
		{"42 01", 0, 0},
		{"42 01 0f" + "ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff", 0, 0}, // eight sub-layers
		{"42 01 01" + "00 00 00 00 00 00 00 00", 0, 0},                         // a number without end
	} {
		if w, h := readHEVCSize(unhex(c.sps)); w != c.width || h != c.height {
			t.Errorf("%s: %d x %d, want %d x %d", c.sps, w, h, c.width, c.height)
		}
	}
}

// hevcModel is what decides about the size in a sequence parameter set.
type hevcModel struct {
	sublayers             int // sps_max_sub_layers_minus1
	chroma, width, height uint64
	separate, cropped     bool
	crop                  [4]uint64 // left, right, top, bottom
}

func randomHEVC(rng *rand.Rand) hevcModel {
	m := hevcModel{
		sublayers: rng.IntN(7), chroma: rng.Uint64N(4), width: 16 + rng.Uint64N(8000), height: 16 + rng.Uint64N(5000),
		separate: rng.IntN(2) == 0, cropped: rng.IntN(2) == 0,
	}
	for i := range m.crop {
		m.crop[i] = rng.Uint64N(4)
	}
	return m
}

// size computes the size by table 6-1 and section 7.4.3.2.1 of H.265.
func (m hevcModel) size() (width, height uint64) {
	if !m.cropped {
		return m.width, m.height
	}
	subWidth := [4]uint64{1, 2, 2, 1}[m.chroma]
	subHeight := [4]uint64{1, 2, 1, 1}[m.chroma]
	return m.width - subWidth*(m.crop[0]+m.crop[1]), m.height - subHeight*(m.crop[2]+m.crop[3])
}

// encode writes the parameter set with random values for the rest.
func (m hevcModel) encode(rng *rand.Rand) []byte {
	var w bitWriter
	junk := func(n int) {
		for range n {
			w.u(1, rng.Uint64()&1)
		}
	}
	w.u(16, 0x4201)
	junk(4)
	w.u(3, uint64(m.sublayers))
	junk(1)
	junk(96)
	var profile, level [8]bool
	for i := range m.sublayers {
		profile[i], level[i] = rng.IntN(2) == 0, rng.IntN(2) == 0
	}
	if m.sublayers > 0 {
		for i := range profile {
			w.flag(profile[i])
			w.flag(level[i])
		}
	}
	for i := range m.sublayers {
		if profile[i] {
			junk(88)
		}
		if level[i] {
			junk(8)
		}
	}
	w.ue(rng.Uint64N(16))
	w.ue(m.chroma)
	if m.chroma == 3 {
		w.flag(m.separate)
	}
	w.ue(m.width)
	w.ue(m.height)
	w.flag(m.cropped)
	if m.cropped {
		for _, c := range m.crop {
			w.ue(c)
		}
	}
	junk(20)
	w.u(1, 1)
	return escape(w.bytes())
}

// TestHEVCModel encodes random parameter sets and compares the size; cut anywhere
// they must give either the size or nothing.
func TestHEVCModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(265, 2))
	for range 5000 {
		m := randomHEVC(rng)
		sps := m.encode(rng)
		width, height := m.size()
		if w, h := readHEVCSize(sps); uint64(w) != width || uint64(h) != height {
			t.Fatalf("%x %+v: %d x %d, want %d x %d", sps, m, w, h, width, height)
		}
		cut := sps[:rng.IntN(len(sps))]
		if w, h := readHEVCSize(cut); w != 0 && (uint64(w) != width || uint64(h) != height) {
			t.Fatalf("%x cut to %d: %d x %d", sps, len(cut), w, h)
		}
	}
}

// TestHEVCLimits has sizes that are just possible and sizes that are not.
func TestHEVCLimits(t *testing.T) {
	for _, c := range []struct {
		name                  string
		width, height, cropX  uint64
		wantWidth, wantHeight uint16
	}{
		{"largest", 65535, 65535, 0, 65535, 65535},
		{"too wide", 65536, 8, 0, 0, 0},
		{"too high", 8, 65536, 0, 0, 0},
		{"two columns left", 8, 8, 3, 2, 8},
		{"no columns left", 8, 8, 4, 0, 0},
		{"no size", 0, 0, 0, 0, 0},
	} {
		m := hevcModel{chroma: 1, width: c.width, height: c.height, cropped: true, crop: [4]uint64{0, c.cropX, 0, 0}}
		sps := m.encode(rand.New(rand.NewPCG(265, 3)))
		if w, h := readHEVCSize(sps); w != c.wantWidth || h != c.wantHeight {
			t.Errorf("%s: %d x %d, want %d x %d", c.name, w, h, c.wantWidth, c.wantHeight)
		}
	}
}
