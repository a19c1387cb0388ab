package rtpfwd

import "github.com/heliograph/heliograph/pkg/rtpfwd/codec"

// A subscriber that gets fewer layers than are sent must be told: a template structure
// without a bitmask says that all decode targets are active, and a receiver would wait
// for those that do not come (AV1 RTP payload format section A.8.3). What a Choice
// leaves out is kept in sent.cut, so that a resend writes the same.

// narrowing packs the layer that a subscriber gets no more than; 0: it gets all.
func (c *Choice) narrowing() uint8 {
	if !c.narrow {
		return 0
	}
	return 1 + uint8(c.within.Spatial)<<3 + uint8(c.within.Temporal)
}

// narrows says whether the dependency descriptor of p is to be written anew.
func (e *sent) narrows(p *Packet) bool { return e.cut != 0 && p.Desc.TellsTargets }

// sizeOf returns how many bytes an extension of p takes.
func (e *sent) sizeOf(k kind, p *Packet) int {
	size := int(p.extensions[k].size)
	if k == dependencyDescriptor && e.narrows(p) {
		return p.Desc.ActiveTargetsSize(size)
	}
	return size
}

// writeDescriptor writes the dependency descriptor with the frame number of e, and
// returns its size.
func (e *sent) writeDescriptor(dst, ext []byte, p *Packet) (n int) {
	if e.narrows(p) {
		layer := e.cut - 1
		n = codec.RewriteActiveTargets(dst, ext, &p.Desc, int8(layer>>3), int8(layer&7))
	} else {
		n = copy(dst, ext)
	}
	codec.RewriteDependencyDescriptor(dst[:n], e.frame)
	return n
}
