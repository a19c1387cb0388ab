package rtporder

import (
	"slices"
	"time"

	"github.com/pion/rtp"
)

// Limits of a receiver as browsers have them.
const (
	LeastEvery    = 20 * time.Millisecond  // between two requests for a packet, however short the round trip
	AudioPatience = 400 * time.Millisecond // a buffer of sound grows no longer
	VideoPatience = 2 * time.Second        // a picture that waits asks for a keyframe long before
	Tries         = 10                     // requests for a packet

	// maxJump is how far a sequence number may be ahead. One that is farther is of a source that began anew.
	maxJump = 1 << 13
)

// Order puts the packets of one SSRC into the order of their sequence numbers. It waits for what is missing as long as a repair may
// come, and then gives it up. It belongs to one goroutine at a time.
type Order struct {
	// To be set before the first packet, and Every at any time.
	Every    time.Duration // between two requests for a packet: the round trip, at least LeastEvery
	Tries    int           // requests for a packet at most; 0: none
	Patience time.Duration // until a packet is given up

	started bool
	first   uint16
	highest int64
	reorder float64 // how many later packets came before one that was not asked for, on average
	next    int64   // extended sequence number
	waiting map[int64]*rtp.Packet
	missing map[int64]*gap
	stats   Stats
}

// Stats count packets.
type Stats struct {
	Received   int // in order or not, repairs included, duplicates not
	Duplicates int
	Lost       int // given up
	Repaired   int // came after they had been missed: by a repair, or late
	Asked      int // requests, each for one packet
}

// gap is one missing packet.
type gap struct {
	since, askAt time.Duration
	asked        int
}

// New makes an Order that asks for a packet once in a round trip of rtt and gives it up after patience.
func New(rtt, patience time.Duration) *Order {
	return &Order{Every: max(rtt, LeastEvery), Tries: Tries, Patience: patience, waiting: map[int64]*rtp.Packet{}, missing: map[int64]*gap{}}
}

// IsNext tells whether a packet with this sequence number would be given back by Put at once and not be kept: one that is only lent
// need not be copied.
func (o *Order) IsNext(seq uint16) bool {
	return len(o.waiting) == 0 && (!o.started || seq == uint16(o.next))
}

// Put takes a packet, which came by RTX if repair is set, and appends to out all that are in order now.
func (o *Order) Put(now time.Duration, p *rtp.Packet, repair bool, out []*rtp.Packet) []*rtp.Packet {
	if !o.started {
		o.started, o.first, o.next = true, p.SequenceNumber, int64(p.SequenceNumber)
	}
	seq := o.next + int64(int16(p.SequenceNumber-uint16(o.next)))
	if seq < o.next || o.waiting[seq] != nil {
		o.stats.Duplicates++
		return out
	}
	if seq > max(o.highest, o.next)+maxJump {
		o.begin(seq)
	}
	o.stats.Received++
	o.highest = max(o.highest, seq)
	if g := o.missing[seq]; g != nil {
		delete(o.missing, seq)
		o.stats.Repaired++
		if !repair {
			o.reorder += (float64(o.highest-seq) - o.reorder) / 8
		}
	}
	if seq == o.next {
		o.next++
		return o.Drain(now, append(out, p))
	}
	o.waiting[seq] = p
	for s := seq - 1; s >= o.next && o.waiting[s] == nil && o.missing[s] == nil; s-- {
		o.missing[s] = &gap{since: now, askAt: now + LeastEvery}
	}
	return o.Drain(now, out)
}

// begin goes on at seq: what is before it is not waited for.
func (o *Order) begin(seq int64) {
	o.stats.Lost += len(o.missing)
	clear(o.missing)
	clear(o.waiting)
	o.next, o.highest = seq, seq
}

// Drain gives up what is too old and appends what is in order then.
func (o *Order) Drain(now time.Duration, out []*rtp.Packet) []*rtp.Packet {
	for len(o.waiting) > 0 {
		if p := o.waiting[o.next]; p != nil {
			delete(o.waiting, o.next)
			o.next++
			out = append(out, p)
			continue
		}
		g := o.missing[o.next]
		if g != nil && now-g.since < o.Patience {
			break
		}
		delete(o.missing, o.next)
		o.next++
		o.stats.Lost++
	}
	return out
}

// Waits tells whether anything is missing: Fresh and Due may have something, and Drain something to give up.
func (o *Order) Waits() bool { return len(o.missing) > 0 }

// Fresh lists the sequence numbers that are missing since now and count as lost: packets that come out of order by themselves say
// how many later ones to wait for.
func (o *Order) Fresh(now time.Duration) []uint16 {
	return o.ask(now, func(seq int64, g *gap) bool { return g.asked == 0 && o.highest-seq > int64(o.reorder) })
}

// Due lists the sequence numbers to ask for now, again or because they are late. Browsers look every 20 ms.
func (o *Order) Due(now time.Duration) []uint16 {
	return o.ask(now, func(_ int64, g *gap) bool { return now >= g.askAt })
}

func (o *Order) ask(now time.Duration, want func(seq int64, g *gap) bool) []uint16 {
	var out []uint16
	for seq, g := range o.missing {
		if g.asked < o.Tries && want(seq, g) {
			g.asked++
			g.askAt = now + o.Every
			out = append(out, uint16(seq))
		}
	}
	o.stats.Asked += len(out)
	slices.Sort(out)
	return out
}

// Stuck is since when the packet is missing that everything waits for; false if nothing waits.
func (o *Order) Stuck() (since time.Duration, ok bool) {
	g := o.missing[o.next]
	if g == nil || len(o.waiting) == 0 {
		return 0, false
	}
	return g.since, true
}

// SkipToNewest gives up all that is missing before the newest packet that waits, starts a keyframe by starts, and has its whole
// picture behind it: nothing needs what is before it any more. It appends what is in order then.
func (o *Order) SkipToNewest(now time.Duration, starts func(*rtp.Packet) bool, out []*rtp.Packet) []*rtp.Packet {
	newest := int64(-1)
	for seq, p := range o.waiting {
		if seq > newest && starts(p) && o.whole(seq) {
			newest = seq
		}
	}
	if newest < 0 {
		return out
	}
	for ; o.next < newest; o.next++ {
		if o.waiting[o.next] == nil {
			o.stats.Lost++
		}
		delete(o.waiting, o.next)
		delete(o.missing, o.next)
	}
	return o.Drain(now, out)
}

// whole tells whether all packets of the picture that starts at seq are there.
func (o *Order) whole(seq int64) bool {
	first := o.waiting[seq]
	for p := first; p != nil && p.Timestamp == first.Timestamp; p = o.waiting[seq] {
		if p.Marker {
			return true
		}
		seq++
	}
	return false
}

// First is the sequence number of the first packet; false before it.
func (o *Order) First() (uint16, bool) { return o.first, o.started }

// Newest is the sequence number of the newest packet that is in order, as 32 bits of RFC 3550, section 6.4.1, less the number of
// wraps before the first packet; false before the first one.
func (o *Order) Newest() (uint32, bool) { return uint32(o.next - 1), o.started }

// Stats are what was counted so far.
func (o *Order) Stats() Stats { return o.stats }
