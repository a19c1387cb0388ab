package rtpfwd

import "time"

// OutboundConfig says what is fixed for the life of a Slot.
type OutboundConfig struct {
	// SSRC is that of the media. RTXSSRC is that of resends (RFC 4588); 0: none, then
	// a resend repeats the first sending byte for byte.
	SSRC, RTXSSRC uint32
	// SeqStart and RTXSeqStart are the first sequence numbers, random and below 2^15:
	// a receiver that misses packets near a wrap at the very start could not tell
	// the rollover counter of SRTP (RFC 3711 section 3.3.1). Higher bits are cut.
	SeqStart, RTXSeqStart uint16
	// TimeStart is the first timestamp, random (RFC 3550 section 5.1).
	TimeStart uint32
	// PictureIDStart is the first picture id of VP8 and VP9, 15 bits.
	PictureIDStart uint16
	// Extensions are the outgoing ids, read at construction; nil: none.
	Extensions *ExtensionIDs
	// MID is sent with every packet if it is not empty and has an id. At most 16
	// bytes: longer ones are not sent.
	MID string
	// Transport gives the transport-wide numbers, shared by all Outbounds of a
	// Transport; nil: there are none. Packets carry them if Extensions has the id.
	Transport *TransportNumbers
	// RTXPayloadType is that of probes before the first source; 0: none then.
	RTXPayloadType uint8
}

// OutboundSource says what a Slot shows.
type OutboundSource struct {
	// CSRC names the publication in every packet (RFC 3550 section 5.1).
	CSRC uint32
	// Codec is that of the publication; packets of others are refused. RED is Opus.
	Codec Codec
	// Rate is the clock rate in Hz.
	Rate uint32
	// PayloadType and RTXPayloadType are the outgoing ones. RTXPayloadType 0: resends
	// repeat the first sending.
	PayloadType, RTXPayloadType uint8
	// BlockPayloadType is the outgoing one of Opus inside RED (RFC 2198) if the Slot
	// gets RED, of which PayloadType then is. 0: the Slot gets no RED.
	BlockPayloadType uint8
	// Redundant is how many earlier packets are repeated in each packet of RED that
	// is made of plain Opus, 0 to 2; more is cut.
	Redundant uint8
	// Extensions are the incoming ids: what has none is not passed on. nil: pass
	// what Inbound found.
	Extensions *ExtensionIDs
}

// rememberedSources is how many sources back resends reach, a power of two.
const rememberedSources = 8

// outboundSource is OutboundSource as the hot path needs it.
type outboundSource struct {
	csrc                        uint32
	codec                       Codec
	payloadType, rtxPayloadType uint8
	blockType, redundant        uint8
	rate                        uint32
	ids                         kindIDs // outgoing, of the kinds that both sides have
	passes                      uint8   // bit k says that there is ids[k]
	replicas                    [maxEncodings]*Replica
}

// replicaOf is where the packet of e came from.
func (s *outboundSource) replicaOf(e *sent) *Replica { return s.replicas[e.from.encoding()] }

// Outbound keeps the books of what a Slot sends: it gives numbers, rewrites
// headers, extensions and payload descriptors, and resends. It belongs to one
// goroutine, and allocates only at construction, at the first source, and when its
// history doubles or halves.
type Outbound struct {
	// Fixed after construction.
	ssrc, rtxSSRC  uint32
	rtxPayloadType uint8 // before the first source
	ids            kindIDs
	own            ownExtensions
	lowest         SeqNo // one below the first number

	// What each packet touches lies together: see Hot.
	epoch     uint32  // counts sources; 0: none yet
	fresh     bool    // nothing of the source was sent yet
	highest   SeqNo   // the highest number sent
	forgotten SeqNo   // up to here nothing is sent again
	since     RTPTime // when at its source that begins which plays now
	frames    frameNumbers
	history   history
	budget    Budget // the Slot's own part of that of the Transport
	reports   outboundReports
	written   Written // the latest packet
	timeline  timeline
	stats     OutboundStats

	rtxNext   SeqNo
	probeNext SeqNo       // the packet to probe with next
	numbers   renumbering // from Choices to outgoing numbers

	sources [rememberedSources]outboundSource // by epoch
}

// OutboundStats counts from the start of the Slot, over all its sources.
type OutboundStats struct {
	// Packets and Bytes count first sendings: whole RTP packets.
	Packets, Bytes uint64
	// Unsent is how many numbers are missing of what was sent: their packets never
	// reached the server, or are on their way to it.
	Unsent uint64
	// Resent and ResentBytes count resends.
	Resent, ResentBytes uint64
	// Probes and ProbeBytes count what Probe wrote.
	Probes, ProbeBytes uint64
	// Refused counts by reason what Rewrite, Feedback and Resend refused.
	Refused [ReasonCount]uint64
	// RTT is the latest round trip time by receiver reports, 0 if unknown.
	RTT time.Duration
	// FractionLost is that of the latest receiver report, 0 to 1.
	FractionLost float64
}

// NewOutbound makes the books of a Slot that shows nothing yet.
func NewOutbound(c OutboundConfig) *Outbound {
	o := &Outbound{
		ssrc:           c.SSRC,
		rtxSSRC:        c.RTXSSRC,
		rtxPayloadType: c.RTXPayloadType & 0x7f,
		ids:            c.Extensions.passed(),
		own:            newOwnExtensions(&c),
		lowest:         SeqNo(c.SeqStart&0x7fff) + firstCycle - 1,
		rtxNext:        SeqNo(c.RTXSeqStart&0x7fff) + firstCycle,
	}
	o.highest = o.lowest
	o.timeline.begin(c.TimeStart)
	o.frames.begin(c.PictureIDStart)
	return o
}

// SetSource makes the Slot show another publication from the next packet on. All
// numbers go on without a jump. The caller must then give Rewrite only Choices of
// that publication; resends of what was sent before still work.
func (o *Outbound) SetSource(now time.Duration, s OutboundSource) {
	o.fresh = true
	source := outboundSource{
		csrc:           s.CSRC,
		codec:          s.Codec,
		payloadType:    s.PayloadType & 0x7f,
		rtxPayloadType: s.RTXPayloadType & 0x7f,
		blockType:      s.BlockPayloadType & 0x7f,
		redundant:      min(s.Redundant, maxRedundant),
		rate:           s.Rate,
		ids:            o.ids,
	}
	if s.Extensions != nil {
		for k, id := range s.Extensions.passed() {
			if id == 0 {
				source.ids[k] = 0
			}
		}
	}
	for k, id := range source.ids {
		if id != 0 {
			source.passes |= 1 << k
		}
	}
	o.remember(source)
	o.history.reserve(s.Codec)
}

// remember begins the next epoch.
func (o *Outbound) remember(source outboundSource) {
	o.epoch++
	o.sources[o.epoch%rememberedSources] = source
	if o.epoch%(epochs/2) == 0 {
		o.history.forget(o.epoch)
	}
}

// sourceFor returns the source of a Choice. Where another Replica takes the place of one
// of the source, it is a new one: the history tells Replicas by epoch and Encoding.
func (o *Outbound) sourceFor(c *Choice) *outboundSource {
	source := &o.sources[o.epoch%rememberedSources]
	replica := &source.replicas[c.Replica.Encoding%maxEncodings]
	if *replica == c.Replica {
		return source
	}
	if *replica != nil {
		again := *source
		again.replicas = [maxEncodings]*Replica{}
		o.remember(again)
		source = &o.sources[o.epoch%rememberedSources]
		replica = &source.replicas[c.Replica.Encoding%maxEncodings]
	}
	*replica = c.Replica
	return source
}

// Rewrite gives a Choice its numbers and writes the whole packet to dst, ready to be
// protected and sent at once. It returns the size, or 0 if the packet is refused:
// then no number was used, and the reason is counted in Stats. A packet that is
// late takes the number that was left for it.
func (o *Outbound) Rewrite(now time.Duration, c Choice, dst []byte) (n int) {
	source := &o.sources[o.epoch%rememberedSources]
	p := c.Packet
	if o.epoch == 0 || p.Codec.Media() != source.codec && !c.filler {
		return o.refuse(NoSource)
	}
	video := source.codec.Video()
	c.filler = c.filler || !video && source.empties(p)
	block := o.layout(p, source, c.filler, c.cut)
	if !block.fits(source.leastSize(p, c.filler), dst) {
		return o.refuse(NoRoom)
	}
	seq, reason := o.place(&c)
	if reason != None {
		return o.refuse(reason)
	}
	source = o.sourceFor(&c)
	newest := seq > o.highest
	var e *sent
	if newest {
		e = o.history.advance(now, o.highest, seq)
	} else {
		e = o.history.place(seq)
	}
	e.begin(&c, o.epoch)
	e.time = uint32(o.stamp(&c, source, newest))
	o.frames.number(&c, e, newest)
	if !video {
		o.chooseRedundancy(e, p, source, min(len(dst), maxMade)-block.bytes())
		e.set(wasMarked, o.fresh) // it begins to play anew (RFC 3551 section 4.1)
	}
	o.fresh = false
	if newest {
		o.highest = seq
	} else {
		e.asked(now)
	}
	o.own.next(now, &e.hop)
	n = o.write(dst, e, p, source, block)
	o.reports.sent(n, n-outHeaderSize-block.bytes(), c.filler)
	if video && !c.filler && o.repairs(source) {
		n = writePadding(dst, n, c.Pad)
	}
	o.note(&e.hop, n, WrittenMedia)
	o.budget.Sent(n)
	o.stats.Packets++
	o.stats.Bytes += uint64(n)
	return n
}

// Drop notes that a Choice will not be sent, because a queue gave it up: no number
// remains of it, unless a later one was sent already. What else depends on it the
// queue must drop too.
func (o *Outbound) Drop(c Choice) {
	if !o.fresh {
		o.numbers.leave(c.number)
	}
}

// place finds the outgoing number of a Choice. The first one of a source follows
// the highest number sent; whatever was selected before it is too old from then on.
func (o *Outbound) place(c *Choice) (SeqNo, Reason) {
	if o.fresh {
		o.numbers.start(c.number, int64(o.highest+1))
	}
	if c.number-o.numbers.next >= maxDropout {
		// No source loses so much without a restart. One number stays free.
		o.numbers.start(c.number, int64(o.highest+2))
	}
	number, kept := o.numbers.take(c.number)
	if !kept {
		return 0, TooOld
	}
	seq := SeqNo(number)
	if seq > o.highest {
		return seq, None
	}
	return seq, o.history.late(seq, o.highest)
}

// stamp finds the outgoing timestamp, aligned anew at a switch.
func (o *Outbound) stamp(c *Choice, source *outboundSource, newest bool) RTPTime {
	t := &o.timeline
	if !newest {
		return t.outgoing(c.Packet.Time)
	}
	change := keepsTime
	switch {
	case c.until != 0 && (c.Switch || c.until != t.until):
		change = newReplay
	case o.fresh:
		change = newSource
	case c.Replica != t.replica:
		change = newEncoding
	case t.jumps(c.Packet):
		change = newSource
	}
	if change != keepsTime {
		t.align(c, source, change)
		o.numbers.forget() // what is older would need the old shift of time
	}
	if change != keepsTime || c.Switch {
		o.frames.realign()
		o.since = c.Packet.Time
	}
	return t.newest(c)
}

// refuse counts a refusal.
func (o *Outbound) refuse(r Reason) int {
	o.stats.Refused[r]++
	return 0
}
