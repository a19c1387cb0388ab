package codec

// vp9MaxRefs is the largest number of P_DIFF of a frame in flexible mode.
const vp9MaxRefs = 3

// The bits of the first byte of a VP9 payload descriptor.
const (
	vp9PictureID = 0x80 // I: picture id present
	vp9Predicted = 0x40 // P: inter-picture predicted frame
	vp9Layers    = 0x20 // L: layer indices present
	vp9Flexible  = 0x10 // F: flexible mode
	vp9Begin     = 0x08 // B: start of a frame
	vp9End       = 0x04 // E: end of a frame
	vp9Structure = 0x02 // V: scalability structure present
	vp9NotUpper  = 0x01 // Z: not a reference frame for upper spatial layers
)

// ParseVP9 reads the payload descriptor of RFC 9628 section 4.2, in flexible
// and in non-flexible mode, with the scalability structure of section 4.2.1.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|I|P|L|F|B|E|V|Z|  P: Predicted; B: Start; E: End; Z: NotForUpper
//	+-+-+-+-+-+-+-+-+
//	|M| PictureID   |  if I, one or two bytes
//	+-+-+-+-+-+-+-+-+
//	| TID |U| SID |D|  if L; U: SwitchUp; D: InterLayer
//	+-+-+-+-+-+-+-+-+
//	|   TL0PICIDX   |  if L and not F
//	+-+-+-+-+-+-+-+-+
//	|    P_DIFF   |N|  if P and F, up to three times
//	+-+-+-+-+-+-+-+-+
//	|      SS       |  if V
//	+-+-+-+-+-+-+-+-+
//
// Keyframe is the start of a picture without inter-picture prediction: P is 0,
// B is 1, and the spatial layer is 0, because a higher layer alone starts
// nothing. The frame itself is not looked at, as it may be encrypted end to end.
// Errors: ErrShort, ErrNoPayload, ErrTooLarge (a fourth P_DIFF).
func ParseVP9(payload []byte, d *Descriptor) error {
	d.reset()
	if len(payload) == 0 {
		return ErrShort
	}
	at, err := readVP9Descriptor(payload, d)
	if err != nil {
		return d.fail(err)
	}
	if at >= len(payload) {
		return d.fail(ErrNoPayload)
	}
	flags := payload[0]
	d.Start = flags&vp9Begin != 0
	d.End = flags&vp9End != 0
	d.Predicted = flags&vp9Predicted != 0
	d.NotForUpper = flags&vp9NotUpper != 0
	d.Keyframe = d.Start && !d.Predicted && d.Spatial == 0
	only := flags&vp9Layers == 0
	highest := d.SpatialLayers != 0 && int(d.Spatial) == int(d.SpatialLayers)-1
	d.EndOfSuperframe = d.End && (only || highest)
	return nil
}

// readVP9Descriptor reads the fields behind the first byte and returns their end.
func readVP9Descriptor(payload []byte, d *Descriptor) (int, error) {
	flags, at := payload[0], 1
	var err error
	if flags&vp9PictureID != 0 {
		if at, err = d.readPictureID(payload, at); err != nil {
			return 0, err
		}
	}
	if flags&vp9Layers != 0 {
		if at, err = readVP9Layers(payload, at, d); err != nil {
			return 0, err
		}
	}
	if flags&vp9Predicted != 0 && flags&vp9Flexible != 0 {
		if at, err = skipVP9Refs(payload, at); err != nil {
			return 0, err
		}
	}
	if flags&vp9Structure != 0 {
		return readVP9Structure(payload, at, d)
	}
	return at, nil
}

// readVP9Layers reads the layer indices and, in non-flexible mode, TL0PICIDX.
func readVP9Layers(payload []byte, at int, d *Descriptor) (int, error) {
	if at >= len(payload) {
		return 0, ErrShort
	}
	b := payload[at]
	d.Temporal = int8(b >> 5)
	d.SwitchUp = b&0x10 != 0
	d.Spatial = int8(b >> 1 & 0x07)
	d.InterLayer = b&0x01 != 0
	at++
	if payload[0]&vp9Flexible != 0 {
		return at, nil
	}
	if at >= len(payload) {
		return 0, ErrShort
	}
	d.TL0, d.tl0At = int16(payload[at]), uint8(at)
	return at + 1, nil
}

// skipVP9Refs skips the P_DIFF bytes, of which each but the last has N set.
func skipVP9Refs(payload []byte, at int) (int, error) {
	for range vp9MaxRefs {
		if at >= len(payload) {
			return 0, ErrShort
		}
		at++
		if payload[at-1]&0x01 == 0 {
			return at, nil
		}
	}
	return 0, ErrTooLarge
}

// readVP9Structure reads the scalability structure at offset at.
//
//	+-+-+-+-+-+-+-+-+
//	| N_S |Y|G|-|-|-|
//	+-+-+-+-+-+-+-+-+
//	|  width (16)   |  if Y, N_S + 1 times width and height
//	|  height (16)  |
//	+-+-+-+-+-+-+-+-+
//	|      N_G      |  if G
//	+-+-+-+-+-+-+-+-+
//	| TID |U| R |-|-|  N_G times, each with R bytes of P_DIFF
//	+-+-+-+-+-+-+-+-+
func readVP9Structure(payload []byte, at int, d *Descriptor) (int, error) {
	if at >= len(payload) {
		return 0, ErrShort
	}
	head := payload[at]
	at++
	layers := int(head>>5) + 1
	d.SpatialLayers = uint8(layers)
	if head&0x10 != 0 {
		if len(payload)-at < 4*layers {
			return 0, ErrShort
		}
		at += 4 * layers
		highest := payload[at-4 : at]
		d.Width = uint16(highest[0])<<8 | uint16(highest[1])
		d.Height = uint16(highest[2])<<8 | uint16(highest[3])
	}
	if head&0x08 == 0 {
		return at, nil
	}
	return readVP9PictureGroup(payload, at, d)
}

// readVP9PictureGroup reads N_G and its pictures for the highest temporal layer.
func readVP9PictureGroup(payload []byte, at int, d *Descriptor) (int, error) {
	if at >= len(payload) {
		return 0, ErrShort
	}
	pictures := int(payload[at])
	at++
	var highest uint8
	for range pictures {
		if at >= len(payload) {
			return 0, ErrShort
		}
		highest = max(highest, payload[at]>>5)
		at += 1 + int(payload[at]>>2&0x03)
	}
	if at > len(payload) {
		return 0, ErrShort
	}
	if pictures > 0 {
		d.TemporalLayers = highest + 1
	}
	return at, nil
}

// RewriteVP9 overwrites the picture id and TL0PICIDX that are present. payload
// must be the one that ParseVP9 filled d from, or a copy. The layout stays:
// pictureID is cut to the 7 or 15 bits of the packet. References are differences
// of picture ids, so ids of one source may only be shifted by a constant.
func RewriteVP9(payload []byte, d *Descriptor, pictureID uint16, tl0 uint8) {
	d.writePictureID(payload, pictureID)
	d.writeTL0(payload, tl0)
}
