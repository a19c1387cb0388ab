package codec

// ParseVP8 reads the payload descriptor of RFC 7741 section 4.2 and, in the
// first packet of a frame, the frame tag of section 4.3.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|X|R|N|S|R| PID |  N: Discardable; S and PID 0: Start
//	+-+-+-+-+-+-+-+-+
//	|I|L|T|K|  RSV  |  if X
//	+-+-+-+-+-+-+-+-+
//	|M| PictureID   |  if I, one or two bytes
//	+-+-+-+-+-+-+-+-+
//	|   TL0PICIDX   |  if L
//	+-+-+-+-+-+-+-+-+
//	|TID|Y| KEYIDX  |  if T or K
//	+-+-+-+-+-+-+-+-+
//
// Errors: ErrShort, ErrNoPayload.
func ParseVP8(payload []byte, d *Descriptor) error {
	d.reset()
	at, err := readVP8Descriptor(payload, d)
	if err != nil {
		return d.fail(err)
	}
	if at >= len(payload) {
		return d.fail(ErrNoPayload)
	}
	d.Discardable = payload[0]&0x20 != 0
	d.Start = payload[0]&0x17 == 0x10
	if d.Start {
		readVP8FrameTag(payload[at:], d)
	}
	return nil
}

// readVP8Descriptor reads the optional fields and returns their end.
func readVP8Descriptor(payload []byte, d *Descriptor) (int, error) {
	if len(payload) == 0 {
		return 0, ErrShort
	}
	if payload[0]&0x80 == 0 {
		return 1, nil
	}
	if len(payload) < 2 {
		return 0, ErrShort
	}
	flags, at := payload[1], 2
	if flags&0x80 != 0 {
		var err error
		if at, err = d.readPictureID(payload, at); err != nil {
			return 0, err
		}
	}
	if flags&0x40 != 0 {
		if at >= len(payload) {
			return 0, ErrShort
		}
		d.TL0, d.tl0At = int16(payload[at]), uint8(at)
		at++
	}
	if flags&0x30 == 0 {
		return at, nil
	}
	if at >= len(payload) {
		return 0, ErrShort
	}
	if flags&0x20 != 0 {
		d.Temporal = int8(payload[at] >> 6)
		d.SwitchUp = payload[at]&0x20 != 0
	}
	if flags&0x10 != 0 {
		d.KeyIdx, d.keyIdxAt = int8(payload[at]&0x1f), uint8(at)
	}
	return at + 1, nil
}

// readVP8FrameTag reads the inverse key frame bit P and, of a keyframe, the
// size: 3 bytes of tag, the start code 9d 01 2a, then width and height of 14
// bits, little endian, below two bits of scaling (RFC 6386 section 9.1).
func readVP8FrameTag(frame []byte, d *Descriptor) {
	d.Keyframe = frame[0]&0x01 == 0
	if !d.Keyframe || len(frame) < 10 {
		return
	}
	if frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a {
		return
	}
	d.Width = (uint16(frame[6]) | uint16(frame[7])<<8) & 0x3fff
	d.Height = (uint16(frame[8]) | uint16(frame[9])<<8) & 0x3fff
}

// RewriteVP8 overwrites the picture id, TL0PICIDX and KEYIDX that are present.
// payload must be the one that ParseVP8 filled d from, or a copy. The layout
// stays: pictureID is cut to the 7 or 15 bits of the packet, keyIdx to 5 bits.
func RewriteVP8(payload []byte, d *Descriptor, pictureID uint16, tl0 uint8, keyIdx uint8) {
	d.writePictureID(payload, pictureID)
	d.writeTL0(payload, tl0)
	if at := int(d.keyIdxAt); at != 0 && at < len(payload) {
		payload[at] = payload[at]&0xe0 | keyIdx&0x1f
	}
}
