package synthetic

import "encoding/binary"

// VP8Descriptor is the payload descriptor of a VP8 packet (RFC 7741, section 4.2) as Chromium sends it: with picture id, TL0PICIDX,
// temporal layer and KEYIDX.
type VP8Descriptor struct {
	Start       bool   // of the frame
	Discardable bool   // nothing refers to the frame
	PictureID   uint16 // 15 bits, or 7
	Short       bool   // 7
	TL0         uint8
	Temporal    uint8 // 2 bits
	LayerSync   bool  // the frame needs the lowest temporal layer only
	KeyIdx      uint8 // 5 bits
}

// Append writes the descriptor: 6 bytes, or 5 with a short picture id.
func (d *VP8Descriptor) Append(b []byte) []byte {
	first := byte(0x80) // X
	if d.Start {
		first |= 0x10
	}
	if d.Discardable {
		first |= 0x20
	}
	b = append(b, first, 0xf0) // I, L, T, K
	if d.Short {
		b = append(b, byte(d.PictureID&0x7f))
	} else {
		b = binary.BigEndian.AppendUint16(b, 0x8000|d.PictureID)
	}
	layer := d.Temporal<<6 | d.KeyIdx&0x1f
	if d.LayerSync {
		layer |= 0x20
	}
	return append(b, d.TL0, layer)
}

// AppendVP8Header writes the frame tag and, of a keyframe, start code and size (RFC 6386, section 9.1).
func AppendVP8Header(b []byte, key bool, width, height int) []byte {
	firstPartition := uint32(1000)
	tag := firstPartition<<5 | 1<<4 // shown
	if !key {
		tag |= 1
	}
	b = append(b, byte(tag), byte(tag>>8), byte(tag>>16))
	if !key {
		return b
	}
	b = append(b, 0x9d, 0x01, 0x2a)
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	return binary.LittleEndian.AppendUint16(b, uint16(height))
}

// VP8HeaderSize is the length of the frame header at the start of a frame.
func VP8HeaderSize(frame []byte) int {
	if len(frame) > 0 && frame[0]&1 == 0 {
		return 10
	}
	return 3
}

func (e *Encoder) vp8(f *frame) []Packet {
	d := VP8Descriptor{
		Discardable: e.config.Temporal == 3 && f.Temporal == 2, PictureID: e.picture, TL0: e.tl0, Temporal: f.Temporal,
		LayerSync: f.Temporal > 0 && f.switchUp, KeyIdx: e.keyIdx,
	}
	var out []Packet
	for i, part := range parts(f.content) {
		d.Start = i == 0
		out = append(out, Packet{Payload: append(d.Append(nil), part...)})
	}
	return out
}

// splitVP8 takes the descriptor off.
func splitVP8(b []byte) (p piece, ok bool) {
	if len(b) < 2 {
		return p, false
	}
	p.start = b[0]&0x17 == 0x10
	at := 1
	if b[0]&0x80 != 0 {
		flags := b[1]
		at = 2
		if flags&0x80 != 0 {
			if at < len(b) && b[at]&0x80 != 0 {
				at++
			}
			at++
		}
		if flags&0x40 != 0 {
			at++
		}
		if flags&0x30 != 0 {
			at++
		}
	}
	if at >= len(b) {
		return p, false
	}
	p.content = b[at:]
	return p, true
}
