package sfutest

import (
	"encoding/binary"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
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
		b := make([]byte, 0, vp8Descriptor+10+f.size)
		start := byte(0)
		if part == 0 {
			start = 0x10
		}
		b = append(b, 0x80|start, 0xf0) // X, S; I, L, T, K
		if f.short {
			b = append(b, byte(f.pictureID&0x7f))
		} else {
			b = binary.BigEndian.AppendUint16(b, 0x8000|f.pictureID)
		}
		b = append(b, f.tl0, f.keyIdx&0x1f)
		if part == 0 {
			b = f.appendHeader(b)
		}
		s := f.stamp
		s.part = part
		out = append(out, s.append(b, f.size))
	}
	return out
}

// appendHeader writes the frame tag and, of a keyframe, start code and size.
func (f *vp8Frame) appendHeader(b []byte) []byte {
	firstPartition := uint32(1000)
	tag := firstPartition<<5 | 1<<4 // shown
	if !f.key {
		tag |= 1
	}
	b = append(b, byte(tag), byte(tag>>8), byte(tag>>16))
	if !f.key {
		return b
	}
	b = append(b, 0x9d, 0x01, 0x2a)
	b = binary.LittleEndian.AppendUint16(b, uint16(f.width))
	return binary.LittleEndian.AppendUint16(b, uint16(f.height))
}

// vp8Header is the length of the frame header at the start of a frame's first packet.
func vp8Header(payload []byte) int {
	if len(payload) > 0 && payload[0]&1 == 0 {
		return 10
	}
	return 3
}

// startsKeyframe tells whether a packet is the first one of a keyframe.
func startsKeyframe(p *rtp.Packet) bool {
	var v codecs.VP8Packet
	payload, err := v.Unmarshal(p.Payload)
	return err == nil && v.S == 1 && v.PID == 0 && len(payload) > 0 && payload[0]&1 == 0
}
