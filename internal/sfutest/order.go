package sfutest

import (
	"slices"
	"time"

	"github.com/pion/rtp"
)

// order puts the packets of one SSRC into the order of their sequence numbers. It waits for what is missing as long as a repair may
// come, and then gives it up.
type order struct {
	started    bool
	first      uint16
	next       int64 // extended sequence number
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
	repairPatience = 500 * time.Millisecond
	repairEvery    = 50 * time.Millisecond
	repairTries    = 10
)

func newOrder() *order {
	return &order{waiting: map[int64]*rtp.Packet{}, missing: map[int64]*gap{}}
}

// put takes a packet and appends to out all that are in order now.
func (o *order) put(now time.Duration, p *rtp.Packet, out []*rtp.Packet) []*rtp.Packet {
	if !o.started {
		o.started, o.first, o.next = true, p.SequenceNumber, int64(p.SequenceNumber)
	}
	seq := o.next + int64(int16(p.SequenceNumber-uint16(o.next)))
	if seq < o.next || o.waiting[seq] != nil {
		o.duplicates++
		return out
	}
	if o.missing[seq] != nil {
		delete(o.missing, seq)
		o.repaired++
	}
	o.waiting[seq] = p
	for s := seq - 1; s >= o.next && o.waiting[s] == nil && o.missing[s] == nil; s-- {
		o.missing[s] = &gap{since: now, askAt: now}
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
		if g != nil && now-g.since < repairPatience {
			break
		}
		delete(o.missing, o.next)
		o.next++
		o.lost++
	}
	return out
}

// due lists the sequence numbers to ask for again now.
func (o *order) due(now time.Duration) []uint16 {
	var out []uint16
	for seq, g := range o.missing {
		if g.asked < repairTries && now >= g.askAt {
			g.asked++
			g.askAt = now + repairEvery
			out = append(out, uint16(seq))
		}
	}
	slices.Sort(out)
	return out
}
