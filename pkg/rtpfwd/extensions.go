package rtpfwd

// ExtensionIDs are the negotiated ids of the header extensions (RFC 8285) of one
// direction, 1 to 14 or, with two-byte headers, 1 to 255. 0: not negotiated.
type ExtensionIDs struct {
	MID                   uint8 // RFC 9143
	RID                   uint8 // RFC 8852
	RepairedRID           uint8 // RFC 8852
	AudioLevel            uint8 // RFC 6464
	AbsSendTime           uint8 // abs-send-time of libwebrtc, per hop
	TransportCC           uint8 // transport-wide sequence number, per hop
	VideoOrientation      uint8 // 3GPP TS 26.114 section 7.4.5
	PlayoutDelay          uint8 // playout-delay of libwebrtc
	AbsCaptureTime        uint8 // abs-capture-time of libwebrtc
	DependencyDescriptor  uint8 // AV1 RTP payload format appendix A
	VideoLayersAllocation uint8 // video-layers-allocation00 of libwebrtc
}

// kind is an extension that is passed on from the publisher to subscribers. The
// others are per hop or name streams of one Transport.
type kind uint8

const (
	audioLevel kind = iota
	videoOrientation
	playoutDelay
	absCaptureTime
	dependencyDescriptor
	videoLayersAllocation
	kindCount
)

// kindIDs is an id for each kind, 0: not negotiated.
type kindIDs [kindCount]uint8

// passed returns the ids of the kinds that are passed on; none if e is nil.
func (e *ExtensionIDs) passed() kindIDs {
	if e == nil {
		return kindIDs{}
	}
	return kindIDs{
		audioLevel:            e.AudioLevel,
		videoOrientation:      e.VideoOrientation,
		playoutDelay:          e.PlayoutDelay,
		absCaptureTime:        e.AbsCaptureTime,
		dependencyDescriptor:  e.DependencyDescriptor,
		videoLayersAllocation: e.VideoLayersAllocation,
	}
}

// span is a part of a packet. size 0: not there.
type span struct{ at, size uint16 }

// of returns the bytes of the span.
func (s span) of(raw []byte) []byte { return raw[s.at : s.at+s.size] }

// Profiles of the header extension (RFC 8285 sections 4.2 and 4.3).
const (
	oneByteProfile = 0xbede
	twoByteProfile = 0x1000 // the low four bits are free
)

// extensionWalk visits the elements of a header extension in order.
//
//	one-byte: |  ID   |size-1 | data ...     ID 0: a padding byte, ID 15: the end
//	two-byte: |      ID       |     size      | data ...    ID 0: a padding byte
type extensionWalk struct {
	at, end   int
	wide      bool // two-byte headers
	malformed bool // an element passes the end
}

// walk starts at the first element. Unknown profiles have no elements.
func (h *header) walk() extensionWalk {
	w := extensionWalk{at: h.extensionAt, end: h.extensionEnd}
	switch {
	case h.profile == oneByteProfile:
	case h.profile&0xfff0 == twoByteProfile:
		w.wide = true
	default:
		w.at = w.end
	}
	return w
}

// next returns the id and the place of the next element; id 0 means the end.
func (w *extensionWalk) next(raw []byte) (id uint8, place span) {
	for w.at < w.end && raw[w.at] == 0 {
		w.at++
	}
	if w.at >= w.end {
		return 0, place
	}
	id, size, at := raw[w.at]>>4, int(raw[w.at]&0x0f)+1, w.at+1
	if w.wide {
		if at == w.end {
			w.malformed = true
			return 0, place
		}
		id, size, at = raw[w.at], int(raw[at]), at+1
	} else if id == 15 {
		w.at = w.end
		return 0, place
	}
	if at+size > w.end {
		w.malformed = true
		return 0, place
	}
	w.at = at + size
	return id, span{uint16(at), uint16(size)}
}

// ExtensionOf finds the header extension with this id in a raw RTP packet, one- or
// two-byte headers, and returns its data, a part of raw. It keeps no state and
// never reads outside raw: it serves to route packets of unknown SSRCs by MID and
// RID, and to read the transport-wide sequence number. False if the packet does
// not parse, id is 0, or there is no such element.
func ExtensionOf(raw []byte, id uint8) ([]byte, bool) {
	h, ok := parseHeader(raw)
	if !ok || id == 0 {
		return nil, false
	}
	w := h.walk()
	for {
		found, place := w.next(raw)
		if found == 0 {
			return nil, false
		}
		if found == id {
			return place.of(raw), true
		}
	}
}
