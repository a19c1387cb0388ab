package rtpfwd

import "github.com/heliograph/heliograph/pkg/rtpfwd/codec"

// maxRestored is how many restored packets are remembered until they come by themselves.
const maxRestored = 16

// gap is what is missing right before the newest packet, while that came last.
type gap struct {
	next, end SeqNo   // wire numbers; equal: nothing is
	before    RTPTime // the timestamp of what came before them
}

// noteGap looks at the place of each packet, before its timestamp is taken.
func (in *Inbound) noteGap(place *placement, reason Reason) {
	in.gap = gap{}
	if reason == None && place.newest && !place.first && !place.restart {
		in.gap = gap{next: place.previous + 1, end: place.seq, before: in.time}
	}
}

// Restore makes a packet of Opus that was lost right before p out of what p repeats of it,
// if p is RED (RFC 2198), is the packet that Receive accepted last, and leaves no doubt
// whose number it has: there must be as many repeated blocks sampled since the packet
// before as numbers are missing. It fills lost, which shares Raw with p, has no header
// extensions, and goes before p; the next call makes the next one. False: there is no
// more. A restored packet is not asked for, and is a Duplicate if it comes after all.
func (in *Inbound) Restore(p, lost *Packet) bool {
	var red codec.RED
	if in.gap.next == in.gap.end || p.Codec != RED || codec.ParseRED(p.Payload(), &red) != nil {
		return false
	}
	b, ok := in.gap.oldest(p, &red)
	number, kept := in.numbers.find(int64(in.gap.next))
	if !ok || !kept {
		in.gap = gap{}
		return false
	}
	*lost = Packet{
		Raw: p.Raw, Seq: SeqNo(number), Time: p.Time - RTPTime(b.Offset), Arrival: p.Arrival,
		Encoding: p.Encoding, PayloadType: b.PayloadType, Codec: Opus, Level: 127, Desc: noDescriptor(),
		payloadStart: p.payloadStart + b.Start, payloadEnd: p.payloadStart + b.End, primaryStart: p.payloadStart + b.Start,
	}
	in.order.seen.set(in.gap.next)
	in.loss.arrived(in.gap.next)
	in.restored[in.restoredNext%maxRestored] = in.gap.next
	in.restoredNext++
	in.stats.Restored++
	in.gap.next, in.gap.before = in.gap.next+1, lost.Time
	return true
}

// oldest returns the block of the first missing number.
func (g *gap) oldest(p *Packet, red *codec.RED) (first codec.REDBlock, ok bool) {
	blocks := red.Blocks()
	blocks = blocks[:len(blocks)-1]
	for len(blocks) > 0 && p.Time-RTPTime(blocks[0].Offset) <= g.before {
		blocks = blocks[1:]
	}
	if len(blocks) != int(g.end-g.next) {
		return first, false
	}
	for i, b := range blocks {
		if b.Start == b.End || b.Offset == 0 || i > 0 && b.Offset >= blocks[i-1].Offset {
			return first, false
		}
	}
	return blocks[0], true
}

// wasRestored says, once, whether a packet that comes was restored before.
func (in *Inbound) wasRestored(seq SeqNo) bool {
	for i, r := range in.restored {
		if r == seq {
			in.restored[i] = 0
			return true
		}
	}
	return false
}
