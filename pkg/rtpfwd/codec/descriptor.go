package codec

// Descriptor is what forwarding needs to know of the payload of one packet. It
// holds plain values only, so it can be copied and kept with the packet.
// Every parser overwrites the whole Descriptor, also when it returns an error.
type Descriptor struct {
	// PictureID is the picture id of VP8 and VP9 or the frame number of the AV1
	// dependency descriptor, as wide as PictureIDBits says; -1 if there is none.
	PictureID int32
	// FrameNumber is the frame number of the dependency descriptor, 0 to 65535, or
	// -1 if the packet has none. Refs count in it.
	FrameNumber int32
	// TL0 is TL0PICIDX of VP8 and VP9, 0 to 255, or -1 if there is none.
	TL0 int16
	// Width and Height are the picture size in pixels, with spatial layers that of
	// the highest layer being sent; 0 where the packet does not tell. Sources: VP8
	// keyframe header, VP9 scalability structure, H264, H265 and AV1 sequence headers,
	// template structure of the dependency descriptor.
	Width, Height uint16
	// KeyIdx is KEYIDX of VP8, 0 to 31, or -1 if there is none.
	KeyIdx int8
	// PictureIDBits is the width of PictureID on the wire: 7, 15 (VP8, VP9), 16
	// (AV1), or 0 if there is none.
	PictureIDBits uint8

	// Spatial and Temporal are the layer of the frame, 0 where the packet has no
	// layer indices: also in AV1 packets without dependency descriptor that go on
	// with a frame. Spatial is at most 7 (VP9) or 3 (AV1), Temporal at most 7.
	Spatial, Temporal int8
	// SpatialLayers and TemporalLayers count the layers of the whole stream, 0
	// where the packet does not tell: the VP9 scalability structure (temporal
	// layers only with a picture group) and the template structure tell.
	SpatialLayers, TemporalLayers uint8

	// Start says that the packet is the first one of a frame; with SVC of the
	// frame of one spatial layer. For H264 and H265, and for AV1 without dependency
	// descriptor, several packets at the head of one frame may have it.
	Start bool
	// End says that the packet is the last one of such a frame. It stays false
	// where only the RTP marker tells: VP8, H264, H265, AV1 without descriptor.
	End bool
	// EndOfSuperframe says that End is set and no frame of a higher spatial layer
	// of the same picture can follow. False means no or not known: then the RTP
	// marker tells.
	EndOfSuperframe bool
	// Keyframe says that a keyframe which needs nothing before it starts with
	// this packet. The rest of the keyframe has it false, but for H264 and H265:
	// parameter sets and the first slice in separate packets all have it.
	Keyframe bool
	// ParameterSet says that the packet has the parameter set that a decoder must
	// see first: the sequence parameter set of H264, the video parameter set of H265.
	ParameterSet bool
	// SwitchUp says that a higher temporal layer may be taken from here: VP8 Y,
	// VP9 U, TSA and STSA pictures of H265, "switch" of the dependency descriptor
	// (see the package comment for the differences).
	SwitchUp bool
	// InterLayer says that the frame uses the next lower spatial layer of the same
	// picture: VP9 D. Other codecs leave it false.
	InterLayer bool
	// Predicted says that the frame refers to frames of earlier pictures: VP9 P. By
	// a dependency descriptor alone it says that the frame refers to any other
	// frame. Other codecs leave it false.
	Predicted bool
	// NotForUpper says that no frame of a higher spatial layer uses this one, now or
	// later: VP9 Z. Who gets a higher layer does not need it. Other codecs leave it
	// false.
	NotForUpper bool
	// Discardable says that no other frame refers to this one: VP8 N, H264
	// slices with nal_ref_idc 0, "discardable" of the dependency descriptor wherever
	// the frame is present. H265 tells it of the frame's own temporal layer: frames of
	// higher ones may refer to it.
	Discardable bool

	// HasTargets says that Present, SwitchTo, Active and Refs hold: the packet has a
	// dependency descriptor, and the structure that it needs is known.
	HasTargets bool
	// TellsTargets says that the descriptor brings a template structure or the
	// active decode targets: a receiver that gets fewer must then be told its own
	// (see RewriteActiveTargets).
	TellsTargets bool
	// Present has bit t of element s set if the frame is part of the decode target
	// of spatial layer s and temporal layer t. The layer of a decode target is that
	// of DecodeTarget; where two have the same, their bits are or-ed, here and below.
	Present [maxSpatial]uint8
	// SwitchTo has that bit set if the frame is a switch indication for the decode
	// target: with the frame, all later frames of the target can be decoded.
	SwitchTo [maxSpatial]uint8
	// Active has that bit set if the decode target is being sent.
	Active [maxSpatial]uint8
	// RefCount says how many elements of Refs hold, 0 to 8.
	RefCount uint8
	// Refs are the distances in frame numbers, 1 to 4096, to the frames that this
	// one refers to.
	Refs [maxDiffs]uint16

	// Offsets of the rewritable fields in the payload, 0 if absent: the first byte
	// of a payload is never one of them. All are below 6.
	pictureIDAt, tl0At, keyIdxAt uint8

	targets targetPlace
}

// reset sets d to "nothing known".
func (d *Descriptor) reset() {
	*d = Descriptor{PictureID: -1, FrameNumber: -1, TL0: -1, KeyIdx: -1}
}

// fail resets d, so that no half of a malformed packet is used, and returns err.
func (d *Descriptor) fail(err error) error {
	d.reset()
	return err
}

// AddPayload takes from p, which a parser filled from the payload, what the
// dependency descriptor that d was filled from does not tell: the picture id,
// TL0PICIDX and KEYIDX with their offsets, so that the rewriters work, how spatial
// layers use each other, and the picture size where a keyframe starts without one. The PictureID of d is given up even if p has none: it was the frame number.
// All else, the layer above all, stays that of the dependency descriptor, which
// also tells of payloads that are encrypted end to end.
func (d *Descriptor) AddPayload(p *Descriptor) {
	d.PictureID, d.PictureIDBits, d.pictureIDAt = p.PictureID, p.PictureIDBits, p.pictureIDAt
	d.TL0, d.tl0At = p.TL0, p.tl0At
	d.KeyIdx, d.keyIdxAt = p.KeyIdx, p.keyIdxAt
	d.InterLayer, d.NotForUpper = p.InterLayer, p.NotForUpper
	if d.Keyframe && d.Width == 0 {
		d.Width, d.Height = p.Width, p.Height
	}
}

// readPictureID reads the picture id at offset at of payload, which VP8 and VP9
// write alike, and returns the offset behind it.
//
//	+-+-+-+-+-+-+-+-+
//	|M| PictureID   |   M 0: 7 bits, M 1: 15 bits
//	+-+-+-+-+-+-+-+-+
//	|   PictureID   |   if M is 1
//	+-+-+-+-+-+-+-+-+
func (d *Descriptor) readPictureID(payload []byte, at int) (int, error) {
	if at >= len(payload) {
		return 0, ErrShort
	}
	id := int32(payload[at] & 0x7f)
	if payload[at]&0x80 == 0 {
		d.PictureID, d.PictureIDBits, d.pictureIDAt = id, 7, uint8(at)
		return at + 1, nil
	}
	if at+1 >= len(payload) {
		return 0, ErrShort
	}
	d.PictureID = id<<8 | int32(payload[at+1])
	d.PictureIDBits, d.pictureIDAt = 15, uint8(at)
	return at + 2, nil
}

// writePictureID overwrites the picture id with the low bits of id, as many as
// the packet has room for.
func (d *Descriptor) writePictureID(payload []byte, id uint16) {
	at := int(d.pictureIDAt)
	switch {
	case at == 0:
	case d.PictureIDBits == 7 && at < len(payload):
		payload[at] = uint8(id & 0x7f)
	case d.PictureIDBits == 15 && at+1 < len(payload):
		payload[at] = 0x80 | uint8(id>>8)
		payload[at+1] = uint8(id)
	}
}

// writeTL0 overwrites TL0PICIDX where the packet has it.
func (d *Descriptor) writeTL0(payload []byte, tl0 uint8) {
	if at := int(d.tl0At); at != 0 && at < len(payload) {
		payload[at] = tl0
	}
}
