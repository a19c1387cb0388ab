package sfutest

import (
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"github.com/heliograph/heliograph/internal/synthetic"
)

// vp8Frame is a synthetic VP8 frame: payload descriptors (RFC 7741, section 4.2) with picture id, TL0PICIDX, KEYIDX and one
// temporal layer, as Chromium sends it, and the frame header (RFC 6386, section 9.1) in the first packet.
type vp8Frame struct {
	stamp
	pictureID     uint16 // 15 bits, or 7
	short         bool   // 7
	tl0           uint8
	keyIdx        uint8 // 5 bits
	width, height int
	size          int // bytes of each packet's payload, about
}

const vp8Descriptor = 6 // bytes

// packets are the payloads of the frame's packets.
func (f *vp8Frame) packets() [][]byte {
	out := make([][]byte, 0, f.parts)
	for part := range f.parts {
		d := synthetic.VP8Descriptor{Start: part == 0, PictureID: f.pictureID, Short: f.short, TL0: f.tl0, KeyIdx: f.keyIdx}
		b := d.Append(make([]byte, 0, vp8Descriptor+10+f.size))
		if part == 0 {
			b = synthetic.AppendVP8Header(b, f.key, f.width, f.height)
		}
		s := f.stamp
		s.part = part
		out = append(out, s.append(b, f.size))
	}
	return out
}

// startsKeyframe tells whether a packet is the first one of a keyframe.
func startsKeyframe(p *rtp.Packet) bool {
	var v codecs.VP8Packet
	payload, err := v.Unmarshal(p.Payload)
	return err == nil && v.S == 1 && v.PID == 0 && len(payload) > 0 && payload[0]&1 == 0
}
