package rtpfwd

import (
	"testing"
	"time"

	"github.com/pion/rtp"
)

// vp9 builds a VP9 payload in non-flexible mode.
func vp9(key bool, picture uint16, tid, tl0 uint8) []byte {
	flags := uint8(0x80 | 0x20 | 0x08 | 0x04)
	if !key {
		flags |= 0x40
	}
	return []byte{flags, 0x80 | uint8(picture>>8), uint8(picture), tid<<5 | 0x10, tl0, 1, 2, 3}
}

// TestVP9Numbers: distances of picture ids stay where a layer is left out, because
// references count in them; over sources they go on by one, as does TL0PICIDX.
func TestVP9Numbers(t *testing.T) {
	config := outConfig()
	config.PictureIDStart = 32766
	s := newSlot(t, VP9, config)
	seq := uint16(0)
	send := func(key bool, picture uint16, tid, tl0 uint8) (id uint16, outTL0 uint8, ok bool) {
		t.Helper()
		seq++
		s.now += ms(33)
		b := testPacket{pt: ptVP9, seq: seq, time: uint32(seq) * 3000, marker: true, payload: vp9(key, picture, tid, tl0)}
		for _, c := range s.choices(b) {
			p := parsed(t, s.rewrite(c))
			return get16(p.Payload[1:]) & 0x7fff, p.Payload[4], true
		}
		return 0, 0, false
	}
	steps := []struct {
		key      bool
		picture  uint16
		tid, tl0 uint8
		temporal int8   // the target
		id       uint16 // wanted
		outTL0   uint8
		ok       bool
	}{
		{true, 500, 0, 200, 2, 32766, 1, true},
		{false, 501, 2, 200, 2, 32767, 1, true},
		{false, 502, 1, 200, 0, 0, 0, false},
		{false, 503, 2, 200, 0, 0, 0, false},
		{false, 504, 0, 201, 0, 2, 2, true},
		{false, 505, 2, 201, 0, 0, 0, false},
		{false, 508, 0, 202, 2, 6, 3, true}, // 506 and 507 are lost
		{false, 509, 2, 202, 2, 7, 3, true},
	}
	for i, step := range steps {
		s.f.SetTarget(s.now, Layer{Temporal: step.temporal})
		id, tl0, ok := send(step.key, step.picture, step.tid, step.tl0)
		if id != step.id || tl0 != step.outTL0 || ok != step.ok {
			t.Errorf("step %d: picture %d, TL0 %d, %v, want %d, %d, %v", i, id, tl0, ok, step.id, step.outTL0, step.ok)
		}
	}
	s.source(VP9, 78)
	if id, tl0, _ := send(true, 30000, 0, 7); id != 8 || tl0 != 4 {
		t.Errorf("the next source: picture %d, TL0 %d", id, tl0)
	}
	if id, tl0, _ := send(false, 30001, 0, 8); id != 9 || tl0 != 5 {
		t.Errorf("its second picture: picture %d, TL0 %d", id, tl0)
	}
}

// TestDescriptorFrameNumbers: the frame numbers of dependency descriptors keep their
// distances within a source and go on by one over sources, whatever the codec.
func TestDescriptorFrameNumbers(t *testing.T) {
	// The descriptor of the first packet brings a structure of one template.
	structure := func(frame uint16) []byte {
		return []byte{0xc0, byte(frame >> 8), byte(frame), 0x80, 0x01, 0xe0, 0x00, 0x00}
	}
	plain := func(frame uint16) []byte { return []byte{0xc0, byte(frame >> 8), byte(frame)} }
	for _, c := range []Codec{AV1, VP8} {
		s := newSlot(t, c, outConfig())
		seq := uint16(0)
		send := func(descriptor []byte) uint16 {
			t.Helper()
			seq++
			s.now += ms(33)
			b := testPacket{
				pt: ptAV1, seq: seq, time: uint32(seq) * 3000, marker: true, payload: []byte{0x18, 0x0a, 1, 0, 0},
				extensions: map[uint8][]byte{10: descriptor},
			}
			if c == VP8 {
				b.pt, b.payload = ptVP8, vp8{start: true, key: len(descriptor) > 3, picture: seq}.payload()
			}
			return get16(parsed(t, s.rewrite(s.choices(b)[0])).GetExtension(7)[1:])
		}
		first := send(structure(65534))
		for _, step := range []struct{ frame, want uint16 }{{65535, 1}, {1, 3}, {2, 4}, {10, 12}} {
			if got := send(plain(step.frame)); got != first+step.want {
				t.Errorf("%v: frame %d became +%d, want +%d", c, step.frame, got-first, step.want)
			}
		}
		s.source(c, 78)
		seq = 500
		if got := send(structure(300)); got != first+13 {
			t.Errorf("%v: the next source begins at +%d", c, got-first)
		}
		if got := send(plain(305)); got != first+18 {
			t.Errorf("%v: and goes on at +%d", c, got-first)
		}
	}
}

// TestLateStructure: a repaired packet with an old template structure does not take
// the place of a newer one.
func TestLateStructure(t *testing.T) {
	in := newTestInbound(0, 90000)
	// Template offsets differ: 0 and 32, each with a single template.
	old := []byte{0x80, 0, 1, 0x80, 0x01, 0xe0, 0x00, 0x00}
	newer := []byte{0x80 | 32, 0, 9, 0x84, 0x01, 0xe0, 0x00, 0x00}
	next := []byte{0x80 | 32, 0, 10}
	send := func(seq uint16, descriptor []byte) *Packet {
		return mustReceive(t, in, 0, testPacket{
			pt: ptAV1, seq: seq, payload: []byte{0x10, 0x30, 0x10, 0x30}, extensions: map[uint8][]byte{10: descriptor},
		}.raw(t))
	}
	if p := send(1, old); !p.Desc.Keyframe || p.Desc.PictureIDBits != 16 {
		t.Fatalf("the old structure does not parse: %+v", p.Desc)
	}
	if p := send(3, newer); !p.Desc.Keyframe || p.Desc.PictureID != 9 {
		t.Fatalf("the new structure does not parse: %+v", p.Desc)
	}
	if p := send(2, old); p.Desc.PictureID != 1 {
		t.Errorf("the late one: %+v", p.Desc)
	}
	if p := send(4, next); p.Desc.PictureIDBits != 16 || p.Desc.PictureID != 10 {
		t.Errorf("the new structure was lost: %+v", p.Desc)
	}
}

// TestPictureIDsBeginAnew: ids that go back at a keyframe, or leap, are closed up, with one
// free for what is missing.
func TestPictureIDsBeginAnew(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	var got []uint16
	for i, picture := range []uint16{100, 101, 50, 51, 5000, 5001, 5003} {
		s.now += 33 * time.Millisecond
		p := s.send(testPacket{
			pt: ptVP8, seq: uint16(i), time: uint32(3000 * i), marker: true,
			payload: vp8{start: true, key: i == 0 || picture == 50, picture: picture}.payload(),
		})
		got = append(got, readVP8(t, p.Payload).picture)
	}
	for i, want := range []uint16{40, 41, 43, 44, 46, 47, 49} {
		if got[i] != want {
			t.Errorf("picture %d: id %d, want %d", i, got[i], want)
		}
	}
	send := func(seq, picture uint16) *rtp.Packet {
		return s.send(testPacket{pt: ptVP8, seq: seq, time: 3000 * uint32(seq), payload: vp8{start: true, key: picture == 400, picture: picture}.payload()})
	}
	send(8, 400) // begins anew, and 7 is late
	if late := send(7, 5004); len(late.Payload) != 0 || late.SequenceNumber != 107 {
		t.Errorf("a picture from before that has no place: %+v", late)
	}
}
