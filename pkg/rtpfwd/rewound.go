package rtpfwd

// pictureOrder finds pictures whose id goes backwards although their sequence numbers
// go on. A receiver orders and drops frames by these ids, so such a picture would
// freeze every viewer; without it they miss a frame, and ask for a keyframe. A keyframe
// may begin anew: encoders do that when they are made again.
type pictureOrder struct {
	known bool
	id    int32 // of the newest picture
}

// rewinds takes the newest packet of an Encoding and says whether its picture id goes
// backwards. restarted says that its numbers began anew: then the ids may too. Of ids
// of 7 bits more than 64 lost pictures look the same.
func (o *pictureOrder) rewinds(p *Packet, restarted bool) bool {
	d := &p.Desc
	if d.PictureID < 0 || p.Codec != VP8 && p.Codec != VP9 {
		return false
	}
	half := int32(1) << (d.PictureIDBits & 15) / 2
	back := (d.PictureID-o.id)&(2*half-1) >= half
	if back && o.known && !d.Keyframe && !restarted {
		return true
	}
	o.known, o.id = true, d.PictureID
	return false
}
