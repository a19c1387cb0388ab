package rtpfwd

import "github.com/heliograph/heliograph/pkg/rtpfwd/codec"

// A subscriber that gets fewer layers than are sent must be told: a template structure
// without a bitmask says that all decode targets are active, and a receiver would wait
// for those that do not come (AV1 RTP payload format section A.8.3). What a Choice
// leaves out is kept in sent.cut, so that a resend writes the same.

// narrowing packs the layer that the subscriber of p gets no more than; 0: it gets all
// that is sent.
func (l *layerSelection) narrowing(p *Packet) uint8 {
	for s, active := range p.Desc.Active {
		if int8(s) > l.limit.Spatial && active != 0 || active>>l.limit.Temporal > 1 {
			return 1 + uint8(l.limit.Spatial)<<3 + uint8(l.limit.Temporal)
		}
	}
	return 0
}

// narrows says whether the dependency descriptor of p is to be written anew.
func (p *Packet) narrows(cut uint8) bool { return cut != 0 && p.Desc.TellsTargets }

// sizeOf returns how many bytes an extension of p takes.
func (p *Packet) sizeOf(k kind, cut uint8) int {
	size := int(p.extensions[k].size)
	if k == dependencyDescriptor && p.narrows(cut) {
		return p.Desc.ActiveTargetsSize(size)
	}
	return size
}

// writeDescriptor writes the dependency descriptor with the frame number of e, and
// returns its size.
func (e *sent) writeDescriptor(dst, ext []byte, p *Packet) (n int) {
	if p.narrows(e.cut) {
		layer := e.cut - 1
		n = codec.RewriteActiveTargets(dst, ext, &p.Desc, int8(layer>>3), int8(layer&7))
	} else {
		n = copy(dst, ext)
	}
	codec.RewriteDependencyDescriptor(dst[:n], e.frame)
	return n
}
