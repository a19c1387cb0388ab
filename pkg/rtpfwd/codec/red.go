package codec

const (
	// MaxREDBlocks is how many blocks a RED payload may have, the primary one
	// included. libwebrtc sends two.
	MaxREDBlocks = 8
	// MaxREDOffset is the largest timestamp offset that the header of a redundant
	// block can hold, in ticks: 14 bits.
	MaxREDOffset = 1<<14 - 1
	// MaxREDLength is the largest length that such a header can hold, in bytes: 10 bits.
	MaxREDLength = 1<<10 - 1
	// REDHeaderSize is the size of the header of a redundant block in bytes.
	REDHeaderSize = 4
	// REDPrimarySize is the size of the header of the primary block in bytes.
	REDPrimarySize = 1
)

// REDBlock is one block of a RED payload.
type REDBlock struct {
	// PayloadType is that of the block, 7 bits.
	PayloadType uint8
	// Offset is how much older than the packet the block is, in ticks of the
	// timestamp; 0 of the primary block.
	Offset uint16
	// Start and End are the place of its bytes in the payload.
	Start, End uint16
}

// RED is a parsed payload of redundant audio (RFC 2198).
type RED struct {
	blocks [MaxREDBlocks]REDBlock
	count  int
}

// Blocks returns the blocks in the order of the payload: redundant ones, the oldest
// first as everybody sends them, and the primary one last. Empty after an error.
func (r *RED) Blocks() []REDBlock { return r.blocks[:r.count] }

// Primary returns the block that the packet was sent for. Its bytes may be none: a
// pause of discontinuous transmission that only repeats what came before.
func (r *RED) Primary() REDBlock { return r.blocks[r.count-1] }

// ParseRED reads the headers of RFC 2198 section 3.
//
//	 0                   1                    2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|1|   block PT  |  timestamp offset         |   block length    |  redundant
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|0|   block PT  |  primary: the rest of the payload
//	+-+-+-+-+-+-+-+-+
//
// The headers come first, then the bytes of the blocks in the same order. Payloads
// have at most 65,535 bytes.
//
// Errors: ErrShort if a header or a redundant block passes the end, ErrTooLarge if
// there are more than MaxREDBlocks blocks or more bytes.
func ParseRED(payload []byte, r *RED) error {
	r.count = 0
	if len(payload) > 1<<16-1 {
		return ErrTooLarge
	}
	count, at, end := 0, 0, 0 // end: of the bytes of all redundant blocks, from their start
	for {
		if at >= len(payload) {
			return ErrShort
		}
		if count == MaxREDBlocks {
			return ErrTooLarge
		}
		b := &r.blocks[count]
		count++
		if payload[at]&0x80 == 0 {
			*b = REDBlock{PayloadType: payload[at]}
			at += REDPrimarySize
			break
		}
		if at+REDHeaderSize > len(payload) {
			return ErrShort
		}
		offset, length := readREDHeader(payload[at:])
		*b = REDBlock{PayloadType: payload[at] & 0x7f, Offset: offset, Start: uint16(end), End: uint16(end + length)}
		at += REDHeaderSize
		end += length
	}
	if at+end > len(payload) {
		return ErrShort
	}
	for i := range count - 1 {
		r.blocks[i].Start += uint16(at)
		r.blocks[i].End += uint16(at)
	}
	r.blocks[count-1].Start, r.blocks[count-1].End = uint16(at+end), uint16(len(payload))
	r.count = count
	return nil
}

// readREDHeader reads what follows the payload type of a redundant block.
func readREDHeader(b []byte) (offset uint16, length int) {
	return uint16(b[1])<<6 | uint16(b[2])>>2, int(b[2]&3)<<8 | int(b[3])
}

// RewriteRED gives all blocks another payload type, in place: those of one direction
// mean nothing in another. A payload that ParseRED refuses may be changed up to
// where it breaks off.
func RewriteRED(payload []byte, payloadType uint8) {
	for at := 0; at < len(payload); at += REDHeaderSize {
		more := payload[at] & 0x80
		payload[at] = more | payloadType&0x7f
		if more == 0 {
			return
		}
	}
}

// PutREDHeader writes the header of a redundant block into the first four bytes of
// dst. Offset and length must be at most MaxREDOffset and MaxREDLength.
func PutREDHeader(dst []byte, payloadType uint8, offset uint16, length int) {
	dst[0] = 0x80 | payloadType&0x7f
	dst[1], dst[2], dst[3] = byte(offset>>6), byte(offset<<2)|byte(length>>8), byte(length)
}

// PutREDPrimary writes the header of the primary block into the first byte of dst.
func PutREDPrimary(dst []byte, payloadType uint8) { dst[0] = payloadType & 0x7f }
