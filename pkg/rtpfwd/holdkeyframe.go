package rtpfwd

// holdKeyframe follows the newest keyframe that came into a Hold behind a hole.
type holdKeyframe struct {
	active   bool
	complete bool
	sized    bool // it tells the picture size: H264 has its parameter sets
	codec    Codec
	start    SeqNo   // its first packet
	scan     SeqNo   // up to here it is there
	time     RTPTime // its timestamp
}

// note looks at a packet that is held now.
func (k *holdKeyframe) note(h *Hold, p *Packet) {
	if p.Desc.Keyframe && p.Desc.Start && p.Seq > h.next && (!k.active || p.Time != k.time && p.Seq > k.start) {
		*k = holdKeyframe{active: true, codec: p.Codec, start: p.Seq, scan: p.Seq, time: p.Time}
	}
	if !k.active {
		return
	}
	if k.start <= h.next {
		k.active = false
		return
	}
	k.extend(h)
}

// extend moves both ends over what is there. The end is the marker, or the first packet
// of another picture.
func (k *holdKeyframe) extend(h *Hold) {
	for k.start-1 > h.next {
		p := h.held(k.start - 1)
		if p == nil || p.Time != k.time {
			break
		}
		k.sized = k.sized || p.Desc.Width != 0
		k.start--
	}
	for !k.complete {
		p := h.held(k.scan)
		if p == nil {
			return
		}
		k.complete = p.Marker || p.Time != k.time
		if p.Time == k.time {
			k.sized = k.sized || p.Desc.Width != 0
		}
		k.scan++
	}
}

// supersedes says whether the next number, a hole, lies before a complete keyframe. The
// parameter sets of H264 come in packets of their own before the first one that shows
// the keyframe: a hole right before it may be one.
func (k *holdKeyframe) supersedes(h *Hold) bool {
	if !k.active || !k.complete || k.start <= h.next {
		return false
	}
	headless := k.codec == H264 && !k.sized && h.held(k.start-1) == nil
	return !headless
}
