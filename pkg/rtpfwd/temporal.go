package rtpfwd

// rememberedPictures is how many pictures back late packets follow the decision
// on their picture.
const rememberedPictures = 16

// decision says whether the picture with this timestamp was taken.
type decision struct {
	time  RTPTime
	taken bool
}

// temporalLayers decides which pictures of one Encoding are taken. The decision is
// made at the first packet of a picture, and holds for all of it.
type temporalLayers struct {
	limit  int8    // the highest layer that is taken
	time   RTPTime // of the newest picture
	taken  bool    // the decision on it
	before int8    // the limit before seq
	since  SeqNo   // where limit came into force

	recent [rememberedPictures]decision // a ring
	at     int                          // the next place in it
	count  int
}

// start begins at a keyframe, which allows every layer.
func (t *temporalLayers) start(target int8) {
	limit := max(target, 0)
	*t = temporalLayers{limit: limit, before: limit}
}

// decide decides on a new picture by its first packet.
func (t *temporalLayers) decide(p *Packet, target int8) bool {
	if limit := t.next(p, max(target, 0)); limit != t.limit {
		t.before, t.limit, t.since = t.limit, limit, p.Seq
	}
	t.time, t.taken = p.Time, p.Desc.Temporal <= t.limit
	t.remember(p.Time, t.taken)
	return t.taken
}

// next returns the limit from the picture of p on. Downwards any picture will do.
// Upwards it must be a switching point, and its first packet must be here: what
// came before would have been left out.
func (t *temporalLayers) next(p *Packet, target int8) int8 {
	d := &p.Desc
	switch {
	case target <= t.limit:
		return target
	case !d.Start:
		return t.limit
	case d.Keyframe:
		return target
	case !d.SwitchUp:
		return t.limit
	case p.Codec == VP8 && d.Temporal > t.limit && d.Temporal <= target:
		return d.Temporal // the picture itself needs the base layer only
	case p.Codec != VP8 && d.Temporal <= t.limit:
		return target // all that follow need nothing from before the picture
	}
	return t.limit
}

// wantsLate decides on a packet that came behind later ones.
func (t *temporalLayers) wantsLate(p *Packet) bool {
	for i := range t.count {
		if d := &t.recent[i]; d.time == p.Time {
			return d.taken
		}
	}
	limit := t.limit
	if p.Seq < t.since {
		limit = t.before
	}
	taken := p.Desc.Temporal <= limit
	t.remember(p.Time, taken)
	return taken
}

// remember keeps a decision for late packets.
func (t *temporalLayers) remember(time RTPTime, taken bool) {
	t.recent[t.at] = decision{time, taken}
	t.at = (t.at + 1) % rememberedPictures
	t.count = min(t.count+1, rememberedPictures)
}
