package rtpfwd

import "encoding/binary"

// Sizes of RFC 3550 section 5.1, in bytes.
const (
	headerSize = 12
	maxPacket  = 1<<16 - 1 // offsets of Packet are 16 bits
)

// header is the parsed fixed header of an RTP packet with the places of its parts.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           timestamp                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                             SSRC                              |
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//	|                   CSRC, CC times (0 to 15)                    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|            profile            |     length in 32-bit words    | if X
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type header struct {
	marker       bool
	payloadType  uint8
	seq          uint16
	time, ssrc   uint32
	profile      uint16 // of the header extension, 0 if there is none
	extensionAt  int    // the elements of the extension
	extensionEnd int
	payload      int // first byte of the payload
	end          int // behind the last byte of the payload, before the padding
}

// parseHeader reads the header of raw. It fails if a part passes the end of raw,
// or if the padding count is 0 or more than there is.
func parseHeader(raw []byte) (h header, ok bool) {
	if len(raw) < headerSize || len(raw) > maxPacket || raw[0]>>6 != 2 {
		return h, false
	}
	h.marker = raw[1]&0x80 != 0
	h.payloadType = raw[1] & 0x7f
	h.seq = get16(raw[2:])
	h.time, h.ssrc = get32(raw[4:]), get32(raw[8:])
	h.payload = headerSize + 4*int(raw[0]&0x0f)
	h.end = len(raw)
	if raw[0]&0x10 != 0 && !h.parseExtension(raw) {
		return h, false
	}
	if h.payload > h.end {
		return h, false
	}
	if raw[0]&0x20 != 0 {
		return h, h.cutPadding(raw)
	}
	return h, true
}

// parseExtension finds the header extension (RFC 3550 section 5.3.1).
func (h *header) parseExtension(raw []byte) bool {
	if h.payload+4 > len(raw) {
		return false
	}
	h.profile = get16(raw[h.payload:])
	h.extensionAt = h.payload + 4
	h.extensionEnd = h.extensionAt + 4*int(get16(raw[h.payload+2:]))
	h.payload = h.extensionEnd
	return h.extensionEnd <= len(raw)
}

// cutPadding takes the padding off; its last byte counts it, itself included.
func (h *header) cutPadding(raw []byte) bool {
	if h.payload == h.end {
		return false
	}
	padding := int(raw[h.end-1])
	h.end -= padding
	return padding > 0 && h.end >= h.payload
}

// get16 reads 16 bits in network byte order.
func get16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// get32 reads 32 bits in network byte order.
func get32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// put16 writes 16 bits in network byte order.
func put16(b []byte, v uint16) { binary.BigEndian.PutUint16(b, v) }

// put32 writes 32 bits in network byte order.
func put32(b []byte, v uint32) { binary.BigEndian.PutUint32(b, v) }
