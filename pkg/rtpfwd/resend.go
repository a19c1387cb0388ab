package rtpfwd

import "time"

const (
	// maxResends is how often one packet is resent. Of the packets that a path loses,
	// at 30 % of loss, six leave one of 1,300 lost for good, eight one of 6,000.
	maxResends = 8
	// minResendSpacing is the least time between two resends of one packet where
	// the round trip is shorter or unknown.
	minResendSpacing = 5 * time.Millisecond
)

// Resend is one packet to send again.
type Resend struct {
	// Seq is its outgoing number.
	Seq SeqNo
	// Bytes is the most that it will take.
	Bytes int
}

// Feedback takes the outgoing numbers that a receiver asks for (RFC 4585 section
// 6.2.1) and appends what is to be resent: what was sent and is still in its ring,
// at most eight times, not sooner than one rtt after the last time or after a late
// first sending, which was asked for already, within the budget of the Transport, and
// within the same share of what the Slot itself has sent: who asks for too much on one
// Slot takes nothing from the others. Refusals are counted in Stats; nothing else
// comes of them.
func (o *Outbound) Feedback(now, rtt time.Duration, lost []uint16, b *Budget, out []Resend) []Resend {
	for _, wire := range lost {
		seq := o.highest - SeqNo(uint16(o.highest)-wire)
		bytes, reason := o.granted(now, rtt, seq, b)
		if reason != None {
			o.refuse(reason)
			continue
		}
		out = append(out, Resend{Seq: seq, Bytes: bytes})
	}
	return out
}

// granted says whether a packet is resent, and how large it is at most.
func (o *Outbound) granted(now, rtt time.Duration, seq SeqNo, b *Budget) (int, Reason) {
	e, p := o.find(seq)
	switch {
	case p == nil:
		return 0, Gone
	case e.resends >= maxResends:
		return 0, TooOften
	case e.has(wasAsked) && e.since(now) < max(rtt, minResendSpacing):
		return 0, TooSoon
	}
	bytes := len(p.Raw) + outHeaderSize + osnSize + o.own.size + 2*o.own.count
	if source := o.sourceOf(e); source.form(p) == made {
		bytes += e.madeSize(p, source) - len(p.Payload())
	}
	if !o.budget.has(bytes) || !b.Allow(bytes) {
		return 0, OverBudget
	}
	o.budget.Allow(bytes)
	e.resends++
	e.asked(now)
	return bytes, None
}

// Forget makes all that was sent until now no longer to be had again: the receiver was
// away, and what it would ask for is older than where it begins anew.
func (o *Outbound) Forget() { o.forgotten = o.highest }

// find returns what is known of a sent packet, and the packet; nil if the ring or
// the list of sources has lost it, or what it repeats.
func (o *Outbound) find(seq SeqNo) (*sent, *Packet) {
	e := o.history.get(seq)
	if e == nil || seq <= o.forgotten || e.from.age(o.epoch) >= rememberedSources {
		return nil, nil
	}
	source := o.sourceOf(e)
	p := source.replicaOf(e).Ring.find(e.source)
	if p == nil || !e.whole(p, source) {
		return nil, nil
	}
	return e, p
}

// sourceOf is what the Slot showed when a packet was sent.
func (o *Outbound) sourceOf(e *sent) *outboundSource {
	return &o.sources[(o.epoch-e.from.age(o.epoch))%rememberedSources]
}

// Resend writes a packet that Feedback granted to dst and returns its size: a
// packet of the repair stream (RFC 4588) if the Slot has one, else the bytes of the
// first sending, of which the caller must send the protected form it sent before.
// 0 if the packet is gone or does not fit.
func (o *Outbound) Resend(now time.Duration, r Resend, dst []byte) (n int) {
	e, p := o.find(r.Seq)
	if p == nil {
		return o.refuse(Gone)
	}
	source := o.sourceOf(e)
	block := o.layout(p, source, e.has(wasFiller), e.cut)
	if !block.fits(e.payloadSize(p, source), dst) {
		return o.refuse(NoRoom)
	}
	if o.repairs(source) {
		n = o.writeRepair(now, dst, e, p, source, block)
	} else {
		n = o.write(dst, e, p, source, block)
		o.note(&e.hop, n, WrittenAgain)
	}
	o.budget.Sent(n)
	o.stats.Resent++
	o.stats.ResentBytes += uint64(n)
	return n
}

// repairs says whether resends of what came from a source are packets of the repair stream. Else they repeat the first sending, of which all
// must be known.
func (o *Outbound) repairs(source *outboundSource) bool {
	return o.rtxSSRC != 0 && source.rtxPayloadType != 0
}
