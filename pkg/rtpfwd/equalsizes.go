package rtpfwd

import "math/bits"

// Bounds of the padding that makes sizes equal. libwebrtc divides a frame into packets that differ by a byte, and gives the first one some
// bytes less for its longer header.
const (
	maxEvening = 16 // bytes
	// eveningShare bounds it for small packets: a 64th of the largest.
	eveningShare = 64
)

// evenRun is packets of one Encoding, one after the other, of about equal size.
type evenRun struct {
	first, last int // in the row; nothing: last < first
	least, most int // bytes
}

// EqualSizes says with how many bytes of padding (RFC 3550 section 5.1) the packets of a row, in the order of sending, form runs of equal
// size, of which the last may be shorter: such a run can leave as one message, which is cut behind the queues of the kernel. It sets one of
// pads for each packet; those of audio, and all that are alone or differ by more than 16 bytes or a 64th, get 0. It is for Choice.Pad.
//
// No packet becomes larger than the largest of its run.
func EqualSizes(row []*Packet, pads []uint8) {
	var runs [maxEncodings]evenRun
	for i := range runs {
		runs[i].last = -1
	}
	for i, p := range row {
		pads[i] = 0
		if p.Encoding >= maxEncodings || !p.Codec.Video() {
			continue
		}
		r, size := &runs[p.Encoding], p.evenSize()
		most := max(r.most, size)
		if r.last < 0 || most-r.least > min(maxEvening, most/eveningShare) {
			r.pad(row, pads)
			*r = evenRun{first: i, last: i, least: size, most: size}
			continue
		}
		r.last, r.least, r.most = i, min(r.least, size), most
	}
	for i := range runs {
		runs[i].pad(row, pads)
	}
}

// pad evens all of the run but its last packet, which may be shorter.
func (r *evenRun) pad(row []*Packet, pads []uint8) {
	for i := r.first; i < r.last; i++ {
		if p := row[i]; p.Encoding == row[r.last].Encoding && p.Codec.Video() {
			pads[i] = uint8(r.most - p.evenSize())
		}
	}
}

// evenSize is the part of the size of a packet in which it differs from others of its Encoding when it is sent.
func (p *Packet) evenSize() int {
	extensions := 0
	for left := p.present &^ (1 << videoLayersAllocation); left != 0; left &= left - 1 {
		extensions += 1 + int(p.extensions[bits.TrailingZeros8(left)].size)
	}
	return len(p.Payload()) + (extensions+3)&^3
}
