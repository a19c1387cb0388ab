package codec

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pion/rtp/codecs"
)

// vp9Structure3 is a scalability structure of three spatial layers with sizes
// and a picture group of four pictures in three temporal layers.
const vp9Structure3 = `
	01011000
	0000000101000000 0000000010110100
	0000001010000000 0000000101101000
	0000010100000000 0000001011010000
	00000100
	00010100 00000100
	01010100 00000001
	00110100 00000010
	01011000 00000001 00000011`

func TestParseVP9(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          Descriptor
	}{
		{"keyframe without layers", "10001100 00000001 11111111",
			Descriptor{PictureID: 1, PictureIDBits: 7, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, End: true,
				EndOfSuperframe: true, Keyframe: true, pictureIDAt: 1}},
		{"non-flexible keyframe with structure", "10101010 1000000100000010 00010000 00000101" + vp9Structure3 + "11111111",
			Descriptor{PictureID: 258, PictureIDBits: 15, TL0: 5, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true, SwitchUp: true,
				SpatialLayers: 3, TemporalLayers: 3, Width: 1280, Height: 720, pictureIDAt: 1, tl0At: 4}},
		{"highest layer with structure", "10101110 00000011 00000101 00000101" + vp9Structure3 + "11111111",
			Descriptor{PictureID: 3, PictureIDBits: 7, TL0: 5, KeyIdx: -1, FrameNumber: -1, Start: true, End: true, EndOfSuperframe: true,
				Spatial: 2, InterLayer: true, SpatialLayers: 3, TemporalLayers: 3, Width: 1280, Height: 720,
				pictureIDAt: 1, tl0At: 3}},
		{"upper layer of a keyframe", "10101100 00000011 00000011 00000101 11111111",
			Descriptor{PictureID: 3, PictureIDBits: 7, TL0: 5, KeyIdx: -1, FrameNumber: -1, Start: true, End: true,
				Spatial: 1, InterLayer: true, pictureIDAt: 1, tl0At: 3}},
		{"flexible, two references", "11111000 1111111111111111 01011000 00000011 00000100 11111111",
			Descriptor{PictureID: 32767, PictureIDBits: 15, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, SwitchUp: true,
				Spatial: 4, Temporal: 2, Predicted: true, pictureIDAt: 1}},
		{"flexible, three references", "11110001 00000000 00000000 00000011 00000011 00000110 11111111",
			Descriptor{PictureIDBits: 7, TL0: -1, KeyIdx: -1, FrameNumber: -1, Predicted: true, NotForUpper: true, pictureIDAt: 1}},
		{"last packet of a delta frame", "11100100 00000000 11110000 11111111 11111111",
			Descriptor{PictureIDBits: 7, TL0: 255, KeyIdx: -1, FrameNumber: -1, Temporal: 7, SwitchUp: true, End: true, Predicted: true,
				pictureIDAt: 1, tl0At: 3}},
		{"no picture id", "00101000 00000000 00000001 11111111",
			Descriptor{PictureID: -1, TL0: 1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true, tl0At: 2}},
		{"structure without sizes and group", "00001010 00100000 11111111",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true, SpatialLayers: 2}},
		{"structure with an empty group", "00001010 00101000 00000000 11111111",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true, SpatialLayers: 2}},
		{"structure with fewer layers than the frame's", "00101010 00001110 00000000 00110000 0000000000000001 0000000000000010 0000000000000011 0000000000000100 1",
			Descriptor{PictureID: -1, TL0: 0, KeyIdx: -1, FrameNumber: -1, Start: true, Spatial: 7, SpatialLayers: 2,
				Width: 3, Height: 4, tl0At: 2}},
	} {
		d, err := checkPayload(t, ParseVP9, bin(c.payload))
		if err != nil || d != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, d, err, c.want)
		}
	}
}

// TestParseVP9TooManyRefs has N set in the third reference.
func TestParseVP9TooManyRefs(t *testing.T) {
	payload := bin("11010000 00000000 00000011 00000011 00000011 00000010 11111111")
	if _, err := checkPayload(t, ParseVP9, payload); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("got %v", err)
	}
}

// vp9Model is a payload before it is encoded.
type vp9Model struct {
	hasID, wideID, predicted, layers, flexible, begin, end, structure, notRef bool
	id                                                                        uint16
	tid, sid, tl0                                                             byte
	switchUp, interLayer                                                      bool
	refs                                                                      []byte
	spatial                                                                   int // layers of the structure
	sizes, group                                                              bool
	width, height                                                             [8]uint16
	pictures                                                                  []vp9Picture
	frame                                                                     byte
}

type vp9Picture struct {
	tid, junk byte
	refs      []byte
}

func randomVP9(rng *rand.Rand) vp9Model {
	coin := func() bool { return rng.IntN(2) == 0 }
	m := vp9Model{
		hasID: coin(), wideID: coin(), predicted: coin(), layers: coin(), flexible: coin(), begin: coin(), end: coin(),
		structure: rng.IntN(3) == 0, notRef: coin(), id: uint16(rng.IntN(1 << 15)),
		tid: byte(rng.IntN(8)), sid: byte(rng.IntN(8) & rng.IntN(8)), tl0: byte(rng.Uint32()), switchUp: coin(), interLayer: coin(),
		refs: make([]byte, 1+rng.IntN(3)), spatial: 1 + rng.IntN(8), sizes: coin(), group: coin(), frame: byte(rng.Uint32()),
	}
	for i := range m.width {
		m.width[i], m.height[i] = uint16(rng.Uint32()), uint16(rng.Uint32())
	}
	for range rng.IntN(10) {
		m.pictures = append(m.pictures, vp9Picture{byte(rng.IntN(8)), byte(rng.IntN(8)), make([]byte, rng.IntN(4))})
	}
	return m
}

// descriptor encodes the payload descriptor as RFC 9628 figures 2 to 4 draw it.
func (m vp9Model) descriptor() []byte {
	var w bitWriter
	for _, b := range []bool{m.hasID, m.predicted, m.layers, m.flexible, m.begin, m.end, m.structure, m.notRef} {
		w.flag(b)
	}
	if m.hasID && m.wideID {
		w.u(1, 1)
		w.u(15, uint64(m.id))
	} else if m.hasID {
		w.u(8, uint64(m.id&0x7f))
	}
	if m.layers {
		w.u(3, uint64(m.tid))
		w.flag(m.switchUp)
		w.u(3, uint64(m.sid))
		w.flag(m.interLayer)
	}
	if m.layers && !m.flexible {
		w.u(8, uint64(m.tl0))
	}
	if m.flexible && m.predicted {
		for i, ref := range m.refs {
			w.u(7, uint64(ref))
			w.flag(i < len(m.refs)-1)
		}
	}
	if m.structure {
		m.writeStructure(&w)
	}
	return w.bytes()
}

func (m vp9Model) writeStructure(w *bitWriter) {
	w.u(3, uint64(m.spatial-1))
	w.flag(m.sizes)
	w.flag(m.group)
	w.u(3, uint64(m.tid))
	if m.sizes {
		for i := range m.spatial {
			w.u(16, uint64(m.width[i]))
			w.u(16, uint64(m.height[i]))
		}
	}
	if !m.group {
		return
	}
	w.u(8, uint64(len(m.pictures)))
	for _, p := range m.pictures {
		w.u(3, uint64(p.tid))
		w.u(1, uint64(p.junk&1))
		w.u(2, uint64(len(p.refs)))
		w.u(2, uint64(p.junk>>1))
		for _, ref := range p.refs {
			w.u(8, uint64(ref))
		}
	}
}

func (m vp9Model) encode() []byte { return append(m.descriptor(), m.frame) }

// want is what the parser should say of the payload.
func (m vp9Model) want() Descriptor {
	d := empty()
	d.Start, d.End, d.Predicted, d.NotForUpper = m.begin, m.end, m.predicted, m.notRef
	switch {
	case m.hasID && m.wideID:
		d.PictureID, d.PictureIDBits = int32(m.id), 15
	case m.hasID:
		d.PictureID, d.PictureIDBits = int32(m.id%128), 7
	}
	if m.layers {
		d.Temporal, d.Spatial, d.SwitchUp, d.InterLayer = int8(m.tid), int8(m.sid), m.switchUp, m.interLayer
		if !m.flexible {
			d.TL0 = int16(m.tl0)
		}
	}
	d.Keyframe = m.begin && !m.predicted && d.Spatial == 0
	d.EndOfSuperframe = m.end && !m.layers
	if !m.structure {
		return d
	}
	d.SpatialLayers = uint8(m.spatial)
	if m.sizes {
		d.Width, d.Height = m.width[m.spatial-1], m.height[m.spatial-1]
	}
	for _, p := range m.pictures {
		if m.group {
			d.TemporalLayers = max(d.TemporalLayers, p.tid+1)
		}
	}
	if m.end && int(d.Spatial) == m.spatial-1 {
		d.EndOfSuperframe = true
	}
	return d
}

// TestVP9Model encodes random payloads, parses them, cuts them short, and
// compares a rewritten payload with one encoded with the new numbers.
func TestVP9Model(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for range 20000 {
		m := randomVP9(rng)
		payload := m.encode()
		d, err := checkPayload(t, ParseVP9, payload)
		if err != nil || visible(d) != m.want() {
			t.Fatalf("%x:\n got %+v, %v\nwant %+v", payload, d, err, m.want())
		}
		checkCut(t, ParseVP9, payload, len(m.descriptor()))

		changed := m
		changed.id, changed.tl0 = uint16(rng.IntN(1<<15)), byte(rng.Uint32())
		RewriteVP9(payload, &d, changed.id, changed.tl0)
		if !bytes.Equal(payload, changed.encode()) {
			t.Fatalf("rewritten %x, want %x", payload, changed.encode())
		}
	}
}

func FuzzParseVP9(f *testing.F) {
	for _, seed := range []string{
		"10001100 00000001 11111111",
		"10101010 1000000100000010 00010000 00000101" + vp9Structure3 + "11111111",
		"11111000 1111111111111111 01011000 00000011 00000100 11111111",
		"11010000 00000000 00000011 00000011 00000011 00000010 11111111",
		"00001010 11101000 11111111",
	} {
		f.Add(bin(seed), uint16(0x1234), uint8(0x56))
	}
	for _, p := range recordedSeeds(f, "vp9") {
		f.Add(p.Payload, uint16(0x1234), uint8(0x56))
	}
	f.Fuzz(func(t *testing.T, payload []byte, id uint16, tl0 uint8) {
		d, err := checkPayload(t, ParseVP9, payload)
		compareVP9(t, payload, d, err)
		after := bytes.Clone(payload)
		RewriteVP9(after, &d, id, tl0)
		if err != nil {
			if !bytes.Equal(after, payload) {
				t.Fatalf("rewrote what did not parse")
			}
			return
		}
		checkRewrite(t, ParseVP9, payload, after, d, id, tl0, 0)
	})
}

// compareVP9 holds the parser against the depacketizer of pion/rtp, which allows
// no more than five spatial layers in the layer indices.
func compareVP9(t *testing.T, payload []byte, d Descriptor, err error) {
	t.Helper()
	var other codecs.VP9Packet
	frame, otherErr := other.Unmarshal(payload)
	if otherErr != nil && err == nil && d.Spatial >= 5 {
		return
	}
	if accepted := otherErr == nil && len(frame) > 0; accepted != (err == nil) {
		t.Fatalf("%x: %v, pion says %v with %d bytes of frame", payload, err, otherErr, len(frame))
	}
	if err != nil {
		return
	}
	if d.Temporal != int8(other.TID) || d.Spatial != int8(other.SID) || d.SwitchUp != other.U || d.InterLayer != other.D ||
		max(d.PictureID, 0) != int32(other.PictureID) || max(d.TL0, 0) != int16(other.TL0PICIDX) ||
		d.Start != other.B || d.End != other.E {
		t.Fatalf("%x: %+v, pion says %+v", payload, d, other)
	}
	if other.V && int(d.SpatialLayers) != int(other.NS)+1 {
		t.Fatalf("%x: %d spatial layers, pion says %d", payload, d.SpatialLayers, other.NS+1)
	}
	if other.Y && (d.Width != other.Width[other.NS] || d.Height != other.Height[other.NS]) {
		t.Fatalf("%x: %d x %d, pion says %v x %v", payload, d.Width, d.Height, other.Width, other.Height)
	}
}

func BenchmarkParseVP9(b *testing.B) {
	for _, c := range []struct{ name, payload string }{
		{"flexible", "11111000 1111111111111111 01011000 00000011 00000100"},
		{"structure", "10101010 1000000100000010 00010000 00000101" + vp9Structure3},
	} {
		b.Run(c.name, func(b *testing.B) {
			payload := append(bin(c.payload), make([]byte, 1100)...)
			var d Descriptor
			b.ReportAllocs()
			for b.Loop() {
				if err := ParseVP9(payload, &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRewriteVP9(b *testing.B) {
	payload := append(bin("10101000 1000000100000010 00010000 00000101"), make([]byte, 1100)...)
	var d Descriptor
	if err := ParseVP9(payload, &d); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		RewriteVP9(payload, &d, 0x1234, 0x56)
	}
}
