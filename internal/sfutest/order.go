package sfutest

import (
	"slices"
	"time"

	"github.com/pion/rtp"
)

// order puts the packets of one SSRC into the order of their sequence numbers. It waits for what is missing as long as a repair may
// come, and then gives it up.
type order struct {
	// Fixed after construction.
	every    time.Duration // between two requests for a packet: the round trip
	tries    int           // requests for a packet at most; 0: none
	patience time.Duration // until a packet is given up

	started    bool
	first      uint16
	highest    int64
	reorder    float64 // how many later packets came before one that was not asked for, on average
	next       int64   // extended sequence number
	waiting    map[int64]*rtp.Packet
	missing    map[int64]*gap
	duplicates int
	lost       int // given up
	repaired   int
}

// gap is one missing packet.
type gap struct {
	since, askAt time.Duration
	asked        int
}

const (
	leastRepairEvery = 20 * time.Millisecond
	audioPatience    = 400 * time.Millisecond // a buffer of sound grows no longer
	videoPatience    = 2 * time.Second        // a picture that waits asks for a keyframe long before
	repairTries      = 10                     // as browsers
)

func newOrder(rtt, patience time.Duration) *order {
	return &order{
		every: max(rtt, leastRepairEvery), tries: repairTries, patience: patience,
		waiting: map[int64]*rtp.Packet{}, missing: map[int64]*gap{},
	}
}

// put takes a packet, which came by RTX if repair is set, and appends to out all that are in order now.
func (o *order) put(now time.Duration, p *rtp.Packet, repair bool, out []*rtp.Packet) []*rtp.Packet {
	if !o.started {
		o.started, o.first, o.next = true, p.SequenceNumber, int64(p.SequenceNumber)
	}
	seq := o.next + int64(int16(p.SequenceNumber-uint16(o.next)))
	if seq < o.next || o.waiting[seq] != nil {
		o.duplicates++
		return out
	}
	o.highest = max(o.highest, seq)
	if g := o.missing[seq]; g != nil {
		delete(o.missing, seq)
		o.repaired++
		if !repair {
			o.reorder += (float64(o.highest-seq) - o.reorder) / 8
		}
	}
	o.waiting[seq] = p
	for s := seq - 1; s >= o.next && o.waiting[s] == nil && o.missing[s] == nil; s-- {
		o.missing[s] = &gap{since: now, askAt: now + leastRepairEvery}
	}
	return o.drain(now, out)
}

// drain gives up what is too old and appends what is in order then.
func (o *order) drain(now time.Duration, out []*rtp.Packet) []*rtp.Packet {
	for len(o.waiting) > 0 {
		if p := o.waiting[o.next]; p != nil {
			delete(o.waiting, o.next)
			o.next++
			out = append(out, p)
			continue
		}
		g := o.missing[o.next]
		if g != nil && now-g.since < o.patience {
			break
		}
		delete(o.missing, o.next)
		o.next++
		o.lost++
	}
	return out
}

// fresh lists the sequence numbers that are missing since now and count as lost: packets that come out of order by themselves say how many
// later ones to wait for.
func (o *order) fresh(now time.Duration) []uint16 {
	return o.ask(now, func(seq int64, g *gap) bool { return g.asked == 0 && o.highest-seq > int64(o.reorder) })
}

// due lists the sequence numbers to ask for now, again or because they are late. As browsers do, this is looked at every 20 ms.
func (o *order) due(now time.Duration) []uint16 {
	return o.ask(now, func(_ int64, g *gap) bool { return now >= g.askAt })
}

func (o *order) ask(now time.Duration, want func(seq int64, g *gap) bool) []uint16 {
	var out []uint16
	for seq, g := range o.missing {
		if g.asked < o.tries && want(seq, g) {
			g.asked++
			g.askAt = now + o.every
			out = append(out, uint16(seq))
		}
	}
	slices.Sort(out)
	return out
}

// stuck is since when the packet is missing that everything waits for.
func (o *order) stuck() (since time.Duration, ok bool) {
	g := o.missing[o.next]
	if g == nil || len(o.waiting) == 0 {
		return 0, false
	}
	return g.since, true
}

// skipTo gives up all that is missing before seq, and forgets what waits for it.
func (o *order) skipTo(seq int64) {
	for ; o.next < seq; o.next++ {
		if o.waiting[o.next] == nil {
			o.lost++
		}
		delete(o.waiting, o.next)
		delete(o.missing, o.next)
	}
}

// whole tells whether all packets of the picture that starts at seq are there.
func (o *order) whole(seq int64) bool {
	first := o.waiting[seq]
	for p := first; p != nil && p.Timestamp == first.Timestamp; p = o.waiting[seq] {
		if p.Marker {
			return true
		}
		seq++
	}
	return false
}
