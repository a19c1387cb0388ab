package codec

// NAL unit types of H.265 table 7-1 and packet types of RFC 7798 section 4.4.
const (
	hevcTSAN        = 2
	hevcSTSAR       = 5
	hevcLastSublay  = 15 // the last type of pictures that may be no reference
	hevcFirstIRAP   = 16 // BLA_W_LP
	hevcLastIRAP    = 21 // CRA
	hevcLastSlice   = 31
	hevcVPS         = 32
	hevcSPS         = 33
	hevcPPS         = 34
	hevcDelimiter   = 35
	hevcPrefixSEI   = 39
	hevcReserved41  = 41
	hevcReserved44  = 44
	hevcLast        = 47
	hevcAggregation = 48
	hevcFragment    = 49
	hevcPACI        = 50
)

// ParseH265 reads a single NAL unit packet, an aggregation packet or a
// fragmentation unit (RFC 7798 sections 4.4.1 to 4.4.3) without DONL fields, that
// is with sprop-max-don-diff 0, as WebRTC has it.
//
//	 0                   1
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|F|   type    |  layer id | TID |  before every NAL unit and packet
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	aggregation:   header (48), then size (16) and NAL unit, again and again
//	fragmentation: header (49), |S|E| type (6) |, fragment without header
//
// Start is set where an access unit may begin (H.265 7.4.2.4.4): at a delimiter,
// prefix SEI or parameter set and at a slice segment that is the first of its
// picture. Several packets of one access unit may so have Start; they share a
// timestamp. Keyframe is set with a video or sequence parameter set and with the
// first slice segment of a picture that can be decoded alone (IDR, CRA, BLA).
// Temporal is nuh_temporal_id_plus1 less 1 of the packet. SwitchUp is set for
// TSA and STSA pictures: the picture may be the first of its temporal layer if
// those of the layer below were forwarded. Discardable is set if there are slice
// segments and all are of sub-layer non-reference pictures. NAL units of other
// layers than 0 are passed over.
// Errors: ErrShort, ErrNoPayload, ErrReserved (types from 51, a packet type inside
// a packet, TID 0), ErrUnsupported (PACI).
func ParseH265(payload []byte, d *Descriptor) error {
	d.reset()
	if len(payload) < 2 {
		return ErrShort
	}
	if payload[1]&0x07 == 0 {
		return ErrReserved
	}
	var units h265Units
	var err error
	switch hevcType(payload) {
	case hevcAggregation:
		err = units.readAggregation(payload[2:], d)
	case hevcFragment:
		err = units.readFragment(payload, d)
	case hevcPACI:
		err = ErrUnsupported
	default:
		err = units.readWhole(payload, d)
	}
	if err != nil {
		return d.fail(err)
	}
	d.Temporal = int8(payload[1]&0x07) - 1
	d.Discardable = units.slices && !units.referenced
	return nil
}

// hevcType returns the type in a header of two bytes.
func hevcType(header []byte) uint8 { return header[0] >> 1 & 0x3f }

// hevcLayer returns the layer id in a header of two bytes.
func hevcLayer(header []byte) uint8 { return header[0]&1<<5 | header[1]>>3 }

// h265Units sums up the NAL units of one packet.
type h265Units struct {
	slices     bool // there are slice segments
	referenced bool // some of them may be referred to in their temporal layer
	sized      bool // a sequence parameter set was read for the size
}

// begin takes the beginning of a NAL unit into account, body is what follows its
// header.
func (u *h265Units) begin(kind uint8, body []byte, d *Descriptor) {
	switch {
	case kind <= hevcLastSlice:
		// first_slice_segment_in_pic_flag is the first bit.
		if first := len(body) > 0 && body[0]&0x80 != 0; first {
			d.Start = true
			d.Keyframe = d.Keyframe || kind >= hevcFirstIRAP && kind <= hevcLastIRAP
		}
	case kind == hevcVPS:
		d.Start, d.Keyframe, d.ParameterSet = true, true, true
	case kind == hevcSPS:
		d.Start, d.Keyframe = true, true
	case kind == hevcPPS, kind == hevcDelimiter, kind == hevcPrefixSEI, kind >= hevcReserved41 && kind <= hevcReserved44:
		d.Start = true
	}
}

// add takes the slice segment, if it is one, of this type into account.
func (u *h265Units) add(kind uint8, d *Descriptor) {
	if kind > hevcLastSlice {
		return
	}
	u.slices = true
	u.referenced = u.referenced || kind > hevcLastSublay || kind&1 == 1
	d.SwitchUp = d.SwitchUp || kind >= hevcTSAN && kind <= hevcSTSAR
}

// readWhole takes a NAL unit that is no fragment into account, with the picture
// size of the first sequence parameter set. nal has a whole header.
func (u *h265Units) readWhole(nal []byte, d *Descriptor) error {
	kind := hevcType(nal)
	if kind > hevcLast || nal[1]&0x07 == 0 {
		return ErrReserved
	}
	if hevcLayer(nal) != 0 {
		return nil
	}
	u.add(kind, d)
	u.begin(kind, nal[2:], d)
	if kind == hevcSPS && !u.sized {
		d.Width, d.Height = readHEVCSize(nal)
		u.sized = true
	}
	return nil
}

// readAggregation reads the NAL units of an aggregate, each behind its size.
func (u *h265Units) readAggregation(rest []byte, d *Descriptor) error {
	if len(rest) == 0 {
		return ErrNoPayload
	}
	for len(rest) > 0 {
		if len(rest) < 2 {
			return ErrShort
		}
		size := int(rest[0])<<8 | int(rest[1])
		rest = rest[2:]
		if size > len(rest) {
			return ErrShort
		}
		if size < 2 {
			return ErrReserved
		}
		if err := u.readWhole(rest[:size], d); err != nil {
			return err
		}
		rest = rest[size:]
	}
	return nil
}

// readFragment reads a fragment: its first one stands for the NAL unit, the others
// only tell what kind of slice segment it is.
func (u *h265Units) readFragment(payload []byte, d *Descriptor) error {
	if len(payload) < 3 {
		return ErrShort
	}
	if len(payload) == 3 {
		return ErrNoPayload
	}
	kind := payload[2] & 0x3f
	if kind > hevcLast {
		return ErrReserved
	}
	if hevcLayer(payload) != 0 {
		return nil
	}
	u.add(kind, d)
	if first := payload[2]&0x80 != 0; first {
		u.begin(kind, payload[3:], d)
	}
	return nil
}
