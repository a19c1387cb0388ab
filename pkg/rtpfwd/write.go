package rtpfwd

import (
	"math/bits"
	"time"
)

const (
	// outHeaderSize is the fixed header with one CSRC.
	outHeaderSize = headerSize + 4
	// osnSize is the original sequence number of RFC 4588 section 4.
	osnSize = 2
	// fillerSize is the padding of an empty packet: its count alone.
	fillerSize = 1
)

// extensionBlock says how the header extension of a packet will look.
type extensionBlock struct {
	size   int   // of the elements, padded to 32 bits; 0: no extension
	wide   bool  // two-byte headers
	passed uint8 // bit k says that kind k comes from the publisher
}

// layout finds the extension block of p: the two-byte form only where an id or a
// size needs it (RFC 8285 section 4.1.2 asks for negotiation of the mixed use,
// which all who offer a dependency descriptor do).
func (o *Outbound) layout(p *Packet, source *outboundSource, filler bool, cut uint8) extensionBlock {
	b := extensionBlock{size: o.own.size, wide: o.own.wide}
	count := o.own.count
	if !filler {
		b.passed = p.present & source.passes
	}
	for left := b.passed; left != 0; left &= left - 1 {
		k := kind(bits.TrailingZeros8(left))
		size := p.sizeOf(k, cut)
		count++
		b.size += size
		b.wide = b.wide || source.ids[k] > 14 || size > 16
	}
	b.size += count
	if b.wide {
		b.size += count
	}
	b.size = (b.size + 3) &^ 3
	return b
}

// bytes is the size of the whole header extension.
func (b extensionBlock) bytes() int {
	if b.size == 0 {
		return 0
	}
	return 4 + b.size
}

// fits says whether the packet with this payload, also as a repair, fits into dst.
func (b extensionBlock) fits(payload int, dst []byte) bool {
	return outHeaderSize+b.bytes()+osnSize+payload <= len(dst)
}

// write makes the packet that e describes, always the same bytes for the same e.
func (o *Outbound) write(dst []byte, e *sent, p *Packet, source *outboundSource, block extensionBlock) int {
	at := o.writeHeader(dst, e, source, block)
	at = o.writeExtensions(dst, at, e, p, source, block)
	return e.writePayload(dst, at, p, source)
}

// writeRepair makes the packet of the repair stream (RFC 4588 section 4): its own
// SSRC, number and payload type, and the original number before the payload. It is a
// new packet for the hop.
func (o *Outbound) writeRepair(now time.Duration, dst []byte, first *sent, p *Packet, source *outboundSource, block extensionBlock) int {
	repair := *first
	e := &repair
	o.own.next(now, &e.hop)
	at := o.writeHeader(dst, e, source, block)
	dst[1] = dst[1]&0x80 | source.rtxPayloadType
	put16(dst[2:], uint16(o.rtxNext))
	put32(dst[8:], o.rtxSSRC)
	o.rtxNext++
	at = o.writeExtensions(dst, at, e, p, source, block)
	put16(dst[at:], uint16(e.seq))
	n := e.writePayload(dst, at+osnSize, p, source)
	o.note(&e.hop, n, WrittenRepair)
	return n
}

// writeHeader writes the fixed header with the CSRC.
func (o *Outbound) writeHeader(dst []byte, e *sent, source *outboundSource, block extensionBlock) int {
	dst = dst[:outHeaderSize:outHeaderSize] // one check of bounds for all that follows
	first := byte(2<<6 | 1)                 // version, CC
	if block.size > 0 {
		first |= 1 << 4
	}
	if e.has(wasFiller) {
		first |= 1 << 5
	}
	dst[0], dst[1] = first, source.payloadType
	if e.has(wasMarked) {
		dst[1] |= 0x80
	}
	put16(dst[2:], uint16(e.seq))
	put32(dst[4:], e.time)
	put32(dst[8:], o.ssrc)
	put32(dst[12:], source.csrc)
	return outHeaderSize
}

// writeExtensions writes the extension block at offset at and returns its end.
func (o *Outbound) writeExtensions(dst []byte, at int, e *sent, p *Packet, source *outboundSource, block extensionBlock) int {
	if block.size == 0 {
		return at
	}
	profile := uint16(oneByteProfile)
	if block.wide {
		profile = twoByteProfile
	}
	put16(dst[at:], profile)
	put16(dst[at+2:], uint16(block.size/4))
	at += 4
	end := at + block.size
	at = o.own.write(dst, at, e.hop, block.wide)
	if block.passed != 0 {
		at = e.writePassed(dst, at, p, source, block)
	}
	for ; at < end; at++ { // at most three
		dst[at] = 0
	}
	return end
}

// writePassed copies the extensions that both sides have.
func (e *sent) writePassed(dst []byte, at int, p *Packet, source *outboundSource, block extensionBlock) int {
	for left := block.passed; left != 0; left &= left - 1 {
		k := kind(bits.TrailingZeros8(left))
		at = writeElement(dst, at, source.ids[k], p.sizeOf(k, e.cut), block.wide)
		value := p.extensions[k].of(p.Raw)
		if k == dependencyDescriptor {
			at += e.writeDescriptor(dst[at:], value, p)
			continue
		}
		at += copy(dst[at:], value)
	}
	return at
}

// writeElement writes the header of one element (RFC 8285 sections 4.2 and 4.3).
func writeElement(dst []byte, at int, id uint8, size int, wide bool) int {
	if wide {
		dst[at], dst[at+1] = id, uint8(size)
		return at + 2
	}
	dst[at] = id<<4 | uint8(size-1)
	return at + 1
}

// writePayload writes the payload with the numbers of e, or the padding of an empty
// packet, and returns the size of the whole packet.
func (e *sent) writePayload(dst []byte, at int, p *Packet, source *outboundSource) int {
	if e.has(wasFiller) {
		dst[at] = fillerSize
		return at + fillerSize
	}
	if form := source.form(p); form != asItCame {
		return at + e.writeAudio(dst[at:], p, source, form)
	}
	n := copy(dst[at:], p.Payload())
	e.rewrite(dst[at:at+n], p)
	return at + n
}

// writePadding adds padding to a packet of n bytes, if there is room, and returns its size.
func writePadding(dst []byte, n int, pad uint8) int {
	end := n + int(pad)
	if pad == 0 || end > len(dst) {
		return n
	}
	clear(dst[n:end])
	dst[0] |= 1 << 5
	dst[end-1] = pad
	return end
}
