package codec

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/pion/rtp/codecs"
)

// vp8Key is the start of a keyframe of 640 x 360, with scaling bits that do not
// belong to the size.
const vp8Key = "10 02 00 9d 01 2a 80 42 68 81 00"

func TestParseVP8(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          Descriptor
	}{
		{"keyframe, no extension", "10" + vp8Key,
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true, Width: 640, Height: 360}},
		{"keyframe, cut before its size", "10" + "10 02 00 9d 01",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true}},
		{"keyframe, no start code", "10" + "10 02 00 00 00 00 80 02 68 01",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Keyframe: true}},
		{"delta frame", "10 11 00",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true}},
		{"later packet", "00 10 00",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1}},
		{"start of the second partition", "11 10 00",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1}},
		{"non-reference", "30 11",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, Discardable: true}},
		{"7 bit picture id", "90 80 7f 11",
			Descriptor{PictureID: 127, PictureIDBits: 7, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, pictureIDAt: 2}},
		{"15 bit picture id", "90 80 ff fe 11",
			Descriptor{PictureID: 32766, PictureIDBits: 15, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true, pictureIDAt: 2}},
		{"all fields", "b0 f0 91 23 45 a7 11",
			Descriptor{PictureID: 0x1123, PictureIDBits: 15, TL0: 0x45, Temporal: 2, SwitchUp: true, KeyIdx: 7, FrameNumber: -1,
				Start: true, Discardable: true, pictureIDAt: 2, tl0At: 4, keyIdxAt: 5}},
		{"key index without layer", "90 10 e5 11",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: 5, FrameNumber: -1, Start: true, keyIdxAt: 2}},
		{"layer without key index", "90 60 ff 5f 11",
			Descriptor{PictureID: -1, TL0: 255, KeyIdx: -1, FrameNumber: -1, Temporal: 1, Start: true, tl0At: 2}},
		{"empty extension", "90 00 11",
			Descriptor{PictureID: -1, TL0: -1, KeyIdx: -1, FrameNumber: -1, Start: true}},
	} {
		d, err := checkPayload(t, ParseVP8, unhex(c.payload))
		if err != nil || d != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, d, err, c.want)
		}
	}
}

// TestVP8StartCode has one wrong byte in the start code: no size.
func TestVP8StartCode(t *testing.T) {
	for at := 4; at < 7; at++ {
		payload := unhex("10" + vp8Key)
		payload[at] ^= 1
		if d, err := checkPayload(t, ParseVP8, payload); err != nil || d.Width != 0 || d.Height != 0 || !d.Keyframe {
			t.Errorf("byte %d: %+v, %v", at, d, err)
		}
	}
}

// vp8Model is a payload before it is encoded.
type vp8Model struct {
	junk                              byte // reserved bits
	nonReference, start               bool
	partition                         byte
	extension                         bool
	hasID, wideID, hasTL0, hasT, hasK bool
	id                                uint16
	tl0, tid, keyIdx                  byte
	sync                              bool
	frame                             []byte
}

func randomVP8(rng *rand.Rand) vp8Model {
	coin := func() bool { return rng.IntN(2) == 0 }
	m := vp8Model{
		junk: byte(rng.Uint32()), nonReference: coin(), start: coin(), partition: byte(rng.IntN(8) & rng.IntN(8)),
		extension: rng.IntN(8) > 0, hasID: coin(), wideID: coin(), hasTL0: coin(), hasT: coin(), hasK: coin(),
		id: uint16(rng.IntN(1 << 15)), tl0: byte(rng.Uint32()), tid: byte(rng.IntN(4)), keyIdx: byte(rng.IntN(32)), sync: coin(),
		frame: make([]byte, 1+rng.IntN(20)),
	}
	for i := range m.frame {
		m.frame[i] = byte(rng.Uint32())
	}
	if len(m.frame) > 5 && coin() {
		copy(m.frame[3:], []byte{0x9d, 0x01, 0x2a})
	}
	return m
}

// descriptor encodes the payload descriptor as RFC 7741 figure 2 draws it.
func (m vp8Model) descriptor() []byte {
	var w bitWriter
	w.flag(m.extension)
	w.u(1, uint64(m.junk&1))
	w.flag(m.nonReference)
	w.flag(m.start)
	w.u(1, uint64(m.junk>>1&1))
	w.u(3, uint64(m.partition))
	if !m.extension {
		return w.bytes()
	}
	w.flag(m.hasID)
	w.flag(m.hasTL0)
	w.flag(m.hasT)
	w.flag(m.hasK)
	w.u(4, uint64(m.junk>>2&15))
	if m.hasID && m.wideID {
		w.u(1, 1)
		w.u(15, uint64(m.id))
	} else if m.hasID {
		w.u(8, uint64(m.id&0x7f))
	}
	if m.hasTL0 {
		w.u(8, uint64(m.tl0))
	}
	if m.hasT || m.hasK {
		w.u(2, uint64(m.tid))
		w.flag(m.sync)
		w.u(5, uint64(m.keyIdx))
	}
	return w.bytes()
}

func (m vp8Model) encode() []byte { return append(m.descriptor(), m.frame...) }

// want is what the parser should say of the payload.
func (m vp8Model) want() Descriptor {
	d := empty()
	d.Discardable = m.nonReference
	d.Start = m.start && m.partition == 0
	d.Keyframe = d.Start && m.frame[0]%2 == 0
	if d.Keyframe && len(m.frame) >= 10 && bytes.Equal(m.frame[3:6], []byte{0x9d, 0x01, 0x2a}) {
		d.Width = uint16(m.frame[7]&0x3f)*256 + uint16(m.frame[6])
		d.Height = uint16(m.frame[9]&0x3f)*256 + uint16(m.frame[8])
	}
	if !m.extension {
		return d
	}
	switch {
	case m.hasID && m.wideID:
		d.PictureID, d.PictureIDBits = int32(m.id), 15
	case m.hasID:
		d.PictureID, d.PictureIDBits = int32(m.id&0x7f), 7
	}
	if m.hasTL0 {
		d.TL0 = int16(m.tl0)
	}
	if m.hasT {
		d.Temporal, d.SwitchUp = int8(m.tid), m.sync
	}
	if m.hasK {
		d.KeyIdx = int8(m.keyIdx)
	}
	return d
}

// TestVP8Model encodes random payloads, parses them, cuts them short, and
// compares a rewritten payload with one encoded with the new numbers.
func TestVP8Model(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	for range 20000 {
		m := randomVP8(rng)
		payload := m.encode()
		d, err := checkPayload(t, ParseVP8, payload)
		if err != nil || visible(d) != m.want() {
			t.Fatalf("%x:\n got %+v, %v\nwant %+v", payload, d, err, m.want())
		}
		checkCut(t, ParseVP8, payload, len(m.descriptor()))

		changed := m
		changed.id, changed.tl0 = uint16(rng.IntN(1<<15)), byte(rng.Uint32())
		if m.hasK {
			changed.keyIdx = byte(rng.IntN(32))
		}
		RewriteVP8(payload, &d, changed.id, changed.tl0, changed.keyIdx)
		if !bytes.Equal(payload, changed.encode()) {
			t.Fatalf("rewritten %x, want %x", payload, changed.encode())
		}
	}
}

// checkCut checks that a payload cut inside its descriptor is an error.
func checkCut(t *testing.T, parse func([]byte, *Descriptor) error, payload []byte, descriptor int) {
	t.Helper()
	for n := range descriptor {
		if _, err := checkPayload(t, parse, payload[:n]); !errors.Is(err, ErrShort) {
			t.Fatalf("%x cut to %d: %v", payload, n, err)
		}
	}
	if _, err := checkPayload(t, parse, payload[:descriptor]); !errors.Is(err, ErrNoPayload) {
		t.Fatalf("%x without frame: %v", payload, err)
	}
}

// TestRewriteVP8Wrap writes the numbers around each wrap and numbers that are
// wider than their field.
func TestRewriteVP8Wrap(t *testing.T) {
	wide, narrow := unhex("90 f0 80 00 00 00 11"), unhex("90 f0 00 00 00 11")
	for _, id := range []uint16{0, 1, 126, 127, 128, 255, 256, 32766, 32767, 32768, 65535} {
		for _, payload := range [][]byte{wide, narrow} {
			var d Descriptor
			if err := ParseVP8(payload, &d); err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(payload)
			RewriteVP8(payload, &d, id, uint8(id), uint8(id))
			checkRewrite(t, ParseVP8, before, payload, d, id, uint8(id), uint8(id))
		}
	}
}

// TestRewriteForeign gives the rewriters a payload that is shorter than the one
// that was parsed, and a Descriptor of an error: nothing may happen.
func TestRewriteForeign(t *testing.T) {
	long := unhex("90 f0 80 00 00 00 11")
	var d, failed Descriptor
	if err := ParseVP8(long, &d); err != nil {
		t.Fatal(err)
	}
	for n := range len(long) {
		short := bytes.Clone(long[:n])
		RewriteVP8(short, &d, 0xffff, 0xff, 0xff)
		RewriteVP9(short, &d, 0xffff, 0xff)
	}
	if err := ParseVP8(long[:4], &failed); err == nil {
		t.Fatal("no error")
	}
	same := bytes.Clone(long)
	RewriteVP8(same, &failed, 0xffff, 0xff, 0xff)
	RewriteVP9(same, &failed, 0xffff, 0xff)
	if !bytes.Equal(same, long) {
		t.Fatalf("a failed Descriptor changed %x to %x", long, same)
	}
}

func FuzzParseVP8(f *testing.F) {
	for _, seed := range []string{"10" + vp8Key, "b0 f0 91 23 45 a7 11", "90 80 7f 11", "90 f0", "00 00"} {
		f.Add(unhex(seed), uint16(0x1234), uint8(0x56), uint8(0x1f))
	}
	for _, p := range recordedSeeds(f, "vp8") {
		f.Add(p.Payload, uint16(0x1234), uint8(0x56), uint8(0x1f))
	}
	f.Fuzz(func(t *testing.T, payload []byte, id uint16, tl0, keyIdx uint8) {
		d, err := checkPayload(t, ParseVP8, payload)
		compareVP8(t, payload, d, err)
		after := bytes.Clone(payload)
		RewriteVP8(after, &d, id, tl0, keyIdx)
		if err != nil {
			if !bytes.Equal(after, payload) {
				t.Fatalf("rewrote what did not parse")
			}
			return
		}
		checkRewrite(t, ParseVP8, payload, after, d, id, tl0, keyIdx)
	})
}

// compareVP8 holds the parser against the depacketizer of pion/rtp.
func compareVP8(t *testing.T, payload []byte, d Descriptor, err error) {
	t.Helper()
	var other codecs.VP8Packet
	frame, otherErr := other.Unmarshal(payload)
	if accepted := otherErr == nil && len(frame) > 0; accepted != (err == nil) {
		t.Fatalf("%x: %v, pion says %v with %d bytes of frame", payload, err, otherErr, len(frame))
	}
	if err != nil {
		return
	}
	if d.Temporal != int8(other.TID) || d.SwitchUp != (other.Y == 1) || d.Discardable != (other.N == 1) ||
		max(d.PictureID, 0) != int32(other.PictureID) || max(d.TL0, 0) != int16(other.TL0PICIDX) ||
		max(d.KeyIdx, 0) != int8(other.KEYIDX) || d.Start != (other.S == 1 && other.PID == 0) {
		t.Fatalf("%x: %+v, pion says %+v", payload, d, other)
	}
}

func BenchmarkParseVP8(b *testing.B) {
	payload := append(unhex("90 f0 91 23 45 a7"), make([]byte, 1100)...)
	var d Descriptor
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseVP8(payload, &d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRewriteVP8(b *testing.B) {
	payload := append(unhex("90 f0 91 23 45 a7"), make([]byte, 1100)...)
	var d Descriptor
	if err := ParseVP8(payload, &d); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		RewriteVP8(payload, &d, 0x1234, 0x56, 7)
	}
}
