package rtpfwd

import "time"

const (
	// leastHistory is how many sent packets a Slot remembers at first: 2 KiB.
	leastHistory = 64
	// videoHistory is the most that are remembered of video, a power of two: four
	// seconds at 2.5 Mbit/s.
	videoHistory = 1024
	// audioHistory is the same of audio: five seconds.
	audioHistory = 256
	// historyReach is for how long a packet of a slow source is remembered: a receiver
	// that misses something for longer than that asks for a keyframe.
	historyReach = 3 * time.Second
)

// sent is what must be known of a sent packet to make the same bytes again from the
// packet in its ring. 32 bytes without a pointer, as a Slot has hundreds of them, which
// the garbage collector then need not look at.
type sent struct {
	source uint32 // the low bits of its number at its source
	seq    uint32 // the low bits of its outgoing number
	at     uint32 // when it was sent or resent last, as microseconds wraps
	time   uint32

	pictureID, frame uint16
	hop              hop
	tl0, keyIdx      uint8
	cut              uint8 // what was left out: of RED its first blocks, of a descriptor see narrowing
	resends          uint8
	repeats          uint8 // of RED that was made: packets right before it at its source
	from             origin
	flags            sentFlags
}

// sentFlags are what is true or false of a sent packet.
type sentFlags uint8

const (
	isKnown   sentFlags = 1 << iota // the place was used
	wasSent                         // else the number was left for a packet that may come late
	wasMarked                       // the marker bit
	wasFiller                       // nothing but the number
	wasAsked                        // at is that of a resend, or of a late first sending: it is on its way
	isLost                          // what it came from is not remembered
)

func (e *sent) has(f sentFlags) bool { return e.flags&f != 0 }

func (e *sent) set(f sentFlags, on bool) {
	if on {
		e.flags |= f
	}
}

// origin packs the Encoding of a sent packet and the low bits of its source's epoch.
type origin uint8

// epochs are those that origin can tell apart, a power of two.
const epochs = 256 / maxEncodings

func originOf(epoch uint32, encoding uint8) origin {
	return origin(epoch%epochs)*maxEncodings + origin(encoding%maxEncodings)
}

func (f origin) encoding() uint8 { return uint8(f % maxEncodings) }

// age is how many sources came since, if those that are older than all that origin can
// tell apart are forgotten.
func (f origin) age(epoch uint32) uint32 { return (epoch - uint32(f/maxEncodings)) % epochs }

// microseconds is a time in microseconds, which wraps every 71 minutes.
func microseconds(t time.Duration) uint32 { return uint32(t / time.Microsecond) }

// since is the time since the packet was sent or resent last.
func (e *sent) since(now time.Duration) time.Duration {
	return time.Duration(microseconds(now)-e.at) * time.Microsecond
}

// asked notes that the packet is on its way to who has asked for it.
func (e *sent) asked(now time.Duration) {
	e.at = microseconds(now)
	e.set(wasAsked, true)
}

// history keeps what was sent by outgoing number. It grows by doublings while it has no
// room for historyReach, and shrinks when half of it is enough: a Slot with a small
// picture needs an eighth of what one with a large picture needs.
type history struct {
	entries []sent
	most    int           // entries
	round   time.Duration // when the first place was last filled
}

// reserve makes room for packets of this codec. Memory is only used by slots that
// show something.
func (h *history) reserve(c Codec) {
	h.most = max(h.most, audioHistory)
	if c.Video() {
		h.most = videoHistory
	}
	if len(h.entries) == 0 {
		h.entries = make([]sent, leastHistory)
	}
}

func (h *history) place(seq SeqNo) *sent { return &h.entries[int(seq)&(len(h.entries)-1)] }

// advance returns the place of a new highest number, of which seq and at are set and the
// rest is that of an older one: it is filled in where it is, as copying it costs more
// than all that is written to it. The numbers between are left for what may come late.
func (h *history) advance(now time.Duration, highest, seq SeqNo) *sent {
	for n := max(highest+1, seq-SeqNo(h.most)+1); n < seq; n++ {
		h.next(now, n)
	}
	return h.next(now, seq)
}

// next takes the place of the number a whole round before, unless that is too young.
func (h *history) next(now time.Duration, seq SeqNo) *sent {
	if int(seq)&(len(h.entries)-1) == 0 {
		h.turn(now)
	}
	e := h.place(seq)
	if e.has(isKnown) && e.since(now) < historyReach && len(h.entries) < h.most {
		h.resize(2 * len(h.entries))
		e = h.place(seq)
	}
	e.seq, e.at, e.flags = uint32(seq), microseconds(now), isKnown
	return e
}

// turn begins a new round through the entries. What takes so long can be done with half
// of them.
func (h *history) turn(now time.Duration) {
	took := now - h.round
	h.round = now
	half := len(h.entries) / 2
	if half < leastHistory || took < 3*historyReach {
		return
	}
	for i := range half {
		older := &h.entries[i]
		if b := &h.entries[i+half]; int32(b.seq-older.seq) < 0 {
			older = b
		}
		if older.has(isKnown) && older.since(now) < historyReach {
			return // they came all at once
		}
	}
	h.resize(half)
}

// resize moves the entries to another number of places; of two for one place the
// newer one stays.
func (h *history) resize(size int) {
	old := h.entries
	h.entries = make([]sent, size)
	for i := range old {
		e := &old[i]
		if !e.has(isKnown) {
			continue
		}
		place := &h.entries[int(e.seq)&(size-1)]
		if !place.has(isKnown) || int32(e.seq-place.seq) > 0 {
			*place = *e
		}
	}
}

// begin sets all of an entry that does not depend on what was sent before.
func (e *sent) begin(c *Choice, epoch uint32) {
	e.source, e.from = uint32(c.Packet.Seq), originOf(epoch, c.Replica.Encoding)
	e.flags = isKnown | wasSent
	e.set(wasMarked, c.Marker)
	e.set(wasFiller, c.filler)
	e.cut, e.resends, e.repeats = c.cut, 0, 0
	e.pictureID, e.frame, e.tl0, e.keyIdx = 0, 0, 0, 0
}

// get returns the entry of an outgoing number, nil if it was not sent or is too old.
func (h *history) get(seq SeqNo) *sent {
	if len(h.entries) == 0 {
		return nil
	}
	e := h.place(seq)
	if !e.has(wasSent) || e.has(isLost) || e.seq != uint32(seq) {
		return nil
	}
	return e
}

// late says whether a number not above highest may still be used: only if it is
// known that it was not yet. A number used twice would be a nonce used twice.
func (h *history) late(seq, highest SeqNo) Reason {
	e := h.place(seq)
	switch {
	case int(highest-seq) >= len(h.entries) || e.seq != uint32(seq) || !e.has(isKnown):
		return TooOld
	case e.has(wasSent):
		return Duplicate
	}
	return None
}

// forget gives up what came from sources that are not remembered any more. Without it
// an entry would seem young again when origin has wrapped.
func (h *history) forget(epoch uint32) {
	for i := range h.entries {
		if e := &h.entries[i]; e.from.age(epoch) >= rememberedSources {
			e.flags |= isLost
		}
	}
}
