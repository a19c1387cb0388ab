package rtpfwd

import (
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

const (
	// maxRedundant bounds the packets that one made packet of RED repeats.
	maxRedundant = 2
	// maxMade bounds a made packet of RED in bytes: redundancy that makes a packet too
	// large for a path would cost more than it saves.
	maxMade = 1200
	// maxSpacing is how far apart two packets may be sampled for the later one to
	// repeat the earlier one: the longest packet of Opus (RFC 7587 section 4.2). Between
	// others there was a pause of DTX, and what was before it comes too late to be played.
	maxSpacing = 120 * time.Millisecond
)

// form is what becomes of a payload on its way.
type form uint8

const (
	asItCame form = iota // but for its descriptor
	stripped             // RED to a Slot that gets none: the primary block
	renamed              // RED to RED, with the payload type of this direction
	made                 // Opus to RED, with the packets before it
)

// form follows from what is fixed for the source, so a resend finds the same.
func (s *outboundSource) form(p *Packet) form {
	switch {
	case p.Codec == RED && s.blockType == 0:
		return stripped
	case p.Codec == RED:
		return renamed
	case p.Codec == Opus && s.blockType != 0:
		return made
	}
	return asItCame
}

// empties says that nothing is left of a packet but its number: RED whose primary
// block has no bytes, for a Slot that gets no RED.
func (s *outboundSource) empties(p *Packet) bool {
	return s.form(p) == stripped && len(p.Primary()) == 0
}

// readBlocks checks a payload of RED and finds its primary block. All blocks must be
// of Opus: nothing else can be passed on to a Slot that takes Opus only.
func (in *Inbound) readBlocks(p *Packet) bool {
	var red codec.RED
	if codec.ParseRED(p.Payload(), &red) != nil {
		return false
	}
	for _, b := range red.Blocks() {
		if in.payloads.Codec[b.PayloadType] != Opus {
			return false
		}
	}
	p.primaryStart += red.Primary().Start
	return true
}

// before returns the i-th packet before p, of e, in its source, nil if it is not there.
func (e *sent) before(p *Packet, source *outboundSource, i uint8) *Packet {
	return source.replicaOf(e).Ring.Get(p.Seq - SeqNo(i))
}

// whole says whether all that e repeats is still there.
func (e *sent) whole(p *Packet, source *outboundSource) bool {
	for i := range e.repeats {
		if e.before(p, source, i+1) == nil {
			return false
		}
	}
	return true
}

// chooseRedundancy decides what goes with a packet of RED, and keeps that in e: a resend
// must have the same bytes, whatever came or went meanwhile. Nothing is repeated that is
// from before what plays now: its time belongs to what played then.
func (o *Outbound) chooseRedundancy(e *sent, p *Packet, source *outboundSource, room int) {
	if e.has(wasFiller) {
		return
	}
	switch source.form(p) {
	case renamed:
		o.leaveOut(e, p)
	case made:
		o.repeat(e, p, source, room-outHeaderSize-osnSize-e.madeSize(p, source))
	}
}

// leaveOut leaves blocks of RED out that are too old.
func (o *Outbound) leaveOut(e *sent, p *Packet) {
	var red codec.RED
	if codec.ParseRED(p.Payload(), &red) != nil {
		return
	}
	for i, b := range red.Blocks() {
		if p.Time-RTPTime(b.Offset) < o.since {
			e.cut = uint8(i + 1)
		}
	}
	e.cut = min(e.cut, uint8(len(red.Blocks())-1)) // of a late packet all are too old
}

// repeat adds packets right before p to it, within room bytes. What is lost, or from
// before a pause, ends the row.
func (o *Outbound) repeat(e *sent, p *Packet, source *outboundSource, room int) {
	for later := p; e.repeats < source.redundant; e.repeats++ {
		q := e.before(p, source, e.repeats+1)
		if q == nil || q.Time < o.since || !q.precedes(later, source.rate) || p.Time-q.Time > codec.MaxREDOffset {
			return
		}
		size := len(q.Primary())
		if room -= codec.REDHeaderSize + size; size > codec.MaxREDLength || room < 0 {
			return
		}
		later = q
	}
}

// precedes says whether q has sound that ends about where that of later begins.
func (q *Packet) precedes(later *Packet, rate uint32) bool {
	spacing := later.Time - q.Time
	return q.Codec.Media() == Opus && len(q.Primary()) > 0 && spacing > 0 && spacing <= ticksOf(maxSpacing, rate)
}

// madeSize is the size of a made payload of RED.
func (e *sent) madeSize(p *Packet, source *outboundSource) int {
	size := codec.REDPrimarySize + len(p.Primary())
	for i := range e.repeats {
		size += codec.REDHeaderSize + len(e.before(p, source, i+1).Primary())
	}
	return size
}

// leastSize is the size of the payload of p without what chooseRedundancy may repeat.
func (s *outboundSource) leastSize(p *Packet, filler bool) int {
	if !filler && p.Codec.Video() {
		return len(p.Payload())
	}
	var e sent
	e.set(wasFiller, filler)
	return e.payloadSize(p, s)
}

// payloadSize is the size of the payload as it is sent.
func (e *sent) payloadSize(p *Packet, source *outboundSource) int {
	if e.has(wasFiller) {
		return fillerSize
	}
	switch source.form(p) {
	case stripped:
		return len(p.Primary())
	case renamed:
		heads, bodies := e.passed(p)
		return len(heads) + len(bodies)
	case made:
		return e.madeSize(p, source)
	}
	return len(p.Payload())
}

// passed returns the headers and the bytes of the blocks of RED that are passed on.
func (e *sent) passed(p *Packet) (heads, bodies []byte) {
	var red codec.RED
	if codec.ParseRED(p.Payload(), &red) != nil {
		return nil, nil
	}
	blocks := red.Blocks()
	return p.Payload()[int(e.cut)*codec.REDHeaderSize : blocks[0].Start], p.Payload()[blocks[e.cut].Start:]
}

// writeAudio writes a payload of sound in another form than it came, and returns its size.
func (e *sent) writeAudio(dst []byte, p *Packet, source *outboundSource, f form) int {
	switch f {
	case stripped:
		return copy(dst, p.Primary())
	case renamed:
		heads, bodies := e.passed(p)
		n := copy(dst, heads)
		codec.RewriteRED(dst[:n], source.blockType)
		return n + copy(dst[n:], bodies)
	}
	return e.writeMade(dst, p, source)
}

// writeMade writes RED of p and the packets before it, the oldest first.
func (e *sent) writeMade(dst []byte, p *Packet, source *outboundSource) int {
	at := 0
	for i := e.repeats; i > 0; i-- {
		q := e.before(p, source, i)
		codec.PutREDHeader(dst[at:], source.blockType, uint16(p.Time-q.Time), len(q.Primary()))
		at += codec.REDHeaderSize
	}
	codec.PutREDPrimary(dst[at:], source.blockType)
	at += codec.REDPrimarySize
	for i := e.repeats; i > 0; i-- {
		at += copy(dst[at:], e.before(p, source, i).Primary())
	}
	return at + copy(dst[at:], p.Primary())
}
