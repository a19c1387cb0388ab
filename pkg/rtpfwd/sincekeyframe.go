package rtpfwd

import "time"

// maxTemporalLayers is how many temporal layers a codec may have: RFC 9628 and the
// dependency descriptor count them in three bits.
const maxTemporalLayers = 8

// layerBytes counts bytes by spatial and temporal layer.
type layerBytes [maxSpatial + 1][maxTemporalLayers]int

// sinceKeyframe is what is in a Ring from the newest keyframe on.
//
//	numbers   17 18 | 19 20 21 22 23 24 | 25 to come
//	                  K  K  K  d  d  d
//	                  start        newest
//
// Packets are counted as they come, in any order, so that a hole shows by the count
// alone and nobody has to look through the Ring to find that it is no use.
type sinceKeyframe struct {
	known   bool
	floor   SeqNo         // nothing up to this number is of use
	start   SeqNo         // the first packet of the keyframe
	newest  SeqNo         // the highest number in the Ring, with and without a keyframe
	keyTime RTPTime       // of the keyframe
	time    RTPTime       // the highest one from start on
	at      time.Duration // when start came
	timeAt  time.Duration // when the first packet with time came
	count   int           // packets from start to newest
	total   int           // their bytes
	bytes   layerBytes
}

// add takes a packet that the Ring has got.
func (k *sinceKeyframe) add(ring *Ring, rate uint32, p *Packet) {
	if k.newest-p.Seq >= SeqNo(len(ring.packets)) {
		k.drop() // the source has begun anew, below the numbers that it had
		return
	}
	k.newest = max(k.newest, p.Seq)
	if k.startsAt(p) {
		k.begin(ring, p)
		return
	}
	if !k.known || p.Seq < k.start {
		return
	}
	if k.runsAway(rate, p) {
		k.drop()
		return
	}
	k.countIn(p)
}

// drop gives up all up to the newest packet.
func (k *sinceKeyframe) drop() { k.known, k.floor = false, k.newest }

// startsAt says whether p is where the newest keyframe starts. The parameter sets of
// H264 and H265 come in packets of their own before the picture, with its timestamp: the first
// of those with such a timestamp is the start, and it may come late.
func (k *sinceKeyframe) startsAt(p *Packet) bool {
	if !p.Desc.Keyframe || !p.Desc.Start || p.Desc.Temporal > 0 || p.Seq <= k.floor {
		return false
	}
	if !k.known {
		return true
	}
	if p.Time == k.keyTime {
		return p.Seq < k.start
	}
	return p.Seq > k.start
}

// begin starts at p. What came before it and follows it in number is counted too.
func (k *sinceKeyframe) begin(ring *Ring, p *Packet) {
	*k = sinceKeyframe{known: true, floor: k.floor, start: p.Seq, newest: k.newest, keyTime: p.Time, at: p.Arrival}
	for seq := k.start; seq <= k.newest; seq++ {
		if q := ring.Get(seq); q != nil {
			k.countIn(q)
		}
	}
}

// countIn counts a packet from start on.
func (k *sinceKeyframe) countIn(p *Packet) {
	k.count++
	k.total += len(p.Raw)
	k.bytes[spatialOf(p)][min(max(p.Desc.Temporal, 0), maxTemporalLayers-1)] += len(p.Raw)
	if !p.empty() && p.Time > k.time {
		k.time, k.timeAt = p.Time, p.Arrival
	}
}

// runsAway says whether the timestamps do not go on from the keyframe as real time
// does: the source has begun anew.
func (k *sinceKeyframe) runsAway(rate uint32, p *Packet) bool {
	if p.empty() || p.Time == k.keyTime {
		return false
	}
	off := p.Time - k.keyTime - ticksOf(p.Arrival-k.at, rate)
	return p.Time < k.keyTime || max(off, -off) > ticksOf(maxTimeJump, rate)
}

// clock returns what the clock of the source shows now, as far as its latest picture tells.
func (k *sinceKeyframe) clock(now time.Duration, rate uint32) RTPTime {
	return k.time + max(ticksOf(now-k.timeAt, rate), 0)
}

// whole says whether all from the keyframe on is in the Ring.
func (k *sinceKeyframe) whole(ring *Ring) bool {
	return k.known && k.count == int(k.newest-k.start)+1 && k.newest-k.start < SeqNo(len(ring.packets))
}

// upTo returns the bytes of the layers up to limit.
func (b *layerBytes) upTo(limit Layer) int {
	sum := 0
	for s := range min(max(limit.Spatial, 0), maxSpatial) + 1 {
		for t := range min(max(limit.Temporal, 0), maxTemporalLayers-1) + 1 {
			sum += b[s][t]
		}
	}
	return sum
}
