package rtpfwd

// rememberedFrames is how many frames back late packets follow the decision on
// their frame: 16 pictures of three spatial layers.
const rememberedFrames = 48

// maxSpatial is the highest spatial layer that a payload can name.
const maxSpatial = 7

// layerSelection decides which frames of one Encoding are taken. A frame is what
// one spatial layer adds to a picture; without spatial layers it is the picture.
// The decision is made at the first packet of a frame, and holds for all of it.
//
//	picture        1      2      3      4      5
//	S2 frames      K2  -> a2  -> b2     .      .
//	S1 frames      K1  -> a1  -> b1  -> c1  -> d1     limit changes at picture 4:
//	S0 frames      K0  -> a0  -> b0  -> c0  -> d0     the end of c1 ends the picture
//
// How the limit may move is told by the dependency descriptor where there is one
// (see targets.go), else by the payload.
type layerSelection struct {
	limit   Layer   // the highest layer that is taken
	time    RTPTime // of the newest picture
	spatial int8    // of the newest frame in it
	taken   bool    // the decision on that frame
	before  Layer   // the limit before seq
	since   SeqNo   // where limit came into force

	top        int8  // the highest spatial layer that is sent
	last       int8  // the one that the newest picture ends with, as far as it is taken
	told       int8  // the same as its first packet tells: layers may begin in it. -1: none do
	pictureTop int8  // the highest one of the newest picture
	seen       int8  // the highest one of the picture before it
	wished     Layer // what the newest picture is to lead to: another target waits for the next, as the marker is promised
	missed     int8  // pictures in a row without the top layer
	skipped    bool  // lower layers were left out since the keyframe: nothing leads down but the next one
	waiting    uint8 // pictures of the base layer since the limit was to move down, at most patience

	targets bool      // the limit is one of the decode targets
	active  layerMask // those of the latest dependency descriptor that are sent
	taking  frameSet  // frames that were taken, by the frame numbers of the dependency descriptor

	at     int // the next place in recent
	count  int
	recent [rememberedFrames]decision // a ring
}

// decision says whether a frame was taken.
type decision struct {
	time    RTPTime
	spatial int8
	last    int8 // the spatial layer that ends its picture
	taken   bool
}

const (
	// maxMissed is how many pictures may lack the highest layer before it counts as
	// not sent any more.
	maxMissed = 8
	// patience is how many pictures of the base layer may pass before a way down is
	// asked for: with the dependency descriptor it opens at one of them, if at all.
	patience = 2
)

// spatialOf returns the spatial layer of a packet, 0 where its payload cannot tell
// that of every packet: AV1 without dependency descriptor is taken whole.
func spatialOf(p *Packet) int8 {
	if p.Codec == VP9 || p.Desc.HasTargets {
		return min(p.Desc.Spatial, maxSpatial)
	}
	return 0
}

// start begins at a keyframe, which allows every layer.
func (l *layerSelection) start(p *Packet, target Layer) {
	target = Layer{Spatial: max(target.Spatial, 0), Temporal: max(target.Temporal, 0)}
	*l = layerSelection{time: p.Time - 1, active: p.Desc.Active, targets: p.Desc.HasTargets}
	l.top = max(int8(p.Desc.SpatialLayers)-1, 0)
	l.limit = l.wish(target)
	l.before = l.limit
}

// wish returns the layer of what is sent that comes nearest to the target.
func (l *layerSelection) wish(target Layer) Layer {
	if l.active.any() {
		return l.active.nearest(target)
	}
	return Layer{Spatial: min(target.Spatial, l.top), Temporal: target.Temporal}
}

// tellsLayers says whether p tells how many spatial layers are sent. That is so where
// their number changes.
func tellsLayers(p *Packet) bool {
	if p.Desc.HasTargets {
		return p.Desc.TellsTargets
	}
	return p.Desc.SpatialLayers > 0
}

// newFrame says whether p, which is newer than all before, begins another frame.
func (l *layerSelection) newFrame(p *Packet) bool {
	return p.Time != l.time || spatialOf(p) != l.spatial
}

// decide decides on a new frame by its first packet.
func (l *layerSelection) decide(p *Packet, target Layer) bool {
	target = Layer{Spatial: max(target.Spatial, 0), Temporal: max(target.Temporal, 0)}
	picture := p.Time != l.time
	if picture {
		l.beginPicture(p)
	}
	s := spatialOf(p)
	l.pictureTop = max(l.pictureTop, s)
	l.top = max(l.top, l.pictureTop)
	l.read(p)
	if picture {
		l.wished, l.told = l.wish(target), -1
		if p.Desc.Start && p.Desc.Keyframe || tellsLayers(p) && l.wished.Spatial > l.seen {
			l.told = l.wished.Spatial
		}
	}
	wish := l.wished
	l.wait(p, wish, picture)
	if limit := l.next(p, wish, picture); limit != l.limit {
		l.before, l.limit, l.since = l.limit, limit, p.Seq
	}
	taken := takes(p, l.limit)
	l.last = max(l.told, l.limit.Spatial)
	l.skipped = l.skipped || !taken && s < l.limit.Spatial
	l.time, l.spatial, l.taken = p.Time, s, taken
	l.remember(p, l.last, taken)
	return taken
}

// read notes which decode targets are sent.
func (l *layerSelection) read(p *Packet) {
	if !p.Desc.HasTargets {
		return
	}
	l.active = p.Desc.Active
	if !l.targets && l.active.any() {
		l.limit, l.targets = l.active.nearest(l.limit), true
	}
}

// beginPicture learns which spatial layers are sent: it is told, or seen from the
// picture before.
func (l *layerSelection) beginPicture(p *Packet) {
	switch {
	case l.pictureTop >= l.top:
		l.missed = 0
	case l.missed >= maxMissed:
		l.top, l.missed = l.pictureTop, 0
	default:
		l.missed++
	}
	l.seen, l.pictureTop = l.pictureTop, 0
	if layers := int8(p.Desc.SpatialLayers); layers > 0 {
		l.top, l.missed = layers-1, 0
	}
	if p.Desc.Start && p.Desc.Keyframe {
		l.skipped = false
		l.taking = frameSet{} // nothing refers to what was before
	}
}

// wait counts the pictures of the base layer that did not lead down to the wish.
func (l *layerSelection) wait(p *Packet, wish Layer, picture bool) {
	if wish.Spatial >= l.limit.Spatial {
		l.waiting = 0
	} else if picture && p.Desc.Temporal == 0 {
		l.waiting = min(l.waiting+1, patience)
	}
}

// stuck says whether only a keyframe can lead to the target.
func (l *layerSelection) stuck(target Layer) bool {
	wish := l.wish(target)
	return wish.Spatial > l.limit.Spatial || wish.Spatial < l.limit.Spatial && l.waiting >= patience
}

// next returns the limit from the frame of p on.
func (l *layerSelection) next(p *Packet, wish Layer, picture bool) Layer {
	switch {
	case p.Desc.Start && p.Desc.Keyframe && spatialOf(p) == 0:
		return wish
	case p.Desc.HasTargets:
		return l.nextByTargets(p, wish, picture)
	}
	next := l.limit
	if picture {
		next.Temporal = l.nextTemporal(p, wish.Temporal)
		if wish.Spatial < next.Spatial && !l.skipped {
			next.Spatial = wish.Spatial // all that lower layers need was taken
		}
	}
	if wish.Spatial > next.Spatial && l.opens(p, picture) {
		next.Spatial++
	}
	return next
}

// nextTemporal returns the limit of temporal layers from the picture of p on.
// Downwards any picture will do. Upwards it must be a switching point, and its first
// packet must be here: what came before would have been left out.
func (l *layerSelection) nextTemporal(p *Packet, target int8) int8 {
	d := &p.Desc
	limit := l.limit.Temporal
	switch {
	case target <= limit:
		return target
	case !d.Start || !d.SwitchUp:
		return limit
	case d.Temporal > target:
		return limit
	case p.Codec == VP8 && d.Temporal > limit:
		return d.Temporal // the picture itself needs the base layer only
	case p.Codec == H265 && d.Temporal == limit+1:
		return d.Temporal // it needs only the next lower layer
	case p.Codec != VP8 && p.Codec != H265 && d.Temporal <= limit:
		return target // all that follow need nothing from before the picture
	}
	return limit
}

// opens says whether the next spatial layer begins with the frame of p: it refers to
// no earlier picture, and what it refers to in this one was taken, and not as the end
// of the picture.
func (l *layerSelection) opens(p *Packet, picture bool) bool {
	d := &p.Desc
	if p.Codec != VP9 || !d.Start || d.Predicted || d.Spatial != l.limit.Spatial+1 || d.Spatial > l.told {
		return false
	}
	return !d.InterLayer || !picture && l.taken && l.spatial == l.limit.Spatial
}

// takes says whether a frame belongs to what limit asks for.
func takes(p *Packet, limit Layer) bool {
	d := &p.Desc
	if d.HasTargets {
		return layerMask(d.Present).has(limit)
	}
	s := spatialOf(p)
	if d.Temporal > limit.Temporal || s > limit.Spatial {
		return false
	}
	return s == limit.Spatial || !d.NotForUpper
}

// late decides on a packet that came behind later ones, and returns the spatial layer
// that ends its picture.
func (l *layerSelection) late(p *Packet) (taken bool, last int8) {
	s := spatialOf(p)
	for i := range l.count {
		if d := &l.recent[i]; d.time == p.Time && d.spatial == s {
			return d.taken, d.last
		}
	}
	was := l.limit
	if p.Seq < l.since {
		was = l.before
	}
	taken = takes(p, was)
	l.remember(p, was.Spatial, taken)
	return taken, was.Spatial
}

// remember keeps a decision for late packets, and for frames that refer to the frame.
func (l *layerSelection) remember(p *Packet, last int8, taken bool) {
	l.recent[l.at] = decision{time: p.Time, spatial: spatialOf(p), last: last, taken: taken}
	l.at = (l.at + 1) % rememberedFrames
	l.count = min(l.count+1, rememberedFrames)
	if p.Desc.HasTargets && taken {
		l.taking.add(uint16(p.Desc.FrameNumber))
	}
}
