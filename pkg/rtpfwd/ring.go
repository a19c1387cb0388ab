package rtpfwd

import (
	"math/bits"
)

// maxRingSize bounds a Ring, in packets.
const maxRingSize = 1 << 16

// Ring keeps references to the latest packets of one Encoding, found by SeqNo. A
// packet stays until another one that is one or more ring lengths newer takes its
// place. The packets belong to the garbage collector.
type Ring struct {
	packets []*Packet // by the low bits of SeqNo
	mask    SeqNo     // fixed after construction
}

// NewRing makes a ring for size packets, rounded up to a power of two, from 1 to 65,536.
func NewRing(size int) *Ring {
	size = min(max(size, 1), maxRingSize)
	size = 1 << bits.Len(uint(size-1))
	return &Ring{packets: make([]*Packet, size), mask: SeqNo(size - 1)}
}

// Put keeps p, unless a newer packet has its place.
func (r *Ring) Put(p *Packet) {
	place := &r.packets[p.Seq&r.mask]
	if *place == nil || (*place).Seq <= p.Seq {
		*place = p
	}
}

// Get returns the packet with this number, nil if it is not there (any more).
func (r *Ring) Get(seq SeqNo) *Packet {
	if p := r.packets[seq&r.mask]; p != nil && p.Seq == seq {
		return p
	}
	return nil
}

// find returns the packet whose number has these low bits, nil if it is not there.
func (r *Ring) find(low uint32) *Packet {
	if p := r.packets[SeqNo(low)&r.mask]; p != nil && uint32(p.Seq) == low {
		return p
	}
	return nil
}

// forget gives up the packet with this number, if it is there.
func (r *Ring) forget(seq SeqNo) {
	if place := &r.packets[seq&r.mask]; *place != nil && (*place).Seq == seq {
		*place = nil
	}
}

// grow gives the ring at least size places, with what it has.
func (r *Ring) grow(size int) {
	if size <= len(r.packets) {
		return
	}
	larger := NewRing(size)
	for _, p := range r.packets {
		if p != nil {
			larger.Put(p)
		}
	}
	*r = *larger
}
