package synthetic

import "encoding/binary"

// vp9FrameMarker begins the uncompressed header of a frame.
const vp9FrameMarker = 0x82

// vp9 describes by RFC 9628, section 4.2, in non-flexible mode; keyframes bring the scalability structure.
func (e *Encoder) vp9(f *frame) []Packet {
	all := parts(f.content)
	var out []Packet
	for i, part := range all {
		flags := byte(0x80 | 0x20) // I, L
		if !f.Key {
			flags |= 0x40 // P
		}
		if i == 0 {
			flags |= 0x08 // B
		}
		if i == len(all)-1 {
			flags |= 0x04 // E
		}
		structure := f.first && i == 0
		if structure {
			flags |= 0x02 // V
		}
		if f.last || !f.Key {
			flags |= 0x01 // Z
		}
		b := binary.BigEndian.AppendUint16([]byte{flags}, 0x8000|e.picture)
		layer := f.Temporal<<5 | f.Spatial<<1
		if f.switchUp {
			layer |= 0x10 // U
		}
		if f.Spatial > 0 && f.Key {
			layer |= 0x01 // D
		}
		b = append(b, layer, e.tl0)
		if structure {
			b = e.appendStructure(b)
		}
		out = append(out, Packet{Payload: append(b, part...)})
	}
	return out
}

// appendStructure writes the scalability structure: sizes of the layers, and the pattern of temporal layers with its references.
func (e *Encoder) appendStructure(b []byte) []byte {
	b = append(b, byte(e.config.Spatial-1)<<5|0x10|0x08) // N_S, Y, G
	for s := range e.config.Spatial {
		down := e.config.Spatial - 1 - s
		b = binary.BigEndian.AppendUint16(b, uint16(e.config.Width>>down))
		b = binary.BigEndian.AppendUint16(b, uint16(e.config.Height>>down))
	}
	pattern := patterns[e.config.Temporal]
	b = append(b, byte(len(pattern)))
	for i, t := range pattern {
		back := 1
		for ; back < len(pattern) && pattern[(i-back+len(pattern))%len(pattern)] > max(t, 1)-1; back++ {
		}
		b = append(b, t<<5|1<<2, byte(back))
	}
	return b
}

// splitVP9 takes the descriptor off.
func splitVP9(b []byte) (p piece, ok bool) {
	if len(b) < 2 {
		return p, false
	}
	flags, at := b[0], 1
	p.start = flags&0x08 != 0
	if flags&0x80 != 0 {
		if b[at]&0x80 != 0 {
			at++
		}
		at++
	}
	if flags&0x20 != 0 {
		at += 2
	}
	if flags&0x02 != 0 {
		if at >= len(b) {
			return p, false
		}
		head := b[at]
		at++
		if head&0x10 != 0 {
			at += 4 * (int(head>>5) + 1)
		}
		if head&0x08 != 0 {
			if at >= len(b) {
				return p, false
			}
			at += 1 + 2*int(b[at])
		}
	}
	if at >= len(b) {
		return p, false
	}
	p.content = b[at:]
	return p, true
}
