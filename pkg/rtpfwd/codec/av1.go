package codec

// OBU types of AV1 section 6.2.2.
const (
	obuSequenceHeader    = 1
	obuTemporalDelimiter = 2
	obuFrameHeader       = 3
	obuMetadata          = 5
	obuFrame             = 6
	obuTileList          = 8
	obuPadding           = 15
)

// ParseAV1 reads the aggregation header and the OBU headers of a payload (AV1 RTP
// payload format sections 4.4 and 4.5), for packets without dependency
// descriptor.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|Z|Y| W |N|-|-|-|  then W elements (W 0: any number), each behind its size
//	+-+-+-+-+-+-+-+-+  in leb128, but for the last one if W is not 0
//
// Start is set if the payload begins with a whole OBU (Z 0) that can begin a
// frame: a temporal delimiter, sequence header, metadata, frame header or frame.
// Where these come in packets of their own, several packets of one frame have
// it; tile groups never have it. Keyframe is set if the payload has a sequence
// header, is the first packet of a coded video sequence (N) or has that
// header as its first OBU, and shows no frame header of another frame type
// than KEY_FRAME: some encoders repeat sequence headers. The layer comes from
// the first OBU with an extension, the size from the first sequence header.
// Errors: ErrShort, ErrNoPayload, ErrReserved (Z with N, the forbidden bit).
func ParseAV1(payload []byte, d *Descriptor) error {
	d.reset()
	if len(payload) == 0 {
		return ErrShort
	}
	if len(payload) == 1 {
		return ErrNoPayload
	}
	continued, newSequence := payload[0]&0x80 != 0, payload[0]&0x08 != 0
	if continued && newSequence {
		return ErrReserved
	}
	var scan obuScan
	if err := scan.elements(payload[1:], int(payload[0]>>4&0x03), continued, d); err != nil {
		return d.fail(err)
	}
	d.Start = !continued && (scan.delimiter || beginsFrame(scan.first))
	d.Keyframe = d.Start && scan.sequence && !scan.otherFrame &&
		(newSequence || scan.first == obuSequenceHeader)
	return nil
}

// beginsFrame says whether an OBU of this type can be the first one of a frame.
func beginsFrame(kind uint8) bool {
	switch kind {
	case obuSequenceHeader, obuMetadata, obuFrameHeader, obuFrame:
		return true
	}
	return false
}

// obuScan sums up the OBUs that begin in one packet.
type obuScan struct {
	first      uint8 // type of the first OBU that is not to be ignored, 0 none
	delimiter  bool  // a temporal delimiter came before it
	sequence   bool  // there is a sequence header
	still      bool  // the first one has reduced_still_picture_header
	otherFrame bool  // there is a frame that is no key frame
	layered    bool  // the layer is known
}

// elements walks the OBU elements of a packet. count is W, continued is Z.
func (s *obuScan) elements(rest []byte, count int, continued bool, d *Descriptor) error {
	seen := 0
	for len(rest) > 0 {
		seen++
		size := len(rest)
		if seen != count {
			n, used := leb128(rest)
			if used == 0 || n > uint64(len(rest)-used) {
				return ErrShort
			}
			rest, size = rest[used:], int(n)
		}
		element := rest[:size]
		rest = rest[size:]
		if size == 0 || continued && seen == 1 {
			continue
		}
		if err := s.obu(element, d); err != nil {
			return err
		}
	}
	if seen < count {
		return ErrShort
	}
	return nil
}

// obu takes one OBU, or its first fragment, into account.
//
//	+-+-+-+-+-+-+-+-+
//	|0| type  |X|S|-|
//	+-+-+-+-+-+-+-+-+
//	| TID |SID|-|-|-|  if X
//	+-+-+-+-+-+-+-+-+
//	| size (leb128) |  if S
//	+-+-+-+-+-+-+-+-+
func (s *obuScan) obu(obu []byte, d *Descriptor) error {
	head := obu[0]
	if head&0x80 != 0 {
		return ErrReserved
	}
	kind, body := head>>3&0x0f, obu[1:]
	if head&0x04 != 0 {
		if len(body) == 0 {
			return ErrShort
		}
		if !s.layered {
			d.Temporal, d.Spatial = int8(body[0]>>5), int8(body[0]>>3&0x03)
			s.layered = true
		}
		body = body[1:]
	}
	if head&0x02 != 0 {
		_, used := leb128(body)
		if used == 0 {
			return ErrShort
		}
		body = body[used:]
	}
	s.content(kind, body, d)
	return nil
}

// content looks into the body of an OBU, which may be cut short.
func (s *obuScan) content(kind uint8, body []byte, d *Descriptor) {
	switch kind {
	case obuTemporalDelimiter:
		s.delimiter = s.delimiter || s.first == 0
		return
	case obuTileList, obuPadding:
		return
	case obuSequenceHeader:
		if !s.sequence {
			s.still = len(body) > 0 && body[0]&0x08 != 0
			d.Width, d.Height = readSequenceSize(body)
		}
		s.sequence = true
	case obuFrameHeader, obuFrame:
		// show_existing_frame, then frame_type: KEY_FRAME is 0 (section 5.9.2).
		if len(body) > 0 && body[0]&0xe0 != 0 && !s.still {
			s.otherFrame = true
		}
	}
	if s.first == 0 {
		s.first = kind
	}
}

// leb128 reads a number of at most 8 bytes (AV1 section 4.10.5) and returns how
// many it took, 0 if buf ends inside it or it goes on after the eighth.
func leb128(buf []byte) (v uint64, used int) {
	for i, b := range buf {
		if i == 8 {
			break
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}
