package codec

// NAL unit types of H.264 table 7-1 and packet types of RFC 6184 table 1.
const (
	nalSlice      = 1
	nalPartitionA = 2
	nalIDR        = 5
	nalSEI        = 6
	nalSPS        = 7
	nalDelimiter  = 9
	nalPrefix     = 14
	nalReserved18 = 18
	nalLast       = 23
	nalSTAPA      = 24
	nalSTAPB      = 25
	nalMTAP16     = 26
	nalMTAP24     = 27
	nalFUA        = 28
	nalFUB        = 29
)

// ParseH264 reads a single NAL unit packet, a STAP-A or a FU-A (RFC 6184
// sections 5.6, 5.7.1 and 5.8).
//
//	single       STAP-A                         FU-A
//	+----------+ +-----------------------+     +-----------------------+
//	|F|NRI|type| |F|NRI| 24              |     |F|NRI| 28              |
//	+----------+ | size (16) | NAL unit  | ... |S|E|R| type | fragment |
//	             +-----------------------+     +-----------------------+
//
// Start is set where an access unit may begin (H.264 7.4.1.2.3): at a delimiter,
// SEI or parameter set and at a slice with first_mb_in_slice 0. Several packets of
// one access unit may so have Start; they share a timestamp. Keyframe is set
// with a sequence parameter set and with the first slice of an IDR picture.
// Discardable is set if there are slices and all have nal_ref_idc 0.
// Errors: ErrShort, ErrReserved (types 0, 30, 31, an aggregate in an aggregate,
// an empty NAL unit), ErrUnsupported (STAP-B, MTAP, FU-B).
func ParseH264(payload []byte, d *Descriptor) error {
	d.reset()
	if len(payload) == 0 {
		return ErrShort
	}
	var units h264Units
	var err error
	switch payload[0] & 0x1f {
	case nalSTAPA:
		err = readSTAPA(payload[1:], d, &units)
	case nalFUA:
		err = readFUA(payload, d, &units)
	case nalSTAPB, nalMTAP16, nalMTAP24, nalFUB:
		err = ErrUnsupported
	default:
		err = readWholeNAL(payload, d, &units)
	}
	if err != nil {
		return d.fail(err)
	}
	d.Discardable = units.slices && !units.referenced
	return nil
}

// h264Units sums up the NAL units of one packet.
type h264Units struct {
	slices     bool // there are slices
	referenced bool // some of them may be referred to
	sized      bool // a sequence parameter set was read for the size
}

// add takes the slice, if it is one, with this NAL header into account.
func (u *h264Units) add(header uint8) {
	if kind := header & 0x1f; kind >= nalSlice && kind <= nalIDR {
		u.slices = true
		u.referenced = u.referenced || header&0x60 != 0
	}
}

// readNAL takes the beginning of a NAL unit into account.
func readNAL(kind uint8, body []byte, d *Descriptor) {
	switch {
	case kind == nalSlice || kind == nalPartitionA || kind == nalIDR:
		// first_mb_in_slice is the first Exp-Golomb number: 0 is a single 1 bit.
		if first := len(body) > 0 && body[0]&0x80 != 0; first {
			d.Start = true
			d.Keyframe = d.Keyframe || kind == nalIDR
		}
	case kind == nalSPS:
		d.Start, d.Keyframe, d.ParameterSet = true, true, true
	case kind >= nalSEI && kind <= nalDelimiter, kind >= nalPrefix && kind <= nalReserved18:
		d.Start = true
	}
}

// readWholeNAL takes a NAL unit that is no fragment into account, with the
// picture size of the first sequence parameter set: a packet full of parameter
// sets must not cost more than one. nal is not empty.
func readWholeNAL(nal []byte, d *Descriptor, units *h264Units) error {
	kind := nal[0] & 0x1f
	if kind == 0 || kind > nalLast {
		return ErrReserved
	}
	units.add(nal[0])
	readNAL(kind, nal[1:], d)
	if kind == nalSPS && !units.sized {
		d.Width, d.Height = readSPSSize(nal)
		units.sized = true
	}
	return nil
}

// readSTAPA reads the NAL units of an aggregate, each behind its size.
func readSTAPA(rest []byte, d *Descriptor, units *h264Units) error {
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
		if size == 0 {
			return ErrReserved
		}
		nal := rest[:size]
		rest = rest[size:]
		if err := readWholeNAL(nal, d, units); err != nil {
			return err
		}
	}
	return nil
}

// readFUA reads a fragment: its first one stands for the NAL unit, the others
// only tell whether it is a reference. A fragment that is first and last at once
// is forbidden but harmless, so it passes.
func readFUA(payload []byte, d *Descriptor, units *h264Units) error {
	if len(payload) < 2 {
		return ErrShort
	}
	if len(payload) == 2 {
		return ErrNoPayload
	}
	kind := payload[1] & 0x1f
	if kind == 0 || kind > nalLast {
		return ErrReserved
	}
	units.add(payload[0]&0xe0 | kind)
	if first := payload[1]&0x80 != 0; first {
		readNAL(kind, payload[2:], d)
	}
	return nil
}
