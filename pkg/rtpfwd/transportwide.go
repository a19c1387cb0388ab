package rtpfwd

import "time"

// TransportNumbers gives the transport-wide sequence numbers of one Transport
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2): all its Outbounds
// share it. The first number is 1, every packet of its own gets the next one, and
// the low 16 bits are those of the wire. The zero value is ready.
type TransportNumbers struct{ last int64 }

// Last is the highest number that was given; 0 before the first one.
func (t *TransportNumbers) Last() int64 { return t.last }

// extend returns the number with the low bits wire among the latest 65,536.
func (t *TransportNumbers) extend(wire uint16) int64 {
	return t.last - int64(uint16(t.last)-wire)
}

// WrittenKind says what a packet was that an Outbound wrote.
type WrittenKind uint8

const (
	// WrittenMedia is the first sending of a packet, also of an empty one.
	WrittenMedia WrittenKind = iota
	// WrittenRepair is a packet of the repair stream (RFC 4588): a resend or a probe.
	WrittenRepair
	// WrittenAgain is a first sending repeated byte for byte, with its transport-wide
	// number: when that is acknowledged, nobody knows which of the two came.
	WrittenAgain
	// WrittenPadding is a probe that has no payload.
	WrittenPadding
)

// Written is what a bandwidth estimator must know of a packet.
type Written struct {
	// Seq is the transport-wide number, also of a packet that does not carry it: feedback
	// after RFC 8888 needs none on the wire. 0 if the Outbound has no TransportNumbers.
	Seq int64
	// Size is that of the whole RTP packet in bytes.
	Size int
	Kind WrittenKind
}

// Last returns what the latest call of Rewrite, Resend or Probe wrote that did not
// return 0; the zero value before the first one.
func (o *Outbound) Last() Written { return o.written }

// hop holds what the extensions of this hop say in one packet. Of what has no
// repair stream it is kept, so that a resend can repeat the first sending. As bytes it
// fits into what sent has left.
type hop struct {
	number [2]uint8 // transport-wide, low bits, in network byte order
	time   [3]uint8 // abs-send-time, in network byte order
}

const (
	numberSize   = 2 // of a transport-wide sequence number
	sendTimeSize = 3 // of abs-send-time
)

// ownExtensions are those that every packet of an Outbound carries.
type ownExtensions struct {
	transport   *TransportNumbers // nil: no numbers
	numberID    uint8             // 0: packets do not carry them
	sendTimeID  uint8             // 0: no abs-send-time
	midID       uint8             // 0: no MID
	mid         string
	count, size int  // of elements, and of their data
	wide        bool // an id needs two-byte headers
}

// newOwnExtensions finds what can be sent. A MID of more than 16 bytes is not.
func newOwnExtensions(c *OutboundConfig) (own ownExtensions) {
	own.transport = c.Transport
	if c.Extensions == nil {
		return own
	}
	if len(c.MID) > 0 && len(c.MID) <= 16 {
		own.midID, own.mid = own.add(c.Extensions.MID, len(c.MID)), c.MID
	}
	if c.Transport != nil {
		own.numberID = own.add(c.Extensions.TransportCC, numberSize)
	}
	own.sendTimeID = own.add(c.Extensions.AbsSendTime, sendTimeSize)
	return own
}

// add counts an element in if it has an id, and returns the id.
func (x *ownExtensions) add(id uint8, size int) uint8 {
	if id != 0 {
		x.count++
		x.size += size
		x.wide = x.wide || id > 14
	}
	return id
}

// next makes what a packet says that is sent at now.
func (x *ownExtensions) next(now time.Duration, h *hop) {
	if x.transport != nil {
		x.transport.last++
		put16(h.number[:], uint16(x.transport.last))
	}
	if x.sendTimeID != 0 {
		h.time = absSendTime(now)
	}
}

// note keeps what Last tells.
func (o *Outbound) note(h *hop, size int, kind WrittenKind) {
	w := &o.written
	w.Seq, w.Size, w.Kind = 0, size, kind
	switch {
	case o.own.transport == nil:
	case kind == WrittenAgain:
		w.Seq = o.own.transport.extend(get16(h.number[:]))
	default:
		w.Seq = o.own.transport.last
	}
}

// write writes the elements at offset at and returns their end.
func (x *ownExtensions) write(dst []byte, at int, h hop, wide bool) int {
	if x.midID != 0 {
		at = writeElement(dst, at, x.midID, len(x.mid), wide)
		at += copy(dst[at:], x.mid)
	}
	if x.numberID != 0 {
		at = writeElement(dst, at, x.numberID, numberSize, wide)
		put16(dst[at:], get16(h.number[:]))
		at += numberSize
	}
	if x.sendTimeID != 0 {
		at = writeElement(dst, at, x.sendTimeID, sendTimeSize, wide)
		put24(dst[at:], h.time)
		at += sendTimeSize
	}
	return at
}

// put24 writes 24 bits.
func put24(b []byte, v [3]uint8) { b[2], b[1], b[0] = v[2], v[1], v[0] }

// absSendTime is a time in 6.18 fixed point seconds, which wraps every 64 seconds.
func absSendTime(now time.Duration) [3]uint8 {
	seconds, rest := uint32(now/time.Second), uint64(now%time.Second)
	v := seconds<<18 | uint32(rest<<18/uint64(time.Second))
	return [3]uint8{uint8(v >> 16), uint8(v >> 8), uint8(v)}
}
