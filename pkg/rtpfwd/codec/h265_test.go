package codec

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// NAL units of H265, of temporal layer 0 unless the name says otherwise.
const (
	hevcVPS1080 = "40 01 0c 01 ff ff"
	hevcSPS1080 = "42 01 01 01 60 00 00 03 00 90 00 00 03 00 00 03 00 78 a0 03 c0 80 10 e5 96 66 69 24 ca e0 10 00 00 03 00 10 00 00 03 01 e0 80"
	hevcPPSUnit = "44 01 c1 73"
	hevcIDR     = "26 01 af 09" // IDR_W_RADL
	hevcIDRNext = "26 01 2f 09" // not the first slice segment
	hevcSlice   = "02 01 d0 10" // TRAIL_R
	hevcSliceT2 = "00 03 d0 10" // TRAIL_N, temporal layer 2
)

func TestParseH265(t *testing.T) {
	key := start(func(d *Descriptor) { d.Keyframe = true })
	head := start(func(d *Descriptor) { d.Keyframe, d.ParameterSet = true, true })
	sized := start(func(d *Descriptor) { d.Keyframe, d.Width, d.Height = true, 1920, 1080 })
	whole := sized
	whole.ParameterSet = true
	discardable := empty()
	discardable.Discardable, discardable.Temporal = true, 2
	for _, c := range []struct {
		name, payload string
		want          Descriptor
	}{
		{"VPS", hevcVPS1080, head},
		{"SPS", hevcSPS1080, sized},
		{"SPS cut short", "42 01 01 01", key},
		{"PPS", hevcPPSUnit, start(nil)},
		{"delimiter", "46 01 50", start(nil)},
		{"prefix SEI", "4e 01 05", start(nil)},
		{"suffix SEI", "50 01 05", empty()},
		{"filler", "4c 01 ff", empty()},
		{"end of sequence", "48 01", empty()},
		{"IDR_W_RADL", hevcIDR, key},
		{"IDR_N_LP", "28 01 af", key},
		{"CRA", "2a 01 af", key},
		{"BLA_W_LP", "20 01 af", key},
		{"reserved IRAP", "2c 01 af", start(nil)},
		{"RADL_N", "0c 01 af", start(func(d *Descriptor) { d.Discardable = true })},
		{"RASL_R", "12 01 af", start(nil)},
		{"second slice of an IDR", hevcIDRNext, empty()},
		{"slice", hevcSlice, start(nil)},
		{"slice without body", "02 01", empty()},
		{"slice of T2", hevcSliceT2, start(func(d *Descriptor) { d.Discardable, d.Temporal = true, 2 })},
		{"TSA_N of T2", "04 03 d0", start(func(d *Descriptor) { d.Discardable, d.Temporal, d.SwitchUp = true, 2, true })},
		{"TSA_R of T1", "06 02 d0", start(func(d *Descriptor) { d.Temporal, d.SwitchUp = 1, true })},
		{"STSA_R of T1", "0a 02 d0", start(func(d *Descriptor) { d.Temporal, d.SwitchUp = 1, true })},
		{"IDR of layer 1", "26 09 af", empty()},
		{"IDR of layer 32", "27 01 af", empty()},
		{"with the forbidden bit", "a6 01 af 09", key},
		{"aggregate of VPS, SPS, PPS, IDR", "60 01 0006" + hevcVPS1080 + "002a" + hevcSPS1080 + "0004" + hevcPPSUnit + "0004" + hevcIDR, whole},
		{"aggregate of two SPS", "60 01 002a" + hevcSPS1080 + "0004 42 01 01 01", sized},
		{"aggregate of PPS and IDR", "60 01 0004" + hevcPPSUnit + "0004" + hevcIDR, key},
		{"aggregate of T2", "60 03 0004" + hevcSliceT2 + "0004" + hevcSliceT2,
			start(func(d *Descriptor) { d.Discardable, d.Temporal = true, 2 })},
		{"aggregate of a reference and none", "60 01 0004" + hevcSlice + "0003 00 01 d0", start(nil)},
		{"fragment of an IDR, first", "62 01 93 af 09", key},
		{"fragment of an IDR, second slice", "62 01 93 2f 09", empty()},
		{"fragment of an IDR, middle", "62 01 13 af 09", empty()},
		{"fragment of an IDR, last", "62 01 53 af 09", empty()},
		{"fragment of an IDR of layer 1", "62 09 93 af 09", empty()},
		{"fragment of an SPS", "62 01 a1 01 60", key},
		{"fragment of T2, middle", "62 03 00 af", discardable},
		{"fragment of a TSA, last", "62 02 43 af", func() Descriptor {
			d := empty()
			d.Temporal, d.SwitchUp = 1, true
			return d
		}()},
	} {
		d, err := checkPayload(t, ParseH265, unhex(c.payload))
		if err != nil || d != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, d, err, c.want)
		}
	}
}

func TestParseH265Errors(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"empty", "", ErrShort},
		{"half a header", "26", ErrShort},
		{"no temporal id", "26 00 af", ErrReserved},
		{"type 51", "66 01 af", ErrReserved},
		{"type 63", "7e 01 af", ErrReserved},
		{"PACI", "64 01 4c 00 af", ErrUnsupported},
		{"aggregate of nothing", "60 01", ErrNoPayload},
		{"aggregate, half a size", "60 01 0004" + hevcIDR + "00", ErrShort},
		{"aggregate, half a NAL unit", "60 01 0005" + hevcIDR, ErrShort},
		{"aggregate, empty NAL unit", "60 01 0000 0004" + hevcIDR, ErrReserved},
		{"aggregate, NAL unit of one byte", "60 01 0001 26", ErrReserved},
		{"aggregate in an aggregate", "60 01 0008 60 01 0004" + hevcIDR, ErrReserved},
		{"aggregate, unit without temporal id", "60 01 0002 26 00", ErrReserved},
		{"fragment without header", "62 01", ErrShort},
		{"fragment without body", "62 01 93", ErrNoPayload},
		{"fragment of a fragment", "62 01 b1 af", ErrReserved},
	} {
		if _, err := checkPayload(t, ParseH265, unhex(c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// h265Unit is a NAL unit of the model, h265Kinds what its type means.
type h265Unit struct {
	kind, layer, tid byte
	body             []byte
}

var h265Kinds = func() (kinds [48]struct{ slice, key, set, starts, switches, reference bool }) {
	for i := range 32 {
		kinds[i].slice = true
		kinds[i].reference = i >= 16 || i%2 == 1
	}
	for _, i := range []int{16, 17, 18, 19, 20, 21} {
		kinds[i].key = true
	}
	for _, i := range []int{2, 3, 4, 5} {
		kinds[i].switches = true
	}
	for _, i := range []int{32, 33, 34, 35, 39, 41, 42, 43, 44} {
		kinds[i].starts = true
	}
	kinds[32].set, kinds[33].set = true, true
	return kinds
}()

func randomH265(rng *rand.Rand, tid byte) h265Unit {
	u := h265Unit{kind: byte(rng.IntN(48)), tid: tid, body: make([]byte, 1+rng.IntN(8))}
	if rng.IntN(6) == 0 {
		u.layer = byte(rng.IntN(64))
	}
	for i := range u.body {
		u.body[i] = byte(rng.Uint32())
	}
	return u
}

func (u h265Unit) header(kind byte) []byte {
	return []byte{kind<<1 | u.layer>>5, u.layer<<3 | (u.tid + 1)}
}

func (u h265Unit) encode() []byte { return append(u.header(u.kind), u.body...) }

// wantH265 is what the parser should say of a packet with these units.
func wantH265(units []h265Unit, begins bool) Descriptor {
	d := empty()
	d.Temporal = int8(units[0].tid)
	slices, references := 0, 0
	for _, u := range units {
		if u.layer != 0 {
			continue
		}
		kind := h265Kinds[u.kind]
		if kind.slice {
			slices++
		}
		if kind.slice && kind.reference {
			references++
		}
		d.SwitchUp = d.SwitchUp || kind.switches
		first := kind.slice && u.body[0] >= 128
		if begins {
			d.Start = d.Start || first || kind.starts
			d.Keyframe = d.Keyframe || first && kind.key || kind.set
			d.ParameterSet = d.ParameterSet || u.kind == 32
		}
	}
	d.Discardable = slices > 0 && references == 0
	return d
}

// TestH265Model packs random NAL units in the three ways and parses them.
func TestH265Model(t *testing.T) {
	rng := rand.New(rand.NewPCG(265, 1))
	for range 20000 {
		units := make([]h265Unit, 1+rng.IntN(4))
		tid := byte(rng.IntN(7))
		aggregate := h265Unit{tid: tid}.header(48)
		for i := range units {
			units[i] = randomH265(rng, tid)
			nal := units[i].encode()
			aggregate = append(aggregate, 0, byte(len(nal)))
			aggregate = append(aggregate, nal...)
		}
		checkH265(t, aggregate, wantH265(units, true))
		checkH265(t, units[0].encode(), wantH265(units[:1], true))

		u := units[0]
		first := append(u.header(49), 0x80|u.kind)
		checkH265(t, append(first, u.body...), wantH265(units[:1], true))
		middle := append(u.header(49), u.kind)
		checkH265(t, append(middle, u.body...), wantH265(units[:1], false))
	}
}

func checkH265(t *testing.T, payload []byte, want Descriptor) {
	t.Helper()
	d, err := checkPayload(t, ParseH265, payload)
	if err != nil || unsized(d) != want {
		t.Fatalf("%x:\n got %+v, %v\nwant %+v", payload, d, err, want)
	}
}

func FuzzParseH265(f *testing.F) {
	for _, seed := range []string{
		hevcVPS1080, hevcSPS1080, hevcPPSUnit, hevcIDR, hevcSlice, hevcSliceT2, "62 01 93 af 09", "62 01 13 af 09", "64 01 4c 00 af",
		"60 01 0006" + hevcVPS1080 + "002a" + hevcSPS1080 + "0004" + hevcPPSUnit + "0004" + hevcIDR, "60 01 0005" + hevcIDR,
	} {
		f.Add(unhex(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := checkPayload(t, ParseH265, payload)
		if err == nil && (d.PictureID != -1 || d.TL0 != -1 || d.Spatial != 0 || d.End || d.ParameterSet && !d.Keyframe || d.Temporal > 6) {
			t.Fatalf("H265 does not tell %+v", d)
		}
	})
}

func BenchmarkParseH265(b *testing.B) {
	for _, c := range []struct{ name, payload string }{
		{"fragment", "62 01 13 af 09"},
		{"parameter sets", "60 01 0006" + hevcVPS1080 + "002a" + hevcSPS1080 + "0004" + hevcPPSUnit},
	} {
		b.Run(c.name, func(b *testing.B) {
			payload := unhex(c.payload)
			var d Descriptor
			b.ReportAllocs()
			for b.Loop() {
				if err := ParseH265(payload, &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
