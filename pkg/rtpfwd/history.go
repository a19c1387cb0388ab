package rtpfwd

import "time"

const (
	// videoHistory is how many sent packets of video can be resent, a power of two:
	// four seconds at 2.5 Mbit/s.
	videoHistory = 1024
	// audioHistory is the same of audio: five seconds.
	audioHistory = 256
)

// sent is what must be known of a sent packet to make the same bytes again from the
// packet in its ring. 56 bytes.
type sent struct {
	replica *Replica      // where it came from; nil: the place was never used
	source  SeqNo         // its number there
	seq     SeqNo         // its outgoing number
	resent  time.Duration // when it was resent last, or sent first if it was late
	time    uint32
	epoch   uint32 // of the source

	pictureID, frame uint16
	hop              hop
	tl0, keyIdx      uint8
	resends          uint8
	repeats          uint8 // of RED that was made: packets right before source in it
	cut              uint8 // what was left out: of RED its first blocks, of a descriptor see narrowing
	marker, filler   bool
}

// history keeps what was sent by outgoing number.
type history struct{ entries []sent }

// reserve makes room for packets of this codec. Memory is only used by slots that
// show something.
func (h *history) reserve(c Codec) {
	size := audioHistory
	if c.Video() {
		size = videoHistory
	}
	if len(h.entries) >= size {
		return
	}
	old := h.entries
	h.entries = make([]sent, size)
	for i := range old {
		h.put(&old[i])
	}
}

// put keeps an entry in the place of an older one.
func (h *history) put(e *sent) { *h.take(e.seq) = *e }

// take returns the place of an outgoing number, of which seq is set and the rest is
// that of an older one: it is filled in where it is, as copying it costs more than all
// that is written to it.
func (h *history) take(seq SeqNo) *sent {
	e := &h.entries[int(seq)&(len(h.entries)-1)]
	e.seq = seq
	return e
}

// begin sets all of an entry that does not depend on what was sent before.
func (e *sent) begin(c *Choice, epoch uint32) {
	e.replica, e.source, e.epoch = c.Replica, c.Packet.Seq, epoch
	e.marker, e.filler, e.cut = c.Marker, c.filler, c.cut
	e.resent, e.resends, e.repeats = 0, 0, 0
	e.pictureID, e.frame, e.tl0, e.keyIdx = 0, 0, 0, 0
}

// get returns the entry of an outgoing number, nil if it was not sent or is too old.
func (h *history) get(seq SeqNo) *sent {
	if len(h.entries) == 0 {
		return nil
	}
	e := &h.entries[int(seq)&(len(h.entries)-1)]
	if e.replica == nil || e.seq != seq {
		return nil
	}
	return e
}

// late says whether a number not above highest may still be used: only if it is
// known that it was not yet. A number used twice would be a nonce used twice.
func (h *history) late(seq, highest SeqNo) Reason {
	if int(highest-seq) >= len(h.entries) {
		return TooOld
	}
	if h.get(seq) != nil {
		return Duplicate
	}
	return None
}
