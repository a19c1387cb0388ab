package codec

// The bits behind the mandatory fields of a dependency descriptor.
const (
	ddStructure = 0x10 // template_dependency_structure_present_flag
	ddActive    = 0x08 // active_decode_targets_present_flag
	ddTargets   = 0x04 // custom_dtis_flag
	ddDiffs     = 0x02 // custom_fdiffs_flag
	ddChains    = 0x01 // custom_chains_flag
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
// Start and End are S and E, PictureID is the frame number, the layer is that
// of the template. Keyframe is set in the first packet of a frame that brings a
// template structure and refers to no other frame. SwitchUp is set if the frame
// is a "switch" for the highest active decode target of its spatial layer: with
// the frame, all that follows in the layer can be decoded.
//
// The result is also in s.Frame. On an error s is unchanged and, but for
// ErrShort in the first three bytes, Start, End and PictureID are still right.
// A packet that comes late (a retransmission behind a newer structure) must not
// turn s back: parse it with a copy of s.
// Errors: ErrShort, ErrNoStructure, ErrUnknownTemplate, ErrTooLarge, ErrReserved.
func ParseDependencyDescriptor(ext []byte, s *DependencyStructure, d *Descriptor) error {
	d.reset()
	if len(ext) < 3 {
		return ErrShort
	}
	d.Start, d.End = ext[0]&0x80 != 0, ext[0]&0x40 != 0
	d.PictureID, d.PictureIDBits = int32(ext[1])<<8|int32(ext[2]), 16
	id := ext[0] & 0x3f
	r := bitReader{buf: ext, pos: 24}
	flags := uint32(0)
	if len(ext) > 3 {
		flags = r.u(5)
	}
	if flags&ddStructure != 0 {
		return parseWithStructure(&r, id, flags, s, d)
	}
	if err := s.readFrame(&r, id, flags); err != nil {
		return err
	}
	s.describe(d)
	return nil
}

// parseWithStructure reads a descriptor that brings a template structure. It
// works on a structure of its own (4 KB of stack) to leave s whole on an error.
func parseWithStructure(r *bitReader, id uint8, flags uint32, s *DependencyStructure, d *Descriptor) error {
	var next DependencyStructure
	if err := next.readStructure(r); err != nil {
		return err
	}
	if err := next.readFrame(r, id, flags); err != nil {
		return err
	}
	*s = next
	s.describe(d)
	d.Keyframe = d.Start && s.Frame.diffCount == 0
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
	s.Active, s.Frame = active, frame
	return nil
}

// readDiffs reads frame_fdiffs: differences of 4, 8 or 12 bits, each behind its
// size, until a size of 0.
func (f *FrameDependency) readDiffs(r *bitReader) error {
	f.diffCount = 0
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
	highest := s.highestActive()
	if s.hasSizes {
		d.Width, d.Height = s.sizes[highest].width, s.sizes[highest].height
	}
	d.SwitchUp = s.switchesUp()
	d.Discardable = f.discardable()
	d.EndOfSuperframe = d.End && s.Active != 0 && f.Spatial >= highest
}

// switchesUp says whether the frame has the indication "switch" for the active
// decode target with the highest temporal layer among those of its own spatial
// layer, or of the next higher one that has any.
func (s *DependencyStructure) switchesUp() bool {
	best := -1
	for i := range int(s.TargetCount) {
		t := s.Targets[i]
		if s.Active>>i&1 == 0 || t.Spatial < s.Frame.Spatial {
			continue
		}
		if best < 0 || t.Spatial < s.Targets[best].Spatial ||
			t.Spatial == s.Targets[best].Spatial && t.Temporal > s.Targets[best].Temporal {
			best = i
		}
	}
	return best >= 0 && s.Frame.Target(best) == Switch
}

// highestActive returns the highest spatial layer of the active decode targets,
// 0 if none is active.
func (s *DependencyStructure) highestActive() int8 {
	highest := int8(0)
	for i := range int(s.TargetCount) {
		if s.Active>>i&1 == 1 {
			highest = max(highest, s.Targets[i].Spatial)
		}
	}
	return highest
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
