package rtpfwd

import "time"

// maxEncodings bounds the encodings of one publication, a power of two: simulcast of
// browsers has three.
const maxEncodings = 4

// maxReplay bounds how many packets are sent at once when the first packet of a
// keyframe came after others of its frame, by reordering or repair.
const maxReplay = 256

// maxHead bounds the packets of a picture of H264 or H265 before its first slice: parameter
// sets and supplemental information.
const maxHead = 16

// ForwarderConfig says what a Forwarder selects from.
type ForwarderConfig struct {
	// Codec is that of the publication; packets of others are left out. RED is Opus.
	Codec Codec
	// Replicas are the encodings by index, nil where not yet known.
	Replicas []*Replica
}

// Forwarder selects for one subscription which packets of a publication go on.
// It belongs to one goroutine.
//
// Audio passes, but for most of what is digital silence.
//
// Video starts at a keyframe and changes the Encoding at a keyframe only; until that
// comes the old Encoding goes on. A keyframe of an
// Encoding on the way to the wanted one is taken too. Inside an Encoding temporal
// and spatial layers are left out as soon as what remains can be decoded, and taken
// at switching points: see layerSelection.
type Forwarder struct {
	codec   Codec
	sources []source // by encoding

	target  Layer
	wanted  int8 // the encoding to be on, -1 none
	current int8 // the encoding that is forwarded, -1 none
	begun   bool // something of the selection was chosen; false right after a start

	ended   bool          // the newest packet was the end of its picture
	newest  SeqNo         // of the packets of the current encoding with media; padding may come before its picture
	checked time.Duration // the latest Advance
	silence silence       // of audio

	numbers  renumbering    // sequence numbers of the current encoding
	layers   layerSelection // inside it
	pictures pictureIDs
}

// NewForwarder makes a Forwarder that selects all of an audio publication, and
// nothing of a video publication before SetTarget.
func NewForwarder(c ForwarderConfig) *Forwarder {
	f := &Forwarder{codec: c.Codec, wanted: -1, current: -1}
	f.numbers.start(1, 1)
	f.pictures.numbers.start(1, 1)
	if c.Codec.Video() {
		f.target = Layer{Spatial: -1, Temporal: -1}
	}
	for _, s := range c.Replicas {
		if s != nil {
			f.AddReplica(s)
		}
	}
	return f
}

// AddReplica makes an Encoding known, or replaces it: then it starts anew. Encodings
// from 16 on are ignored.
func (f *Forwarder) AddReplica(s *Replica) {
	if s.Encoding >= maxEncodings {
		return
	}
	for int(s.Encoding) >= len(f.sources) {
		f.sources = append(f.sources, source{})
	}
	f.sources[s.Encoding] = source{replica: s}
	if f.current == int8(s.Encoding) {
		f.current = -1
	}
	f.choose(f.checked)
}

// SetTarget sets the layer that is granted. Spatial -1 stops after the current
// picture, audio at once.
func (f *Forwarder) SetTarget(now time.Duration, l Layer) {
	f.target = l
	f.choose(now)
	if l.None() && (f.ended || !f.codec.Video()) {
		f.current = -1
	}
}

// Target returns what SetTarget granted.
func (f *Forwarder) Target() Layer { return f.target }

// Current returns the layer that is being forwarded, Spatial -1 if none.
func (f *Forwarder) Current() Layer {
	if f.current < 0 {
		return Layer{Spatial: -1, Temporal: -1}
	}
	l := f.layers.limit
	if len(f.sources) > 1 {
		l.Spatial = f.current
	}
	return l
}

// KeyframeWanted says which Encoding must send a keyframe for the start, or for the
// way to the target that nothing else leads to. It stays wanted until Select was given
// one.
func (f *Forwarder) KeyframeWanted() (encoding uint8, ok bool) {
	if !f.codec.Video() || f.wanted < 0 || f.current == f.wanted && !f.layers.stuck(f.inside()) {
		return 0, false
	}
	return uint8(f.wanted), true
}

// inside returns the target inside the current Encoding: of several encodings all
// spatial layers of one are taken.
func (f *Forwarder) inside() Layer {
	if len(f.sources) > 1 {
		return Layer{Spatial: maxSpatial, Temporal: f.target.Temporal}
	}
	return f.target
}

// Select takes the next packet of any Encoding, in the order of arrival, and
// appends what is to be sent now: mostly the packet or nothing; more when the
// start of a keyframe came late. The packet must be in the Ring of its Replica.
func (f *Forwarder) Select(now time.Duration, p *Packet, out []Choice) []Choice {
	if int(p.Encoding) >= len(f.sources) || f.sources[p.Encoding].replica == nil {
		return out
	}
	f.observe(now, p)
	if f.startsAt(p) {
		return f.start(p, out)
	}
	if int8(p.Encoding) != f.current {
		return out
	}
	return f.forward(p, out)
}

// startsAt says whether p is where the selection starts or changes its Encoding.
func (f *Forwarder) startsAt(p *Packet) bool {
	e := int8(p.Encoding)
	if e == f.current || f.wanted < 0 || p.Codec.Media() != f.codec || p.empty() {
		return false
	}
	if !f.codec.Video() {
		return e == f.wanted
	}
	if !p.Desc.Keyframe || !p.Desc.Start || p.Desc.Temporal > 0 || f.sources[e].highest-p.Seq > maxReplay {
		return false
	}
	if f.codec.headed() && !p.Desc.HasTargets && f.headless(p) {
		return false
	}
	return e == f.wanted || f.current < e && e < f.wanted ||
		f.current >= 0 && f.wanted < e && e < f.current
}

// headless says whether p, of a keyframe of H264 or H265, has no parameter set while packets
// between it and the picture before are missing: the parameter set may be one of
// them, and then the keyframe must start there.
func (f *Forwarder) headless(p *Packet) bool {
	if p.Desc.ParameterSet {
		return false
	}
	ring := f.sources[p.Encoding].replica.Ring
	for seq := p.Seq - 1; seq > p.Seq-maxHead; seq-- {
		before := ring.Get(seq)
		if before == nil {
			return true
		}
		if before.Time != p.Time {
			return false
		}
	}
	return false
}

// start begins the selection of an Encoding at p, and goes on with the packets that
// were seen already but come after p.
func (f *Forwarder) start(p *Packet, out []Choice) []Choice {
	f.current, f.begun = int8(p.Encoding), false
	f.newest = p.Seq - 1
	f.numbers.start(int64(p.Seq), f.numbers.last()+1)
	f.layers.start(p, f.inside())
	f.pictures.start(p)
	out = f.forward(p, out)
	s := &f.sources[p.Encoding]
	for seq := p.Seq + 1; seq <= s.highest && f.current >= 0; seq++ {
		if later := s.replica.Ring.Get(seq); later != nil {
			out = f.forward(later, out)
		}
	}
	return out
}

// forward chooses a packet of the current Encoding or leaves it out. What is left
// out after its successors were chosen has a number: an empty packet fills it, so
// that nobody waits for it.
func (f *Forwarder) forward(p *Packet, out []Choice) []Choice {
	media := p.Codec.Media() == f.codec && !p.empty()
	newest := media && p.Seq > f.newest
	if newest {
		if f.stops(p) {
			return out
		}
		f.newest = p.Seq
	}
	c := Choice{Packet: p, Replica: f.sources[p.Encoding].replica, picture: -1}
	wanted, ends := false, false
	if media {
		wanted, ends = f.wants(p, newest)
	}
	if !wanted {
		if c.number, c.filler = f.numbers.leave(int64(p.Seq)); c.filler {
			out = append(out, c)
		}
		return out
	}
	var kept, placed bool
	c.number, kept = f.numbers.take(int64(p.Seq))
	if !kept {
		return out
	}
	c.picture, placed = f.pictures.take(p)
	c.filler = !placed
	c.Marker, c.Switch, f.begun = ends && placed, !f.begun, true
	if p.Desc.TellsTargets {
		c.cut = f.layers.narrowing(p)
	}
	if newest {
		f.end(ends)
	}
	return append(out, c)
}

// end notes whether a picture ended with the newest packet, and stops there if the
// target is nothing.
func (f *Forwarder) end(ended bool) {
	f.ended = ended
	if ended && f.target.None() {
		f.current = -1
	}
}

// stops ends the selection at the first packet of a new picture once the target is
// nothing.
func (f *Forwarder) stops(p *Packet) bool {
	if !f.target.None() || !f.begun || p.Time == f.layers.time {
		return false
	}
	f.current = -1
	return true
}

// wants decides on one packet with media. ends says that the picture ends with it, as
// far as it is forwarded.
func (f *Forwarder) wants(p *Packet, newest bool) (wanted, ends bool) {
	if !f.codec.Video() {
		return f.silence.wants(p, f.sources[p.Encoding].replica.Rate, newest)
	}
	if !newest {
		wanted, last := f.layers.late(p)
		return wanted, p.Marker || p.Desc.End && spatialOf(p) >= last
	}
	if f.layers.newFrame(p) {
		f.pictures.next(p, f.layers.decide(p, f.inside()))
	}
	return f.layers.taken, p.Marker || p.Desc.End && spatialOf(p) >= f.layers.last
}

// known counts the encodings that are known.
func (f *Forwarder) known() int {
	n := 0
	for i := range f.sources {
		if f.sources[i].replica != nil {
			n++
		}
	}
	return n
}

// Deadline returns when Advance has something to do, Never if nothing.
func (f *Forwarder) Deadline() time.Duration {
	if f.wanted < 0 || f.known() < 2 {
		return Never
	}
	s := &f.sources[f.wanted]
	if at := s.last + SilenceLimit; s.seen && at > f.checked {
		return at
	}
	return Never
}

// Advance leaves an Encoding that stopped sending while others go on: the next one
// that lives becomes wanted, below it if there is one, and switches at its next
// keyframe. What is due to be sent is appended to out; nothing is held back now, so
// that is nothing.
func (f *Forwarder) Advance(now time.Duration, out []Choice) []Choice {
	f.checked = now
	f.choose(now)
	return out
}
