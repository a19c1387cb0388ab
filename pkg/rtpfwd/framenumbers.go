package rtpfwd

import "github.com/heliograph/heliograph/pkg/rtpfwd/codec"

// counter continues one number of the payload over switches. It counts in 16 bits;
// narrower fields take its low bits.
type counter struct {
	last    uint16 // the newest outgoing value
	shift   uint16 // source minus outgoing
	aligned bool
}

// next maps a value of the source. The first one after a switch follows the last.
func (n *counter) next(value uint16, newest bool) uint16 {
	if !n.aligned {
		n.shift, n.aligned = value-(n.last+1), true
	}
	out := value - n.shift
	if newest {
		n.last = out
	}
	return out
}

// frameNumbers continues the numbers that payload descriptors count frames with:
// picture id, TL0PICIDX and KEYIDX of VP8 (RFC 7741 section 4.2), picture id and
// TL0PICIDX of VP9 (RFC 9628 section 4.2), and the frame number of the dependency
// descriptor. Within one Encoding only picture ids of VP8 are closed up, by the
// Forwarder; the others keep their distances, as references are counted in them.
type frameNumbers struct {
	picture, tl0, keyIdx, frame counter
}

// begin sets the first picture id.
func (f *frameNumbers) begin(pictureID uint16) { f.picture.last = pictureID - 1 }

// realign makes the next values of all counters follow the last ones.
func (f *frameNumbers) realign() {
	f.picture.aligned, f.tl0.aligned, f.keyIdx.aligned, f.frame.aligned = false, false, false, false
}

// number fills in the numbers of a packet.
func (f *frameNumbers) number(c *Choice, e *sent, newest bool) {
	if c.filler {
		return
	}
	d := &c.Packet.Desc
	if c.picture >= 0 {
		e.pictureID = f.picture.next(uint16(c.picture), newest)
	}
	if d.TL0 >= 0 {
		e.tl0 = uint8(f.tl0.next(uint16(d.TL0), newest))
	}
	if d.KeyIdx >= 0 {
		e.keyIdx = uint8(f.keyIdx.next(uint16(d.KeyIdx), newest))
	}
	if where := c.Packet.extensions[dependencyDescriptor]; where.size >= 3 {
		e.frame = f.frame.next(get16(c.Packet.Raw[where.at+1:]), newest)
	}
}

// rewrite writes the numbers of e into a copy of the payload of p.
func (e *sent) rewrite(payload []byte, p *Packet) {
	switch p.Codec {
	case VP8:
		codec.RewriteVP8(payload, &p.Desc, e.pictureID, e.tl0, e.keyIdx)
	case VP9:
		codec.RewriteVP9(payload, &p.Desc, e.pictureID, e.tl0)
	}
}
