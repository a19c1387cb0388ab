package rtpfwd

import (
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// structureL1T2 brings a template structure of two temporal layers in frame 1, a
// keyframe: templates 0 (key), 1 (T0, refers to the frame two before) and 2 (T1, to
// the one before), decode targets T1 and T0, no chains, no sizes.
//
//	S E template | frame | 10000 | offset 0, 2 targets | 00 01 11 | SS SS S- |
//	0, 1 0001 0, 1 0000 0 | no chain, no sizes
var structureL1T2 = []byte{0xc0, 0x00, 0x01, 0x80, 0x01, 0x1e, 0xaa, 0x11, 0x40, 0x00}

func TestStructureL1T2(t *testing.T) {
	var s codec.DependencyStructure
	var d codec.Descriptor
	if err := codec.ParseDependencyDescriptor(structureL1T2, &s, &d); err != nil || !d.Keyframe || d.TemporalLayers != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
}

// describer gives packets with dependency descriptors to an Inbound.
type describer struct {
	t   *testing.T
	in  *Inbound
	seq uint16
}

// send sends one packet and returns what is told of it.
func (s *describer) send(pt uint8, descriptor, payload []byte) codec.Descriptor {
	s.t.Helper()
	s.seq++
	b := testPacket{pt: pt, seq: s.seq, payload: payload}
	if descriptor != nil {
		b.extensions = map[uint8][]byte{10: descriptor}
	}
	return mustReceive(s.t, s.in, 0, b.raw(s.t)).Desc
}

// TestDescriptorComesFirst: layer, start, end and keyframe are those of the
// dependency descriptor for every video codec, the numbers those of the payload.
func TestDescriptorComesFirst(t *testing.T) {
	vp9Inter := []byte{0xf8, 0x85, 0x06, 0x21, 0x02, 0xff} // I P L F B, picture 0x506, T1 S0 D, one reference
	for _, c := range []struct {
		name         string
		pt           uint8
		key, inter   []byte // payloads
		picture, tl0 int    // of inter
		bits         uint8
		size         uint16 // of key
	}{
		{"VP8", ptVP8, vp8{start: true, key: true, picture: 0x505, tl0: 6}.payload(),
			vp8{start: true, picture: 0x506, tl0: 7}.payload(), 0x506, 7, 15, 320},
		{"VP8 without numbers", ptVP8, []byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xf0, 0}, []byte{0x10, 1}, -1, -1, 0, 320},
		{"VP9", ptVP9, []byte{0x8c, 5, 0xff}, vp9Inter, 0x506, -1, 15, 0},
		{"H264", ptH264, h264(5, 0x80), h264(1, 0x80), -1, -1, 0, 0},
		{"H265", ptH265, h265(19, 0x80), h265(1, 0x80), -1, -1, 0, 0},
		{"AV1", ptAV1, []byte{0x18, 0x0a, 1, 0, 0}, []byte{0x10, 0x30, 0x40}, 3, -1, 16, 0},
		{"VP8, encrypted", ptVP8, []byte{0x90, 0xff}, []byte{0x90, 0xff}, -1, -1, 0, 0},
		{"VP9, encrypted", ptVP9, []byte{0xff}, []byte{0xff}, -1, -1, 0, 0},
		{"H264, encrypted", ptH264, []byte{0x80, 1, 2}, []byte{0x80, 1, 2}, -1, -1, 0, 0},
		{"H264, encrypted to an IDR", ptH264, h264(5, 0x80), h264(5, 0x80), -1, -1, 0, 0},
		{"H265, encrypted", ptH265, []byte{0xff, 0xff}, []byte{0xff, 0xff}, -1, -1, 0, 0},
		{"AV1, encrypted", ptAV1, []byte{0xff, 0xff}, []byte{0xff, 0xff}, 3, -1, 16, 0},
	} {
		s := &describer{t: t, in: newTestInbound(0, 90000)}
		d := s.send(c.pt, structureL1T2, c.key)
		if !d.Keyframe || !d.Start || !d.End || !d.HasTargets || d.FrameNumber != 1 || d.Width != c.size {
			t.Errorf("%s, keyframe: %+v", c.name, d)
		}
		d = s.send(c.pt, []byte{0x80 | 2, 0, 3}, c.inter)
		if d.Keyframe || !d.Start || d.End || d.Temporal != 1 || d.FrameNumber != 3 || d.Present != [4]uint8{0b10} || !d.Predicted {
			t.Errorf("%s, T1: %+v", c.name, d)
		}
		if int(d.PictureID) != c.picture || int(d.TL0) != c.tl0 || d.PictureIDBits != c.bits {
			t.Errorf("%s: picture %d of %d bits, TL0 %d; want %d of %d, %d", c.name, d.PictureID, d.PictureIDBits, d.TL0, c.picture, c.bits, c.tl0)
		}
		payload := append([]byte(nil), c.inter...)
		e := sent{pictureID: 0x123, tl0: 9}
		e.rewrite(payload, &Packet{Codec: s.in.payloads.Codec[c.pt], Desc: d})
		if c.bits == 15 && payload[2-int(c.pt-ptVP8)/2] != 0x81 {
			t.Errorf("%s: rewritten to %x", c.name, payload)
		}
	}
}

// TestPredictedInsidePicture: P of VP9 does not count what the frame refers to in its
// own picture, the dependency descriptor does.
func TestPredictedInsidePicture(t *testing.T) {
	s := &describer{t: t, in: newTestInbound(0, 90000)}
	s.send(ptVP9, structureL1T2, []byte{0x8c, 5, 0xff})
	if d := s.send(ptVP9, []byte{0xc0 | 2, 0, 2}, []byte{0xb8, 5, 0x03, 0xff}); d.Predicted || !d.InterLayer || d.RefCount != 1 {
		t.Errorf("%+v", d)
	}
}

// TestWithoutStructure: where the structure is missing the payload tells, and where it
// does not either, the packet is not lost.
func TestWithoutStructure(t *testing.T) {
	for _, c := range []struct {
		name       string
		descriptor []byte
	}{
		{"no structure yet", []byte{0xc0 | 2, 0, 7}},
		{"unknown template", []byte{0xc0 | 9, 0, 7}},
		{"cut off", append([]byte{0xc0, 0, 7}, structureL1T2[3:5]...)},
	} {
		s := &describer{t: t, in: newTestInbound(0, 90000)}
		if c.descriptor[0]&0x3f == 9 {
			s.send(ptVP8, structureL1T2, []byte{0x10, 1})
		}
		d := s.send(ptVP8, c.descriptor, vp8{start: true, picture: 9, tid: 1}.payload())
		if d.HasTargets || d.PictureID != 9 || d.Temporal != 1 || !d.Start || d.End || d.FrameNumber != 7 {
			t.Errorf("%s: %+v", c.name, d)
		}
		d = s.send(ptVP9, c.descriptor, []byte{0xff})
		if d.HasTargets || d.Keyframe || !d.Start || !d.End || d.FrameNumber != 7 {
			t.Errorf("%s, encrypted: %+v", c.name, d)
		}
	}
	in, p := newTestInbound(0, 90000), new(Packet)
	for i, descriptor := range [][]byte{nil, {0xc0}, {0xc0, 0}} {
		b := testPacket{pt: ptVP9, seq: uint16(i), payload: []byte{0xff}}
		if descriptor != nil {
			b.extensions = map[uint8][]byte{10: descriptor}
		}
		if r := in.Receive(0, b.raw(t), p); r != Malformed {
			t.Errorf("descriptor %x: %v, want malformed", descriptor, r)
		}
	}
}

// TestH265Keyframe: the parameter sets and the first slice segment of H265 start a
// keyframe, and tell its size.
func TestH265Keyframe(t *testing.T) {
	s := &describer{t: t, in: newTestInbound(0, 90000)}
	if d := s.send(ptH265, nil, h265(32, 0x0c)); !d.Keyframe || !d.Start || !d.ParameterSet {
		t.Errorf("VPS: %+v", d)
	}
	if d := s.send(ptH265, nil, h265(19, 0x80)); !d.Keyframe || !d.Start || d.ParameterSet {
		t.Errorf("IDR: %+v", d)
	}
	if d := s.send(ptH265, nil, h265(1, 0x80)); d.Keyframe || !d.Start {
		t.Errorf("slice: %+v", d)
	}
}
