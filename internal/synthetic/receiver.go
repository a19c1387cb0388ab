package synthetic

import "time"

const opusTOC = 0xf8

// piece is a payload without what belongs to RTP only.
type piece struct {
	start   bool
	content []byte
}

// split takes a payload of a codec apart; false if it is none.
func split(codec string, b []byte) (piece, bool) {
	switch codec {
	case "vp8":
		return splitVP8(b)
	case "vp9":
		return splitVP9(b)
	case "h264":
		return splitH264(b)
	case "av1":
		return splitAV1(b)
	}
	return piece{start: true, content: b}, len(b) > 0
}

// headerSize is the length of the codec header at the start of a frame.
func headerSize(codec string, content []byte) int {
	if codec == "vp8" {
		return VP8HeaderSize(content)
	}
	return 1
}

// Stats count what a Receiver has found.
type Stats struct {
	Pictures    int // whole, and decodable: of each the highest layer that came
	Keyframes   int // of Pictures
	Switches    int // of Pictures: to another encoding or spatial layer of the same source
	Damaged     int // frames whose bytes are not those that were sent, or that end too early or late
	Incomplete  int // frames of which a packet was lost
	Undecodable int // frames that need one which did not come
	Faults      int // of Undecodable: nothing was lost, so what was sent cannot have been right; and pictures without an end
}

// Picture is one that can be shown.
type Picture struct {
	Mark               // of its highest layer
	At   time.Duration // when its last packet came, in the clock of the receiver
}

// Receiver checks the packets of one slot. They have to come in the order of their sequence numbers. It belongs to one goroutine.
type Receiver struct {
	codec string
	stats Stats

	began     bool
	seq       uint16
	timestamp uint32
	marked    bool // the newest packet ended its picture
	lossy     bool // a packet was lost since the frame began
	lostSince bool // a packet was lost since the newest keyframe

	content []byte // of the frame that is being put together
	inside  bool   // there is one

	source  Mark // of the newest decoded frame: origin and encoding
	known   bool
	decoded [256]uint32 // numbers of decoded frames and 1, by their low bits

	shown   Picture // the picture that is being put together
	showing bool
	before  Picture // the one before it
	any     bool
	broken  bool
}

// NewReceiver makes a Receiver for a slot of one codec, "vp8" or "opus".
func NewReceiver(codec string) *Receiver { return &Receiver{codec: codec} }

// Stats are what was counted so far.
func (r *Receiver) Stats() Stats { return r.stats }

// WantsKeyframe tells once that nothing can be shown without a keyframe.
func (r *Receiver) WantsKeyframe() bool {
	was := r.broken
	r.broken = false
	return was
}

// Packet takes one packet. It returns a picture when that has come to its end.
func (r *Receiver) Packet(now time.Duration, seq uint16, timestamp uint32, marker bool, payload []byte) (Picture, bool) {
	if r.began && seq != r.seq+1 {
		r.lossy, r.lostSince = true, true
	}
	if len(payload) == 0 { // it fills the place of one that was left out
		r.began, r.seq = true, seq
		return Picture{}, false
	}
	if r.began && timestamp != r.timestamp {
		r.cut()
		if !r.marked && !r.lossy && r.codec != "opus" {
			r.stats.Faults++
		}
		r.showing = false
	}
	r.began, r.seq, r.timestamp, r.marked = true, seq, timestamp, marker
	p, ok := split(r.codec, payload)
	if !ok {
		r.stats.Damaged++
		return Picture{}, false
	}
	r.take(now, p)
	if (!marker && r.codec != "opus") || !r.showing {
		return Picture{}, false
	}
	r.showing = false
	return r.show()
}

// take adds a piece to its frame.
func (r *Receiver) take(now time.Duration, p piece) {
	switch {
	case len(p.content) == 0:
		return
	case p.start:
		r.cut()
		r.inside, r.lossy, r.content = true, false, r.content[:0]
	case !r.inside:
		return // its beginning was lost, or did not belong to it
	case r.lossy:
		r.cut()
		return
	}
	r.content = append(r.content, p.content...)
	header := headerSize(r.codec, r.content)
	size, ours := frameSize(r.content, header)
	if ours && len(r.content) < size {
		return
	}
	r.inside = false
	if !ours || len(r.content) > size {
		r.stats.Damaged++
		r.broken, r.lostSince = true, true
		return
	}
	m, ok := readMark(r.content, header)
	if !ok {
		r.stats.Damaged++
		r.broken, r.lostSince = true, true
		return
	}
	r.decode(now, &m)
}

// cut ends a frame that has not come to its end.
func (r *Receiver) cut() {
	if !r.inside {
		return
	}
	r.inside, r.broken = false, true
	if r.lossy {
		r.stats.Incomplete++
		return
	}
	r.stats.Damaged++
	r.lostSince = true
}

// decode tells whether a whole frame can be decoded: if all that it needs was.
func (r *Receiver) decode(now time.Duration, m *Mark) {
	if !r.known || m.Origin != r.source.Origin || m.Encoding != r.source.Encoding {
		r.decoded = [256]uint32{}
	}
	needs := 0
	for _, ref := range m.Refs {
		if ref == 0 {
			continue
		}
		needs++
		if n := m.Number - uint32(ref); r.decoded[n&255] != n+1 {
			r.stats.Undecodable++
			r.broken = true
			if r.known && !r.lostSince { // what was lost before the first packet leaves no hole
				r.stats.Faults++
			}
			return
		}
	}
	if needs == 0 {
		r.lostSince = r.lossy
	}
	r.known, r.source = true, *m
	r.decoded[m.Number&255] = m.Number + 1
	r.shown, r.showing = Picture{*m, now}, true
}

// show counts a picture.
func (r *Receiver) show() (Picture, bool) {
	r.stats.Pictures++
	if r.shown.Key {
		r.stats.Keyframes++
	}
	if r.any && r.before.Origin == r.shown.Origin && (r.before.Encoding != r.shown.Encoding || r.before.Spatial != r.shown.Spatial) {
		r.stats.Switches++
	}
	r.before, r.any = r.shown, true
	return r.shown, true
}
