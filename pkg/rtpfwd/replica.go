package rtpfwd

const (
	// pictureCacheBytes bounds what is kept of a source that is deaf to requests, from
	// its newest keyframe on: 4 MiB are 5 s of 6 Mbit/s, as broadcasters send.
	pictureCacheBytes = 4 << 20
	// pictureCacheSize is the same in packets: 512 bytes each on average.
	pictureCacheSize = pictureCacheBytes / 512
)

// Replica is one worker's copy of an Encoding: the packets that it was handed and
// what the publisher's sender reports say of its clock. The worker writes it,
// Forwarder and Outbound read it.
type Replica struct {
	// Encoding is the index of the Encoding, 0 the smallest.
	Encoding uint8
	// Ring has every packet before Forwarder.Select sees it: by Put.
	Ring *Ring
	// Clock is the latest clock if HasClock is set.
	Clock    Clock
	HasClock bool
	// Rate is the clock rate of the payload in Hz.
	Rate uint32

	supply Supply
	recent sinceKeyframe
	usual  SeqNo // places of the Ring as it was given; 0: it has not grown
	oldest SeqNo // of the packets in a Ring that has grown
}

// Put keeps p in the Ring, and in mind for those who start at its keyframe. Of a
// source that is deaf to requests all from the newest keyframe on is kept, up to
// 4 MiB, and else the latest packets.
func (r *Replica) Put(p *Packet) {
	if r.Ring.Get(p.Seq) != nil {
		return
	}
	r.Ring.Put(p)
	r.recent.add(r.Ring, r.Rate, p)
	if r.usual > 0 {
		r.evict()
	}
}

// Forget makes nobody start at a keyframe that came before now: what was sent while
// the publication was muted is for nobody.
func (r *Replica) Forget() { r.recent.drop() }

// Supply returns what SetSupply said.
func (r *Replica) Supply() Supply { return r.supply }

// SetSupply notes how keyframes of the Encoding can be had. The Ring grows at the
// first time that they cannot.
func (r *Replica) SetSupply(s Supply) {
	r.supply = s
	if s != NotToBeHad || r.usual > 0 {
		return
	}
	r.usual = SeqNo(len(r.Ring.packets))
	r.oldest = r.recent.newest - r.usual + 1
	if r.recent.known && r.recent.start < r.oldest {
		r.recent.drop() // the Ring has lost its first packets
	}
	r.Ring.grow(pictureCacheSize)
}

// evict forgets what a Ring that has grown need not keep.
func (r *Replica) evict() {
	k := &r.recent
	if k.known && k.total > pictureCacheBytes {
		k.drop()
	}
	from := k.newest - r.usual + 1
	if r.supply == NotToBeHad && k.known {
		from = min(from, k.start)
	}
	if k.known && k.start < from {
		k.drop() // its first packets go now
	}
	if from-r.oldest > SeqNo(len(r.Ring.packets)) {
		r.oldest = from - SeqNo(len(r.Ring.packets))
	}
	for ; r.oldest < from; r.oldest++ {
		r.Ring.forget(r.oldest)
	}
}

// Cached appends the packets from the newest keyframe on, in the order of their
// numbers, for another Replica of the same Encoding. Nothing if one is missing.
func (r *Replica) Cached(out []*Packet) []*Packet {
	if !r.recent.whole(r.Ring) {
		return out
	}
	for seq := r.recent.start; seq <= r.recent.newest; seq++ {
		out = append(out, r.Ring.Get(seq))
	}
	return out
}
