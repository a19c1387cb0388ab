package rtpfwd

// maxPictureGap is how many pictures may be lost before the picture ids count as
// begun anew.
const maxPictureGap = 1000

// pictureIDs gives pictures numbers for their picture ids (RFC 7741, RFC 9628).
// Pictures of VP8 that are left out leave no hole: a receiver would wait for them.
// VP9 counts references in picture ids, so all holes stay.
type pictureIDs struct {
	numbers renumbering
	highest int64 // the newest id of the source, extended
}

// has says whether the picture of p has a picture id. The frame numbers of AV1 are
// not touched: they are shifted in the dependency descriptor.
func (s *pictureIDs) has(p *Packet) bool { return p.Desc.PictureID >= 0 && p.Codec != AV1 }

// start begins at the picture of p.
func (s *pictureIDs) start(p *Packet) {
	if !s.has(p) {
		return
	}
	s.highest = int64(p.Desc.PictureID) + firstCycle
	s.numbers.start(s.highest, s.numbers.last()+1)
}

// next notes the newest picture, by its first packet. Ids that go back, or far
// ahead, are taken as begun anew, with one number free for what is missing.
func (s *pictureIDs) next(p *Packet, taken bool) {
	if !s.has(p) {
		return
	}
	id := s.extend(p)
	if gap := id - s.highest; gap < 0 || gap > maxPictureGap {
		s.numbers.start(id, s.numbers.last()+2)
	}
	s.highest = id
	if !taken && p.Codec == VP8 {
		s.numbers.leave(id)
	}
}

// take returns the number of the picture of p, -1 if it has no picture id. False if
// the picture has no place: it is too old, or from before the ids began anew.
func (s *pictureIDs) take(p *Packet) (int64, bool) {
	if !s.has(p) {
		return -1, true
	}
	id := s.extend(p)
	if id > s.highest {
		return -1, false
	}
	return s.numbers.take(id)
}

// extend returns the number nearest to the newest id that ends in the bits of p.
func (s *pictureIDs) extend(p *Packet) int64 {
	size := int64(1) << (p.Desc.PictureIDBits & 63)
	ahead := (int64(p.Desc.PictureID) - s.highest) & (size - 1)
	if ahead >= size/2 {
		ahead -= size
	}
	return s.highest + ahead
}
