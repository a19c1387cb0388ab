package rtpfwd

import "math/bits"

// This file selects layers by the dependency descriptor (AV1 RTP payload format,
// appendix A), which tells for every frame what needs it and what it needs. It
// works for every codec and structure alike, and where the payload is encrypted.
//
// A decode target is a layer that can be asked for. A frame with a switch
// indication for a target is a way to it: from such a frame on all of the target can
// be decoded, if the frame itself can be. That is so if all frames that it refers
// to were taken. On the way down from S2 of L3T3 every base picture is such a way;
// up to S2 only a keyframe is, as older frames of S2 were not taken.

// layerMask has bit t of element s set for a decode target with the highest spatial
// layer s and the highest temporal layer t.
type layerMask [4]uint8

// any says whether the mask has a layer at all.
func (m layerMask) any() bool { return m != layerMask{} }

// has says whether the mask has this layer.
func (m layerMask) has(l Layer) bool {
	return int(l.Spatial) < len(m) && m[l.Spatial]>>l.Temporal&1 == 1
}

// nearest returns the layer of the mask that comes nearest to target: the highest
// one below it, else the lowest one, the spatial layer first. The mask has a layer.
func (m layerMask) nearest(target Layer) Layer {
	best := -1
	for s := range m {
		if m[s] == 0 {
			continue
		}
		if best >= 0 && s > int(target.Spatial) {
			break
		}
		best = s
	}
	return Layer{Spatial: int8(best), Temporal: nearestBit(m[best], target.Temporal)}
}

// nearestBit returns the highest bit of mask up to bit t, else the lowest one. mask
// is not 0.
func nearestBit(mask uint8, t int8) int8 {
	if below := mask & (2<<min(t, 7) - 1); below != 0 {
		return int8(bits.Len8(below)) - 1
	}
	return int8(bits.TrailingZeros8(mask))
}

// nextByTargets returns the limit from the frame of p on.
func (l *layerSelection) nextByTargets(p *Packet, wish Layer, picture bool) Layer {
	d := &p.Desc
	next := l.limit
	next.Spatial = min(next.Spatial, int8(len(d.Active)-1))
	active := d.Active[next.Spatial]
	if picture && wish.Temporal < next.Temporal && active != 0 {
		next.Temporal = min(next.Temporal, nearestBit(active, wish.Temporal))
	}
	if !d.Start || !l.decodes(p) {
		return next
	}
	step := int8(1)
	if wish.Spatial > next.Spatial {
		step = -1
	}
	ways := layerMask(d.SwitchTo)
	for s := l.within(wish.Spatial); s != next.Spatial; s += step {
		if way, ok := ways.upTo(s, wish.Temporal, d.Active[s]); ok {
			return way
		}
	}
	if way, ok := ways.upTo(next.Spatial, wish.Temporal, active); ok && way.Temporal > next.Temporal {
		return way
	}
	return next
}

// within returns the spatial layer up to which the newest picture may lead: no higher
// than what its end was expected to be.
func (l *layerSelection) within(s int8) int8 {
	if s > l.limit.Spatial {
		return max(min(s, l.told), l.limit.Spatial)
	}
	return s
}

// upTo returns the highest way to spatial layer s that leads to an active target of
// temporal layer t or below.
func (m layerMask) upTo(s, t int8, active uint8) (Layer, bool) {
	ways := m[s] & active
	if ways == 0 || nearestBit(ways, t) > t {
		return Layer{}, false
	}
	return Layer{Spatial: s, Temporal: nearestBit(ways, t)}, true
}

// decodes says whether all frames that the frame of p refers to were taken.
func (l *layerSelection) decodes(p *Packet) bool {
	for _, back := range p.Desc.Refs[:p.Desc.RefCount] {
		if !l.taking.has(uint16(p.Desc.FrameNumber) - back) {
			return false
		}
	}
	return true
}

// frameSetSize is how many frame numbers back a frameSet reaches: some 85 pictures of
// three spatial layers.
const frameSetSize = 256

// frameSet is a set of the latest frame numbers, which wrap at 2^16.
type frameSet struct {
	words   [frameSetSize / 64]uint64 // by the low bits of the number
	newest  uint16
	started bool
}

// add puts a number into the set. What is too far back is not kept; what moves the
// set far ahead empties it.
func (s *frameSet) add(n uint16) {
	if !s.started {
		s.started, s.newest = true, n
	}
	switch ahead := int16(n - s.newest); {
	case ahead >= frameSetSize:
		s.words = [frameSetSize / 64]uint64{}
		s.newest = n
	case ahead > 0:
		for s.newest != n {
			s.newest++
			s.words[s.newest/64%uint16(len(s.words))] &^= 1 << (s.newest % 64)
		}
	case ahead <= -frameSetSize:
		return
	}
	s.words[n/64%uint16(len(s.words))] |= 1 << (n % 64)
}

// has says whether the set has the number.
func (s *frameSet) has(n uint16) bool {
	if back := s.newest - n; !s.started || back >= frameSetSize {
		return false
	}
	return s.words[n/64%uint16(len(s.words))]>>(n%64)&1 == 1
}
