package rtpfwd

import (
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// InboundConfig says what is known of an Encoding from signaling.
type InboundConfig struct {
	// Encoding is the index of the Encoding in its publication, 0 the smallest.
	Encoding uint8
	// SSRC is that of the media; packets with another one are Malformed. Which SSRC repairs come by is
	// for the caller to know: it may change while the media goes on.
	SSRC uint32
	// ClockRate is in Hz.
	ClockRate uint32
	// Payloads is read at every packet. Not nil.
	Payloads *PayloadTable
	// Extensions is read at construction; nil means none.
	Extensions *ExtensionIDs
	// NACK says that the publisher answers requests for lost packets.
	NACK bool
}

// Inbound keeps the books of one received Encoding: it parses, extends numbers,
// sorts out duplicates, asks for what is missing and reports on reception. It
// belongs to one goroutine and allocates only at construction.
type Inbound struct {
	// Fixed after construction.
	encoding    uint8
	ssrc        uint32
	rate        uint32
	payloads    *PayloadTable
	kinds       [256]kind // by extension id, plus one; 0: not passed on
	nack        bool
	descriptors *codec.DependencyStructure // nil without that extension

	order   order
	numbers renumbering // closes up padding
	loss    lossMap
	reports inboundReports
	stats   InboundStats

	pictures pictureOrder

	timed bool
	time  RTPTime // the newest timestamp
	frame SeqNo   // the first number that may belong to the picture of time

	gap          gap                // before the packet that came last
	restored     [maxRestored]SeqNo // on the wire: what came out of RED, but not by itself yet
	restoredNext uint8              // the place of the next one there
}

// InboundStats counts from the start of the stream. The names follow
// RTCInboundRtpStreamStats of W3C where that has them.
type InboundStats struct {
	// Packets and Bytes count what was accepted: whole RTP packets, with repairs
	// and padding.
	Packets, Bytes uint64
	// Lost is the cumulative loss of RFC 3550 section 6.4.1, before repair.
	Lost int64
	// Recovered counts packets that came because they were asked for.
	Recovered uint64
	// Restored counts packets that were lost and came out of a later one (RFC 2198).
	Restored uint64
	// Duplicates counts packets that were there already.
	Duplicates uint64
	// Late counts accepted packets that came behind a later one.
	Late uint64
	// Nacked counts requests for missing packets.
	Nacked uint64
	// Jitter is that of RFC 3550 section 6.4.1. Jitter95 and Jitter99 are what 95 and 99 %
	// of the differences that it averages did not pass; a thousand newer ones make the
	// older ones count half.
	Jitter, Jitter95, Jitter99 time.Duration
	// Depth is how many packets, received and missing, lie behind the oldest one that is
	// waited for now, itself counted: what a consumer that needs order has to hold. 0 if
	// nothing is missing or no NACKs are sent.
	Depth int
	// Width and Height are the latest picture size seen, 0 if none.
	Width, Height uint16
	// Dropped counts packets that were not accepted by reason.
	Dropped [ReasonCount]uint64
}

// NewInbound makes the books of a stream of which nothing was received yet.
func NewInbound(c InboundConfig) *Inbound {
	in := &Inbound{
		encoding: c.Encoding,
		ssrc:     c.SSRC,
		rate:     c.ClockRate,
		payloads: c.Payloads,
		nack:     c.NACK,
	}
	for k, id := range c.Extensions.passed() {
		if id != 0 {
			in.kinds[id] = kind(k) + 1
		}
	}
	if c.Extensions != nil && c.Extensions.DependencyDescriptor != 0 {
		in.descriptors = new(codec.DependencyStructure)
	}
	if c.NACK {
		in.loss = newLossMap()
	} else {
		in.loss.due = Never
	}
	return in
}

// Receive takes a decrypted packet that arrived at now and fills *p, which keeps
// raw. With another reason than None the packet is not to be forwarded and *p has
// no meaning.
func (in *Inbound) Receive(now time.Duration, raw []byte, p *Packet) Reason {
	h, ok := parseHeader(raw)
	if !ok || in.ssrc != 0 && h.ssrc != in.ssrc {
		return in.drop(Malformed)
	}
	return in.drop(in.receive(now, raw, &h, p, false))
}

// ReceiveRTX takes a packet of the repair stream (RFC 4588 section 4). It restores
// the original in place, so raw must still belong to the caller, and goes on like
// Receive. A repair of what is there already is a Duplicate, one without payload,
// as browsers send to probe for bandwidth, is PaddingOnly.
//
//	| header, RTX payload type and SSRC | OSN (16) | payload |
//	           | header, original values |           payload |   two bytes later
func (in *Inbound) ReceiveRTX(now time.Duration, raw []byte, p *Packet) Reason {
	h, ok := parseHeader(raw)
	if !ok {
		return in.drop(Malformed)
	}
	original := in.payloads.APT[h.payloadType]
	if original == 0 {
		return in.drop(UnknownPayloadType)
	}
	if h.end-h.payload < 2 {
		return in.drop(PaddingOnly)
	}
	h.seq = get16(raw[h.payload:])
	h.payloadType, h.ssrc = original&0x7f, in.ssrc
	copy(raw[2:], raw[:h.payload])
	raw = raw[2:]
	h.end -= 2
	raw[1] = raw[1]&0x80 | h.payloadType
	put16(raw[2:], h.seq)
	put32(raw[8:], h.ssrc)
	return in.drop(in.receive(now, raw, &h, p, true))
}

// receive is the common path. It numbers the packet, then looks into it: a number
// counts as received even if the payload is of no use.
func (in *Inbound) receive(now time.Duration, raw []byte, h *header, p *Packet, repair bool) Reason {
	p.extensions, p.present = [kindCount]span{}, 0
	if !in.findExtensions(raw, h, p) {
		return Malformed
	}
	place, reason := in.order.place(h.seq, repair)
	in.noteGap(&place, reason)
	if reason != None {
		if reason == Duplicate && in.wasRestored(place.seq) {
			in.reports.received(now, h.time, in.rate, &place, repair) // it was not lost, but late
		}
		return reason
	}
	in.account(now, len(raw), h, &place, repair)
	p.Raw, p.Arrival, p.Encoding, p.Marker = raw, now, in.encoding, h.marker
	p.payloadStart, p.payloadEnd, p.primaryStart = uint16(h.payload), uint16(h.end), uint16(h.payload)
	p.PayloadType, p.Codec = h.payloadType, in.payloads.Codec[h.payloadType]
	p.Time = in.extend(h.time, &place)
	in.readLevel(p)
	number, kept := in.number(&place, p)
	p.Seq = SeqNo(number)
	switch {
	case p.Codec == CodecNone:
		return UnknownPayloadType
	case p.empty():
		p.Desc = noDescriptor()
		if !kept {
			return PaddingOnly
		}
		return None
	case !kept:
		return TooOld
	case !in.describe(p, &place):
		return Malformed
	case place.newest && in.pictures.rewinds(p, place.restart):
		return RewoundPicture
	}
	in.noteFrame(p, &place)
	return None
}

// findExtensions notes the places of the extensions that are passed on.
func (in *Inbound) findExtensions(raw []byte, h *header, p *Packet) bool {
	if h.profile == 0 {
		return true
	}
	w := h.walk()
	for {
		id, place := w.next(raw)
		if id == 0 {
			return !w.malformed
		}
		if k := in.kinds[id]; k != 0 {
			p.extensions[k-1] = place
			if place.size > 0 {
				p.present |= 1 << (k - 1)
			}
		}
	}
}

// account updates the loss map and the statistics of reception.
func (in *Inbound) account(now time.Duration, size int, h *header, place *placement, repair bool) {
	in.stats.Packets++
	in.stats.Bytes += uint64(size)
	in.reports.received(now, h.time, in.rate, place, repair)
	if place.restart {
		in.loss.giveUpBefore(place.seq)
	}
	requests := uint8(0)
	if place.newest && in.nack && !place.restart && !place.first {
		in.loss.advance(now, place.previous, place.seq)
	}
	if !place.newest {
		in.stats.Late++
		requests = in.loss.arrived(place.seq)
	}
	if repair || requests > 0 {
		in.stats.Recovered++
	}
}

// extend extends a timestamp and keeps the newest.
func (in *Inbound) extend(wire uint32, place *placement) RTPTime {
	if !in.timed {
		in.timed, in.time = true, RTPTime(wire)+1<<32
	}
	t := extendTime(in.time, wire)
	if place.newest && (t != in.time || place.first || place.restart) {
		in.time, in.frame = t, place.previous+1
	}
	return t
}

// number gives the packet its number without padding. kept is false if it gets none.
func (in *Inbound) number(place *placement, p *Packet) (number int64, kept bool) {
	seq := int64(place.seq)
	if place.first {
		in.numbers.start(seq-seenWindow, seq-seenWindow)
	}
	if place.restart {
		// One number stays free: receivers see that something is missing.
		in.numbers.start(seq, in.numbers.last()+2)
	}
	if p.Codec == CodecNone || p.empty() {
		return in.numbers.leave(seq)
	}
	return in.numbers.take(seq)
}

// drop counts a reason and passes it on.
func (in *Inbound) drop(r Reason) Reason {
	if r == None {
		return r
	}
	in.stats.Dropped[r]++
	if r == Duplicate {
		in.stats.Duplicates++
	}
	return r
}

// Nacks appends the sequence numbers to ask the publisher for now (RFC 4585 section
// 6.2.1). A packet is missing when it is 20 ms late or two numbers behind; it is
// asked for again 10 ms after one rtt, then every half rtt but at least 20 ms apart,
// at most 30 times in all, and given up when a keyframe came after it. At most 256 packets are waited for.
func (in *Inbound) Nacks(now, rtt time.Duration, out []uint16) []uint16 {
	before := len(out)
	out = in.loss.requests(now, rtt, out)
	in.stats.Nacked += uint64(len(out) - before)
	return out
}

// Deadline returns when Nacks has something to do, Never if nothing is missing.
func (in *Inbound) Deadline() time.Duration { return in.loss.due }

// Stats returns the counters of the stream.
func (in *Inbound) Stats() InboundStats {
	s := in.stats
	s.Lost = in.reports.lost(in.order.highest)
	s.Jitter = durationOf(RTPTime(in.reports.jitter), in.rate)
	s.Jitter95 = durationOf(RTPTime(in.reports.spread.quantile(950)), in.rate)
	s.Jitter99 = durationOf(RTPTime(in.reports.spread.quantile(990)), in.rate)
	if len(in.loss.entries) > 0 {
		s.Depth = int(in.order.highest-in.loss.entries[0].seq) + 1
	}
	return s
}
