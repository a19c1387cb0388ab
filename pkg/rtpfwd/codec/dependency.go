package codec

import "math/bits"

// The bits behind the mandatory fields of a dependency descriptor.
const (
	ddStructure = 0x10 // template_dependency_structure_present_flag
	ddActive    = 0x08 // active_decode_targets_present_flag
	ddTargets   = 0x04 // custom_dtis_flag
	ddDiffs     = 0x02 // custom_fdiffs_flag
	ddChains    = 0x01 // custom_chains_flag

	ddFlagsAt   = 24 // the bit where they are, if there are any
	ddFlagCount = 5
)

// ParseDependencyDescriptor reads the body of the dependency descriptor header
// extension (AV1 RTP payload format appendix A.8) and keeps in s what later
// packets refer to: the template structure and the active decode targets.
//
//	 0                   1                   2
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|S|E|template id|         frame number          |  if longer than 3 bytes:
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	| 5 flags | template structure | active targets | DTIs | diffs | chains
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Start and End are S and E, FrameNumber and PictureID are the frame number, the
// layer is that of the template. Keyframe is set in the first packet of a frame
// that brings a template structure, refers to no other frame, and is of the lowest
// spatial layer that has an active decode target, or below. SwitchUp is set if the
// frame is a "switch" for the highest active decode target of its spatial layer:
// with the frame, all that follows in the layer can be decoded.
//
// The result is also in s.Frame. On an error s is unchanged and, but for
// ErrShort in the first three bytes, Start, End and the frame number are still right.
// A packet that comes late (a retransmission behind a newer structure) must not
// turn s back: parse it with a copy of s.
// Errors: ErrShort, ErrNoStructure, ErrUnknownTemplate, ErrTooLarge, ErrReserved.
func ParseDependencyDescriptor(ext []byte, s *DependencyStructure, d *Descriptor) error {
	d.reset()
	if len(ext) < 3 {
		return ErrShort
	}
	d.Start, d.End = ext[0]&0x80 != 0, ext[0]&0x40 != 0
	d.FrameNumber = int32(ext[1])<<8 | int32(ext[2])
	d.PictureID, d.PictureIDBits = d.FrameNumber, 16
	id := ext[0] & 0x3f
	r := bitReader{buf: ext, pos: ddFlagsAt}
	flags := uint32(0)
	if len(ext) > 3 {
		flags = r.u(ddFlagCount)
	}
	if flags&ddStructure != 0 {
		return parseWithStructure(&r, id, flags, s, d)
	}
	activeAt := r.pos
	if err := s.readFrame(&r, id, flags); err != nil {
		return err
	}
	s.describe(d)
	d.placeTargets(s, flags, activeAt, r.pos)
	return nil
}

// parseWithStructure reads a descriptor that brings a template structure. It
// works on a structure of its own (4 KB of stack) to leave s whole on an error.
func parseWithStructure(r *bitReader, id uint8, flags uint32, s *DependencyStructure, d *Descriptor) error {
	var next DependencyStructure
	if err := next.readStructure(r); err != nil {
		return err
	}
	activeAt := r.pos
	if err := next.readFrame(r, id, flags); err != nil {
		return err
	}
	*s = next
	s.describe(d)
	d.placeTargets(s, flags, activeAt, r.pos)
	d.Keyframe = d.Start && s.Frame.diffCount == 0 && d.lowestSent()
	return nil
}

// readFrame reads the active decode targets and the frame_dependency_definition,
// and sets s.Active and s.Frame if all is well.
func (s *DependencyStructure) readFrame(r *bitReader, id uint8, flags uint32) error {
	if s.templateCount == 0 {
		return ErrNoStructure
	}
	active := s.Active
	if flags&ddActive != 0 {
		active = r.u(int(s.TargetCount))
	}
	index := (id - s.templateOffset) & 0x3f
	if index >= s.templateCount {
		return ErrUnknownTemplate
	}
	frame := s.templates[index]
	if flags&ddTargets != 0 {
		frame.targets = readTargets(r, int(s.TargetCount))
	}
	if flags&ddDiffs != 0 {
		if err := frame.readDiffs(r); err != nil {
			return err
		}
	}
	if flags&ddChains != 0 {
		for i := range s.ChainCount {
			frame.chainDiffs[i] = uint8(r.u(8))
		}
	}
	if r.overrun {
		return ErrShort
	}
	s.Frame = frame
	if active != s.Active {
		s.activate(active)
	}
	return nil
}

// activate sets the active decode targets, and sorts them by layer.
func (s *DependencyStructure) activate(active uint32) {
	s.Active, s.active = active, [maxSpatial]uint8{}
	for i := range s.TargetCount {
		layer := s.layers[i&(maxTargets-1)]
		s.active[layer>>3&0x03] |= uint8(active>>i&1) << (layer & 0x07)
	}
}

// readDiffs reads frame_fdiffs: differences of 4, 8 or 12 bits, each behind its
// size, until a size of 0.
func (f *FrameDependency) readDiffs(r *bitReader) error {
	f.diffCount, f.diffs = 0, [maxDiffs]uint16{}
	for size := r.u(2); size != 0; size = r.u(2) {
		if int(f.diffCount) == len(f.diffs) {
			return ErrTooLarge
		}
		f.diffs[f.diffCount] = uint16(r.u(4*int(size))) + 1
		f.diffCount++
	}
	return nil
}

// describe fills d from the frame and the structure.
func (s *DependencyStructure) describe(d *Descriptor) {
	f := &s.Frame
	d.Spatial, d.Temporal = f.Spatial, f.Temporal
	d.SpatialLayers, d.TemporalLayers = s.spatialLayers, s.temporalLayers
	d.HasTargets, d.Active = true, s.active
	d.RefCount, d.Refs = f.diffCount, f.diffs
	d.Predicted = f.diffCount > 0
	s.describeTargets(d)
	highest := d.highestActive()
	if s.hasSizes {
		d.Width, d.Height = s.sizes[highest].width, s.sizes[highest].height
	}
	d.SwitchUp = d.switchesUp()
	d.Discardable = f.discardable()
	d.EndOfSuperframe = d.End && s.Active != 0 && f.Spatial >= highest
}

// describeTargets sorts the indications of the frame by the layer of their decode
// target.
func (s *DependencyStructure) describeTargets(d *Descriptor) {
	indications := s.Frame.targets
	for i := range s.TargetCount {
		layer := s.layers[i&(maxTargets-1)]
		bit := uint8(1) << (layer & 0x07)
		spatial := layer >> 3 & 0x03
		switch Indication(indications & 0x03) {
		case NotPresent:
		case Switch:
			d.SwitchTo[spatial] |= bit
			d.Present[spatial] |= bit
		default:
			d.Present[spatial] |= bit
		}
		indications >>= 2
	}
}

// switchesUp says whether the frame has the indication "switch" for the active
// decode target with the highest temporal layer among those of its own spatial
// layer, or of the next higher one that has any.
func (d *Descriptor) switchesUp() bool {
	for s := d.Spatial; s < maxSpatial; s++ {
		if active := d.Active[s]; active != 0 {
			return d.SwitchTo[s]>>(bits.Len8(active)-1)&1 == 1
		}
	}
	return false
}

// lowestSent says that no spatial layer below that of the frame has an active decode
// target: where spatial layers do not use each other, keyframes of all have the
// structure, and the lowest one starts the picture.
func (d *Descriptor) lowestSent() bool {
	for s := range d.Spatial {
		if d.Active[s] != 0 {
			return false
		}
	}
	return true
}

// highestActive returns the highest spatial layer of the active decode targets,
// 0 if none is active.
func (d *Descriptor) highestActive() int8 {
	for s := int8(maxSpatial - 1); s > 0; s-- {
		if d.Active[s] != 0 {
			return s
		}
	}
	return 0
}

// RewriteDependencyDescriptor overwrites the frame number in the body of the
// extension; a body below three bytes is left alone. Frame differences and chains
// are relative to it, so the frame numbers of one source may only be shifted by a
// constant, chosen anew at a keyframe.
func RewriteDependencyDescriptor(ext []byte, frameNumber uint16) {
	if len(ext) < 3 {
		return
	}
	ext[1], ext[2] = uint8(frameNumber>>8), uint8(frameNumber)
}
