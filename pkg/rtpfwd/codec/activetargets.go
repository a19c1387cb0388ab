package codec

// maxDescriptor is the largest body of a header extension in bytes (RFC 8285
// section 4.3).
const maxDescriptor = 255

// targetPlace is what RewriteActiveTargets must know of a dependency descriptor.
type targetPlace struct {
	activeAt uint16            // the bit where active_decode_targets_bitmask is or belongs
	end      uint16            // behind the last bit that is not padding
	count    uint8             // of decode targets
	told     bool              // the bitmask is there
	active   uint32            // the decode targets that the sender sends
	layers   [maxTargets]uint8 // of the decode targets, spatial<<3 | temporal
}

// placeTargets notes where the active decode targets are in the descriptor that was
// just read with s.
func (d *Descriptor) placeTargets(s *DependencyStructure, flags uint32, activeAt, end int) {
	d.TellsTargets = flags&(ddStructure|ddActive) != 0
	d.targets = targetPlace{
		activeAt: uint16(activeAt), end: uint16(end),
		count: s.TargetCount, told: flags&ddActive != 0,
		active: s.Active, layers: s.layers,
	}
}

// bitsWithin returns how many bits the descriptor of size bytes has with a bitmask; 0
// if it is to stay as it is.
func (d *Descriptor) bitsWithin(size int) int {
	t := &d.targets
	bits := int(t.end)
	if !d.HasTargets || bits > 8*size {
		return 0
	}
	if t.activeAt == ddFlagsAt {
		bits += ddFlagCount
	}
	if !t.told {
		bits += int(t.count)
	}
	if bits > 8*maxDescriptor {
		return 0
	}
	return bits
}

// within returns the active decode targets up to a layer.
func (t *targetPlace) within(spatial, temporal int8) uint32 {
	var kept uint32
	for i := range t.count {
		layer := t.layers[i&(maxTargets-1)]
		if int8(layer>>3) <= spatial && int8(layer&0x07) <= temporal {
			kept |= 1 << i
		}
	}
	return t.active & kept
}

// ActiveTargetsSize returns how many bytes RewriteActiveTargets writes for the
// dependency descriptor of size bytes that d was filled from: at most 5 more, and at
// most 4 more if TellsTargets is set.
func (d *Descriptor) ActiveTargetsSize(size int) int {
	if bits := d.bitsWithin(size); bits > 0 {
		return (bits + 7) / 8
	}
	return size
}

// RewriteActiveTargets writes to dst the dependency descriptor ext for a receiver
// that gets the layers up to (spatial, temporal) only, and returns its size; 0 if
// dst is shorter than ActiveTargetsSize says. The decode targets that the sender
// has active and that lie within these layers are made the active ones (AV1 RTP
// payload format appendix A.8.3); all else stays.
//
//	| mandatory | 5 flags | structure | bitmask | DTIs, differences, chains |
//	                                  \ inserted, or overwritten where it is /
//
// It must be done where d.TellsTargets is set, as a template structure without
// bitmask makes all targets active; where not, it tells that the layers changed. d
// must come from ext by ParseDependencyDescriptor, and dst must not overlap ext. A
// descriptor that cannot be read, or would grow past 255 bytes, is copied.
func RewriteActiveTargets(dst, ext []byte, d *Descriptor, spatial, temporal int8) int {
	size := d.ActiveTargetsSize(len(ext))
	if size > len(dst) {
		return 0
	}
	if d.bitsWithin(len(ext)) == 0 {
		return copy(dst, ext)
	}
	t := &d.targets
	clear(dst[:size])
	r, w := bitReader{buf: ext}, bitOutput{buf: dst[:size]}
	w.copy(&r, ddFlagsAt)
	flags := uint32(0)
	if t.activeAt > ddFlagsAt {
		flags = r.u(ddFlagCount)
	}
	w.u(ddFlagCount, flags|ddActive)
	w.copy(&r, int(t.activeAt)-r.pos)
	if t.told {
		r.skip(int(t.count))
	}
	w.u(int(t.count), t.within(spatial, temporal))
	w.copy(&r, int(t.end)-r.pos)
	return size
}
