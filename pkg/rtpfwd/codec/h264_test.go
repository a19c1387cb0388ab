package codec

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// Parameter sets and slices: sps720 is a high profile stream of 1280 x 720 with
// cropping, spsBase a baseline one of 640 x 480; nal_ref_idc is 3 unless the
// name says otherwise.
const (
	spsBase = "67 42 c0 1f 8c 8d 40 50 1e d0 0f 08 84 6a"
	pps     = "68 ce 3c 80"
	idr     = "65 88 84 00 10"
	idrNext = "65 08 84 00 10" // first_mb_in_slice is not 0
	slice   = "41 9a 02 04"
	sliceB  = "01 9e 02 04" // nal_ref_idc 0
	sei     = "06 05 10"
)

// start is a Descriptor that has only Start.
func start(change func(*Descriptor)) Descriptor {
	d := empty()
	d.Start = true
	if change != nil {
		change(&d)
	}
	return d
}

func TestParseH264(t *testing.T) {
	key := start(func(d *Descriptor) { d.Keyframe = true })
	head := start(func(d *Descriptor) { d.Keyframe, d.ParameterSet = true, true })
	sized := head
	sized.Width, sized.Height = 640, 480
	discardable := empty()
	discardable.Discardable = true
	for _, c := range []struct {
		name, payload string
		want          Descriptor
	}{
		{"SPS", spsBase, sized},
		{"SPS cut short", "67 42 c0", head},
		{"PPS", pps, start(nil)},
		{"SEI", sei, start(nil)},
		{"delimiter", "09 f0", start(nil)},
		{"IDR", idr, key},
		{"second slice of an IDR", idrNext, empty()},
		{"slice", slice, start(nil)},
		{"second slice", "41 1a 02", empty()},
		{"slice without body", "41", empty()},
		{"non-reference slice", sliceB, start(func(d *Descriptor) { d.Discardable = true })},
		{"filler", "0c ff", empty()},
		{"STAP-A of SPS, PPS, IDR", "78 000e" + spsBase + "0004" + pps + "0005" + idr, sized},
		{"STAP-A of two SPS", "78 000e" + spsBase + "0018" + sps720, sized},
		{"STAP-A of PPS and IDR", "78 0004" + pps + "0005" + idr, key},
		{"STAP-A of slices", "58 0004" + slice + "0004" + sliceB, start(nil)},
		{"STAP-A of non-reference slices", "18 0004" + sliceB + "0004 01 1e 02 04",
			start(func(d *Descriptor) { d.Discardable = true })},
		{"FU-A of an IDR, first", "7c 85 88 84", key},
		{"FU-A of an IDR, second slice", "7c 85 08 84", empty()},
		{"FU-A of an IDR, middle", "7c 05 88 84", empty()},
		{"FU-A of an IDR, last", "7c 45 88 84", empty()},
		{"FU-A of an IDR, first and last", "7c c5 88 84", key},
		{"FU-A with the forbidden bit", "fc 85 88 84", key},
		{"FU-A of an SPS", "7c 87 42 c0", head},
		{"FU-A of a slice, first", "5c 81 9a", start(nil)},
		{"FU-A of a non-reference slice, middle", "1c 01 9a", discardable},
	} {
		d, err := checkPayload(t, ParseH264, unhex(c.payload))
		if err != nil || d != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, d, err, c.want)
		}
	}
}

func TestParseH264Errors(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"empty", "", ErrShort},
		{"type 0", "60 88", ErrReserved},
		{"type 30", "7e 88", ErrReserved},
		{"type 31", "7f 88", ErrReserved},
		{"STAP-B", "79 0000 0004" + pps, ErrUnsupported},
		{"MTAP16", "7a 0000 0000", ErrUnsupported},
		{"MTAP24", "7b 0000 0000", ErrUnsupported},
		{"FU-B", "7d 85 0000 88", ErrUnsupported},
		{"STAP-A of nothing", "78", ErrNoPayload},
		{"STAP-A, half a size", "78 0004" + pps + "00", ErrShort},
		{"STAP-A, half a NAL unit", "78 0005" + pps, ErrShort},
		{"STAP-A, empty NAL unit", "78 0000 0004" + pps, ErrReserved},
		{"STAP-A, empty NAL unit at the end", "78 0004" + pps + "0000", ErrReserved},
		{"STAP-A in a STAP-A", "78 0007 78 0004" + pps, ErrReserved},
		{"STAP-A, type 0", "78 0001 60", ErrReserved},
		{"FU-A without header", "7c", ErrShort},
		{"FU-A without body", "7c 85", ErrNoPayload},
		{"FU-A of a FU-A", "7c 9c 88", ErrReserved},
		{"FU-A of type 0", "7c 80 88", ErrReserved},
	} {
		if _, err := checkPayload(t, ParseH264, unhex(c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// h264Unit is a NAL unit of the model.
type h264Unit struct {
	reference byte // nal_ref_idc
	kind      byte
	body      []byte
}

func randomUnit(rng *rand.Rand) h264Unit {
	u := h264Unit{byte(rng.IntN(4)), byte(1 + rng.IntN(23)), make([]byte, 1+rng.IntN(8))}
	if rng.IntN(2) == 0 {
		u.kind = byte(1 + rng.IntN(9))
	}
	for i := range u.body {
		u.body[i] = byte(rng.Uint32())
	}
	return u
}

func (u h264Unit) encode() []byte { return append([]byte{u.reference<<5 | u.kind}, u.body...) }

// startTypes are the NAL unit types that begin an access unit whatever they hold.
var startTypes = map[byte]bool{6: true, 7: true, 8: true, 9: true, 14: true, 15: true, 16: true, 17: true, 18: true}

// want is what the parser should say of a packet with these units.
func wantH264(units []h264Unit) Descriptor {
	d := empty()
	slices, references := 0, 0
	for _, u := range units {
		first := u.body[0] >= 0x80 && (u.kind == 1 || u.kind == 2 || u.kind == 5)
		d.Start = d.Start || first || startTypes[u.kind]
		d.ParameterSet = d.ParameterSet || u.kind == 7
		d.Keyframe = d.Keyframe || u.kind == 7 || u.kind == 5 && first
		if u.kind <= 5 {
			slices++
			references += int(u.reference)
		}
	}
	d.Discardable = slices > 0 && references == 0
	return d
}

// unsized is d without the size, which random parameter sets make up.
func unsized(d Descriptor) Descriptor {
	d.Width, d.Height = 0, 0
	return d
}

// TestH264Model packs random NAL units in the three ways and parses them.
func TestH264Model(t *testing.T) {
	rng := rand.New(rand.NewPCG(264, 1))
	for range 20000 {
		units := make([]h264Unit, 1+rng.IntN(4))
		aggregate := []byte{24}
		for i := range units {
			units[i] = randomUnit(rng)
			nal := units[i].encode()
			aggregate = append(aggregate, 0, byte(len(nal)))
			aggregate = append(aggregate, nal...)
		}
		checkH264(t, aggregate, wantH264(units))
		checkH264(t, units[0].encode(), wantH264(units[:1]))

		u := units[0]
		header := u.reference<<5 | 28
		checkH264(t, append([]byte{header, 0x80 | u.kind}, u.body...), wantH264(units[:1]))
		middle := wantH264(units[:1])
		middle.Start, middle.Keyframe, middle.ParameterSet = false, false, false
		checkH264(t, append([]byte{header, u.kind}, u.body...), middle)
	}
}

func checkH264(t *testing.T, payload []byte, want Descriptor) {
	t.Helper()
	d, err := checkPayload(t, ParseH264, payload)
	if err != nil || unsized(d) != want {
		t.Fatalf("%x:\n got %+v, %v\nwant %+v", payload, d, err, want)
	}
}

func FuzzParseH264(f *testing.F) {
	for _, seed := range []string{
		spsBase, sps720, idr, slice, sliceB, "7c 85 88 84", "7c 05 88 84",
		"78 000e" + spsBase + "0004" + pps + "0005" + idr, "78 0005" + pps, "79 0000 0004" + pps,
	} {
		f.Add(unhex(seed))
	}
	for _, p := range recordedSeeds(f, "h264") {
		f.Add(p.Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := checkPayload(t, ParseH264, payload)
		if err == nil && (d.PictureID != -1 || d.TL0 != -1 || d.Spatial != 0 || d.End || d.SwitchUp) {
			t.Fatalf("H264 does not tell %+v", d)
		}
	})
}

func BenchmarkParseH264(b *testing.B) {
	for _, c := range []struct{ name, payload string }{
		{"fragment", "7c 05 88 84"},
		{"parameter sets", "78 000e" + spsBase + "0004" + pps},
	} {
		b.Run(c.name, func(b *testing.B) {
			payload := unhex(c.payload)
			var d Descriptor
			b.ReportAllocs()
			for b.Loop() {
				if err := ParseH264(payload, &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
