package bwe

import "time"

// fate is what is known of a packet.
type fate uint8

const (
	inFlight fate = iota
	missing       // reported lost; it may still arrive
	repeated      // sent again with its number
	arrived
)

// sentPacket is a packet in the history.
type sentPacket struct {
	seq   int64
	at    time.Duration
	total int64 // bytes sent up to and with this packet
	probe int32
	size  uint16
	fate  fate
}

// Sizes of the history: 4 KB with one voice, 16 KB with one picture, 1 MB at 100 Mbit/s. Feedback for what was overwritten is ignored.
const (
	historyStart = 128
	historyMost  = 32768
	historySpan  = 1500 * time.Millisecond // what is younger is not overwritten while the history may grow
)

// history keeps the latest packets, found by their number. It grows while packets that feedback may still tell of would be
// overwritten, so that a Transport with one voice pays little.
type history struct {
	ring   []sentPacket
	latest int64 // the highest number; -1 before the first
	total  int64 // bytes sent
}

func newHistory() history { return history{ring: emptyRing(historyStart), latest: -1} }

func emptyRing(size int) []sentPacket {
	ring := make([]sentPacket, size)
	for i := range ring {
		ring[i].seq = -1
	}
	return ring
}

func (h *history) place(seq int64) *sentPacket { return &h.ring[seq&int64(len(h.ring)-1)] }

// add notes a packet. Its number must be above all before; others are ignored.
func (h *history) add(s Sent) bool {
	if s.Seq <= h.latest || s.Size <= 0 {
		return false
	}
	for old := h.place(s.Seq); old.seq >= 0 && s.At-old.at < historySpan && len(h.ring) < historyMost; old = h.place(s.Seq) {
		h.grow()
	}
	h.total += int64(s.Size)
	*h.place(s.Seq) = sentPacket{seq: s.Seq, at: s.At, total: h.total, size: uint16(min(s.Size, 1<<16-1)), probe: int32(s.Probe)}
	h.latest = s.Seq
	return true
}

func (h *history) grow() {
	old := h.ring
	h.ring = emptyRing(2 * len(old))
	for _, p := range old {
		if p.seq >= 0 {
			*h.place(p.seq) = p
		}
	}
}

// find returns the packet with a number, nil if it was never sent or is forgotten.
func (h *history) find(seq int64) *sentPacket {
	if seq < 0 || seq > h.latest {
		return nil
	}
	if p := h.place(seq); p.seq == seq {
		return p
	}
	return nil
}
