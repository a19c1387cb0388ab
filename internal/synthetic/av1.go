package synthetic

import "encoding/binary"

const (
	av1Sequence   = 1    // OBU type
	av1Frame      = 6    // OBU type
	av1KeyFrame   = 0x10 // show_existing_frame 0, KEY_FRAME, show_frame 1
	av1InterFrame = 0x30 // the same of an INTER_FRAME
)

// av1 sends one frame OBU in fragments (AV1 RTP payload format, section 4.4); a keyframe has a sequence header before it. What layers
// there are, the dependency descriptor tells.
func (e *Encoder) av1(f *frame) []Packet {
	obu := append([]byte{av1Frame<<3 | 0x04, f.Temporal<<5 | f.Spatial<<3}, f.content...)
	all := parts(obu)
	var out []Packet
	for i, part := range all {
		aggregation := byte(1 << 4) // W: one element, without a size
		if i > 0 {
			aggregation |= 0x80 // Z
		}
		if i < len(all)-1 {
			aggregation |= 0x40 // Y
		}
		payload := []byte{aggregation}
		if f.first && i == 0 {
			payload[0] = aggregation&0x40 | 2<<4 | 0x08 // W: two elements; N
			sequence := e.sequence()
			payload = append(append(payload, byte(len(sequence))), sequence...)
		}
		descriptor := e.structure.describe(f, f.first && i == 0, i == 0, i == len(all)-1)
		out = append(out, Packet{Payload: append(payload, part...), Descriptor: descriptor})
	}
	return out
}

// sequence is a sequence header OBU with the picture size (AV1, section 5.5.1).
func (e *Encoder) sequence() []byte {
	w := &bitWriter{buf: []byte{av1Sequence << 3}, pos: 8}
	w.u(3, 0)  // seq_profile
	w.u(2, 0)  // still_picture, reduced_still_picture_header
	w.u(1, 0)  // timing_info_present_flag
	w.u(1, 0)  // initial_display_delay_present_flag
	w.u(5, 0)  // one operating point
	w.u(12, 0) // operating_point_idc
	w.u(5, 8)  // seq_level_idx: 4.0
	w.u(1, 0)  // seq_tier
	w.u(4, 15)
	w.u(4, 15)
	w.u(16, uint32(e.config.Width-1))
	w.u(16, uint32(e.config.Height-1))
	w.u(8, 0) // no tools
	return w.buf
}

// splitAV1 takes aggregation and OBU headers off.
func splitAV1(b []byte) (p piece, ok bool) {
	if len(b) < 2 {
		return p, false
	}
	head, rest := b[0], b[1:]
	if head>>4&3 == 2 {
		size := int(rest[0])
		if size >= 0x80 || len(rest) < 1+size {
			return p, false
		}
		rest = rest[1+size:]
	}
	p.start = head&0x80 == 0
	if p.start {
		if len(rest) < 2 || rest[0]>>3&0x0f != av1Frame {
			return p, false
		}
		rest = rest[2:]
	}
	p.content = rest
	return p, len(rest) > 0
}

// dependencies writes dependency descriptors (AV1 RTP payload format, appendix A.8): one template and one decode target for each
// layer, no chains, and what a frame refers to in each of its packets.
type dependencies struct {
	spatial, temporal int
	width, height     int
}

// Indications of decode targets (appendix A.8.3).
const (
	notPresent  = 0
	discardable = 1
	switchPoint = 2
	required    = 3
)

func (d *dependencies) describe(f *frame, structure, start, end bool) []byte {
	head := f.Spatial*uint8(d.temporal) + f.Temporal // template
	if start {
		head |= 0x80
	}
	if end {
		head |= 0x40
	}
	w := &bitWriter{buf: binary.BigEndian.AppendUint16([]byte{head}, uint16(f.Number)), pos: 24}
	flags := uint32(0x04 | 0x02) // custom indications and references
	if structure {
		flags |= 0x10
	}
	w.u(5, flags)
	if structure {
		d.structure(w)
	}
	for s := range d.spatial {
		for t := range d.temporal {
			w.u(2, d.indication(f, s, t))
		}
	}
	for _, ref := range f.Refs {
		if ref != 0 {
			w.u(2, 2)
			w.u(8, uint32(ref-1))
		}
	}
	w.u(2, 0)
	return w.buf
}

// indication tells what a frame is for the decode target of a layer.
func (d *dependencies) indication(f *frame, s, t int) uint32 {
	same := s == int(f.Spatial)
	switch {
	case s < int(f.Spatial) || t < int(f.Temporal) || !same && !f.Key:
		return notPresent
	case f.Key || same && (t > int(f.Temporal) || f.Temporal == 0):
		return switchPoint
	case d.temporal == maxTemporal && f.Temporal == 2:
		return discardable
	}
	return required
}

// structure writes template_dependency_structure.
func (d *dependencies) structure(w *bitWriter) {
	count := d.spatial * d.temporal
	w.u(6, 0)
	w.u(5, uint32(count-1))
	for i := range count {
		switch {
		case i == count-1:
			w.u(2, 3)
		case (i+1)%d.temporal == 0:
			w.u(2, 2)
		default:
			w.u(2, 1)
		}
	}
	for i := range count { // which layer a target has is read from the templates
		for target := range count {
			in := i/d.temporal <= target/d.temporal && i%d.temporal <= target%d.temporal
			w.u(2, map[bool]uint32{true: required}[in])
		}
	}
	for range count {
		w.u(1, 0) // no references
	}
	w.ns(uint32(count+1), 0) // no chains
	w.u(1, 1)
	for s := range d.spatial {
		down := d.spatial - 1 - s
		w.u(16, uint32(d.width>>down-1))
		w.u(16, uint32(d.height>>down-1))
	}
}
