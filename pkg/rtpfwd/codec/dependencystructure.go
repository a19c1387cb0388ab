package codec

import "math/bits"

// Limits of a template structure. The field widths of appendix A.8.2 bound
// templates, targets and chains; AV1 itself bounds layers and references.
const (
	maxTemplates = 64
	maxTargets   = 32
	maxChains    = 32
	maxSpatial   = 4
	maxTemporal  = 8
	maxDiffs     = 8
)

// Indication says how a frame relates to a decode target (appendix A.8.3, table
// A.1).
type Indication uint8

const (
	// NotPresent: the frame is not part of the decode target.
	NotPresent Indication = iota
	// Discardable: no other frame of the decode target refers to the frame.
	Discardable
	// Switch: with this frame, all later frames of the target can be decoded.
	Switch
	// Required: part of the decode target, neither discardable nor a switch.
	Required
)

// FrameDependency is what a dependency descriptor says of one frame (A.8.3
// "Frame dependency definition").
type FrameDependency struct {
	// Spatial (0 to 3) and Temporal (0 to 7) are the layer of the frame.
	Spatial, Temporal int8

	diffCount  uint8
	diffs      [maxDiffs]uint16
	chainDiffs [maxChains]uint8
	targets    uint64 // two bits for each decode target, target 0 the lowest
}

// Target returns the relation of the frame to decode target i, 0 to 31.
// Targets that the structure does not have are NotPresent.
func (f *FrameDependency) Target(i int) Indication {
	return Indication(f.targets >> (2 * i) & 0x03)
}

// Diffs returns the distances in frame numbers to the frames that this one
// refers to, 1 to 4096, at most 8. The slice is valid until the next parse.
func (f *FrameDependency) Diffs() []uint16 { return f.diffs[:f.diffCount] }

// ChainDiff returns the distance in frame numbers, 0 to 255, to the previous
// frame of chain i, 0 to 31; 0 means that the chain starts here.
func (f *FrameDependency) ChainDiff(i int) uint8 { return f.chainDiffs[i] }

// discardable says that the frame is part of a decode target and discardable in
// each that it is part of.
func (f *FrameDependency) discardable() bool {
	const low = 0x5555555555555555 // the low bit of each indication
	high := f.targets >> 1 & low
	return f.targets != 0 && high == 0
}

// DecodeTarget is a set of frames that can be decoded without the others.
type DecodeTarget struct {
	// Spatial and Temporal are the highest layer of the target.
	Spatial, Temporal int8
	// Chain is the index of the chain that protects the target, 0 to 31; without
	// meaning if the structure has no chains.
	Chain uint8
}

// DependencyStructure is the template structure of a stream (appendix A.8.3)
// with the state that later packets change. The zero value has no structure
// yet. Its size is fixed, 4,328 bytes; ParseDependencyDescriptor owns the content.
type DependencyStructure struct {
	// TargetCount and ChainCount say how many decode targets (1 to 32, 0 without
	// structure) and chains (0 to 32) there are.
	TargetCount, ChainCount uint8
	// Active has bit i set if decode target i is being sent.
	Active uint32
	// Targets are the decode targets, TargetCount of them.
	Targets [maxTargets]DecodeTarget
	// Frame is the frame of the last packet that was parsed without error.
	Frame FrameDependency

	spatialLayers, temporalLayers uint8
	templateOffset, templateCount uint8
	layers                        [maxTargets]uint8 // of Targets, spatial<<3 | temporal
	active                        [maxSpatial]uint8 // Active by layer, as in Descriptor
	hasSizes                      bool
	sizes                         [maxSpatial]struct{ width, height uint16 }
	templates                     [maxTemplates]FrameDependency
}

// readStructure reads template_dependency_structure into the zero value s.
func (s *DependencyStructure) readStructure(r *bitReader) error {
	s.templateOffset = uint8(r.u(6))
	s.TargetCount = uint8(r.u(5)) + 1
	s.Active = uint32(1<<s.TargetCount - 1)
	if err := s.readLayers(r); err != nil {
		return err
	}
	templates := s.templates[:s.templateCount]
	for i := range templates {
		templates[i].targets = readTargets(r, int(s.TargetCount))
	}
	for i := range templates {
		if err := templates[i].readTemplateDiffs(r); err != nil {
			return err
		}
	}
	s.readChains(r)
	s.deriveTargets()
	s.readSizes(r)
	if r.overrun {
		return ErrShort
	}
	return nil
}

// readLayers reads template_layers: each next_layer_idc leads to the layer of
// the next template, 3 ends the list.
func (s *DependencyStructure) readLayers(r *bitReader) error {
	spatial, temporal := int8(0), int8(0)
	for {
		if int(s.templateCount) == maxTemplates || spatial == maxSpatial || temporal == maxTemporal {
			return ErrTooLarge
		}
		t := &s.templates[s.templateCount]
		t.Spatial, t.Temporal = spatial, temporal
		s.templateCount++
		s.spatialLayers = uint8(spatial) + 1
		s.temporalLayers = max(s.temporalLayers, uint8(temporal)+1)
		switch r.u(2) {
		case 1:
			temporal++
		case 2:
			spatial, temporal = spatial+1, 0
		case 3:
			return nil
		}
		if r.overrun {
			return ErrShort
		}
	}
}

// readTargets reads the indications of count decode targets, 1 to 32. The wire has
// target 0 first, in the highest bits: all are turned round, and then the two bits of
// each back.
func readTargets(r *bitReader, count int) uint64 {
	const low = 0x5555555555555555
	first := min(count, maxTargets/2)
	targets := uint64(r.u(2*first)) << (64 - 2*first)
	if count > first {
		targets |= uint64(r.u(2*(count-first))) << (64 - 2*count)
	}
	targets = bits.Reverse64(targets)
	return targets>>1&low | targets&low<<1
}

// readTemplateDiffs reads one template of template_fdiffs: differences of 4 bits,
// each behind a flag.
func (f *FrameDependency) readTemplateDiffs(r *bitReader) error {
	for r.flag() {
		if int(f.diffCount) == len(f.diffs) {
			return ErrTooLarge
		}
		f.diffs[f.diffCount] = uint16(r.u(4)) + 1
		f.diffCount++
	}
	return nil
}

// readChains reads template_chains.
func (s *DependencyStructure) readChains(r *bitReader) {
	s.ChainCount = uint8(r.ns(uint32(s.TargetCount) + 1))
	if s.ChainCount == 0 {
		return
	}
	for i := range s.TargetCount {
		s.Targets[i].Chain = uint8(r.ns(uint32(s.ChainCount)))
	}
	for i := range s.templateCount {
		for c := range s.ChainCount {
			s.templates[i].chainDiffs[c] = uint8(r.u(4))
		}
	}
}

// deriveTargets computes the layer of each decode target (decode_target_layers).
func (s *DependencyStructure) deriveTargets() {
	for i := range int(s.TargetCount) {
		target := &s.Targets[i]
		for k := range s.templateCount {
			t := &s.templates[k]
			if t.Target(i) == NotPresent {
				continue
			}
			target.Spatial = max(target.Spatial, t.Spatial)
			target.Temporal = max(target.Temporal, t.Temporal)
		}
		s.layers[i] = uint8(target.Spatial)<<3 | uint8(target.Temporal)
	}
	s.activate(s.Active)
}

// readSizes reads render_resolutions. A side of 65,536 pixels is kept as 65,535.
func (s *DependencyStructure) readSizes(r *bitReader) {
	s.hasSizes = r.flag()
	if !s.hasSizes {
		return
	}
	for i := range s.spatialLayers {
		width, height := r.u(16)+1, r.u(16)+1
		s.sizes[i].width = uint16(min(width, 0xffff))
		s.sizes[i].height = uint16(min(height, 0xffff))
	}
}
