package codec

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// Elements of AV1 packets. sequence320 is the body of a sequence header of 320 x
// 180 with one operating point; keyFrame and interFrame begin a frame header.
const (
	sequence320 = "000 0 0 0 0 00000 000000000000 00100 1000 0111 100111111 10110011 00"
	keyFrame    = "0 00 10000"
	interFrame  = "0 01 10000"
)

func TestParseAV1(t *testing.T) {
	key := start(func(d *Descriptor) { d.Keyframe = true })
	sized := start(func(d *Descriptor) { d.Keyframe, d.Width, d.Height = true, 320, 180 })
	layered := start(func(d *Descriptor) { d.Temporal, d.Spatial = 5, 2 })
	for _, c := range []struct {
		name, payload string
		want          Descriptor
	}{
		{"sequence header and frame, N", "0010 1000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame, sized},
		{"the same without N", "0010 0000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame, sized},
		{"temporal delimiter first", "0011 0000 00000001 0 0010 000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame, sized},
		{"W 0", "0000 1000 00001000 0 0001 000" + sequence320 + "00000010 0 0110 000" + keyFrame, sized},
		{"sequence header with size field", "0010 1000 00001001 0 0001 010 00000111" + sequence320 + "0 0110 000" + keyFrame, sized},
		{"sequence header cut short", "0101 1000 0 0001 000 00000000", key},
		{"sequence header before an inter frame",
			"0010 0000 00001000 0 0001 000" + sequence320 + "0 0110 000" + interFrame,
			start(func(d *Descriptor) { d.Width, d.Height = 320, 180 })},
		{"sequence header behind metadata, N", "0010 1000 00000010 0 0101 000 00000001 0 0001 000", key},
		{"sequence header behind metadata", "0010 0000 00000010 0 0101 000 00000001 0 0001 000", start(nil)},
		{"still picture: no frame type", "0010 1000 00000010 0 0001 000 000 1 1 000 0 0011 000 11111111", key},
		{"frame", "0001 0000 0 0110 000" + interFrame, start(nil)},
		{"frame, first fragment", "0101 0000 0 0110 000" + interFrame, start(nil)},
		{"key frame without sequence header", "0001 0000 0 0110 000" + keyFrame, start(nil)},
		{"frame with layer", "0001 0000 0 0110 100 101 10 000" + interFrame, layered},
		{"frame, last fragment", "1001 0000 0 0001 000", empty()},
		{"fragment and tile group", "1010 0000 00000010 0 0001 000 11111111 0 0100 100 101 10 000 1111",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Temporal: 5, Spatial: 2}},
		{"tile group", "0001 0000 0 0100 000 11111111", empty()},
		{"padding only", "0001 0000 0 1111 000 11111111", empty()},
		{"temporal delimiter only", "0001 0000 0 0010 000", start(nil)},
		{"empty element", "0000 0000 00000000 00000010 0 0110 000" + interFrame, start(nil)},
		{"length of two bytes", "0000 0000 10000010 00000000 0 0110 000" + interFrame, start(nil)},
	} {
		d, err := checkPayload(t, ParseAV1, bin(c.payload))
		if err != nil || d != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, d, err, c.want)
		}
	}
}

func TestParseAV1Errors(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"empty", "", ErrShort},
		{"aggregation header only", "0001 0000", ErrNoPayload},
		{"Z and N", "1001 1000 00110000 00000000", ErrReserved},
		{"forbidden bit", "0001 0000 10110000 00000000", ErrReserved},
		{"element longer than the packet", "0000 0000 00000011 00110000 00000000", ErrShort},
		{"length without end", "0000 0000 10000000", ErrShort},
		{"length of nine bytes", "0000 0000 10000000 10000000 10000000 10000000 10000000 10000000 10000000 10000000 00000000", ErrShort},
		{"fewer elements than W", "0010 0000 00000010 00110000 00010000", ErrShort},
		{"extension cut off", "0001 0000 00110100", ErrShort},
		{"size field cut off", "0001 0000 00110010", ErrShort},
		{"size field without end", "0001 0000 00110010 10000000", ErrShort},
	} {
		if _, err := checkPayload(t, ParseAV1, bin(c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// obuModel is an OBU of the model.
type obuModel struct {
	kind      byte
	layered   bool
	tid, sid  byte
	sizeField bool
	body      []byte
}

func randomOBU(rng *rand.Rand) obuModel {
	kinds := []byte{1, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 15}
	o := obuModel{
		kind: kinds[rng.IntN(len(kinds))], layered: rng.IntN(2) == 0, sizeField: rng.IntN(3) == 0,
		tid: byte(rng.IntN(8)), sid: byte(rng.IntN(4)), body: make([]byte, rng.IntN(200)),
	}
	for i := range o.body {
		o.body[i] = byte(rng.Uint32())
	}
	if len(o.body) > 0 && rng.IntN(2) == 0 {
		o.body[0] &= 0x07 // a key frame, a sequence header that is not reduced
	}
	return o
}

// leb writes a leb128, sometimes longer than it must be.
func leb(rng *rand.Rand, n int) []byte {
	var out []byte
	for {
		b := byte(n & 0x7f)
		n >>= 7
		if n == 0 && (len(out) == 7 || rng.IntN(8) > 0) {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}

func (o obuModel) encode(rng *rand.Rand) []byte {
	var w bitWriter
	w.u(1, 0)
	w.u(4, uint64(o.kind))
	w.flag(o.layered)
	w.flag(o.sizeField)
	w.u(1, rng.Uint64N(2))
	if o.layered {
		w.u(3, uint64(o.tid))
		w.u(2, uint64(o.sid))
		w.u(3, rng.Uint64N(8))
	}
	out := w.bytes()
	if o.sizeField {
		out = append(out, leb(rng, len(o.body))...)
	}
	return append(out, o.body...)
}

// wantAV1 is what the parser should say of a packet in which these OBUs begin.
func wantAV1(obus []obuModel, continued, newSequence bool) Descriptor {
	d := empty()
	var order []byte // types that count
	sequence, still, other, delimiter := false, false, false, false
	for i, o := range obus {
		if o.layered && (i == 0 || !anyLayered(obus[:i])) {
			d.Temporal, d.Spatial = int8(o.tid), int8(o.sid)
		}
		first := byte(0xff) // show_existing_frame and frame_type not there
		if len(o.body) > 0 {
			first = o.body[0]
		}
		switch o.kind {
		case 2:
			delimiter = delimiter || len(order) == 0
			continue
		case 8, 15:
			continue
		case 1:
			if !sequence {
				still = len(o.body) > 0 && first>>3&1 == 1
			}
			sequence = true
		case 3, 6:
			if len(o.body) > 0 && first>>5 != 0 && !still {
				other = true
			}
		}
		order = append(order, o.kind)
	}
	if continued {
		return d
	}
	begins := map[byte]bool{1: true, 3: true, 5: true, 6: true}
	d.Start = delimiter || len(order) > 0 && begins[order[0]]
	d.Keyframe = d.Start && sequence && !other && (newSequence || order[0] == 1)
	return d
}

func anyLayered(obus []obuModel) bool {
	for _, o := range obus {
		if o.layered {
			return true
		}
	}
	return false
}

// TestAV1Model packs random OBUs with W 0 to 3, behind a fragment or not.
func TestAV1Model(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 264))
	for range 20000 {
		continued := rng.IntN(4) == 0
		newSequence := !continued && rng.IntN(2) == 0
		var obus []obuModel
		var elements [][]byte
		if continued {
			elements = append(elements, []byte{0xff, 0x12, 0x34})
		}
		for range 1 + rng.IntN(4) {
			o := randomOBU(rng)
			obus = append(obus, o)
			elements = append(elements, o.encode(rng))
		}
		payload := packAV1(rng, elements, continued, newSequence)
		d, err := checkPayload(t, ParseAV1, payload)
		if want := wantAV1(obus, continued, newSequence); err != nil || unsized(d) != want {
			t.Fatalf("%x:\n got %+v, %v\nwant %+v", payload, d, err, want)
		}
	}
}

// packAV1 writes the aggregation header and the elements.
func packAV1(rng *rand.Rand, elements [][]byte, continued, newSequence bool) []byte {
	count := 0
	if len(elements) < 4 && rng.IntN(2) == 0 {
		count = len(elements)
	}
	var w bitWriter
	w.flag(continued)
	w.u(1, rng.Uint64N(2))
	w.u(2, uint64(count))
	w.flag(newSequence)
	w.u(3, rng.Uint64N(8)) // reserved
	payload := w.bytes()
	for i, e := range elements {
		if count == 0 || i < count-1 {
			payload = append(payload, leb(rng, len(e))...)
		}
		payload = append(payload, e...)
	}
	return payload
}

func FuzzParseAV1(f *testing.F) {
	for _, seed := range []string{
		"0010 1000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame,
		"0000 1000 00001000 0 0001 000" + sequence320 + "00000010 0 0110 000" + keyFrame,
		"1010 0000 00000010 0 0001 000 11111111 0 0100 100 101 10 000 1111",
		"0001 0000 00110010 10000000",
		"0000 0000 10000000 10000000 10000000 10000000 10000000 10000000 10000000 10000000 00000000",
	} {
		f.Add(bin(seed))
	}
	for _, p := range recordedSeeds(f, "av1") {
		f.Add(p.Payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		d, err := checkPayload(t, ParseAV1, payload)
		if err != nil {
			return
		}
		if d.PictureID != -1 || d.TL0 != -1 || d.End || d.SwitchUp || d.Discardable || d.Spatial > 3 {
			t.Fatalf("AV1 without descriptor does not tell %+v", d)
		}
		if payload[0]&0x80 != 0 && d.Start {
			t.Fatalf("a continued fragment starts nothing: %+v", d)
		}
	})
}

func BenchmarkParseAV1(b *testing.B) {
	for _, c := range []struct{ name, payload string }{
		{"frame", "0001 0000 0 0110 000" + interFrame},
		{"sequence header", "0010 1000 00001000 0 0001 000" + sequence320 + "0 0110 000" + keyFrame},
	} {
		b.Run(c.name, func(b *testing.B) {
			payload := append(bin(c.payload), make([]byte, 1100)...)
			var d Descriptor
			b.ReportAllocs()
			for b.Loop() {
				if err := ParseAV1(payload, &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
