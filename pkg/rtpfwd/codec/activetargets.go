package codec

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
