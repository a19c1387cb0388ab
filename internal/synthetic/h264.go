package synthetic

import "encoding/binary"

const (
	h264FirstSlice = 0x88 // first_mb_in_slice 0
	h264FUA        = 28
	h264STAPA      = 24
	h264IDR        = 0x65 // NAL header of an IDR slice
	h264Slice      = 0x41 // NAL header of another slice
)

// h264 sends a slice in fragments (RFC 6184, section 5.8), and before an IDR picture its parameter sets in a packet of their own (5.7.1).
func (e *Encoder) h264(f *frame) []Packet {
	var out []Packet
	header := byte(h264Slice)
	if f.Key {
		header = h264IDR
		out = append(out, Packet{Payload: appendNAL(appendNAL([]byte{0x60 | h264STAPA}, e.sps()), []byte{0x68, 0xce, 0x3c, 0x80})})
	}
	all := parts(f.content)
	for i, part := range all {
		fragment := header & 0x1f
		if i == 0 {
			fragment |= 0x80
		}
		if i == len(all)-1 && i > 0 {
			fragment |= 0x40
		}
		payload := []byte{header&0x60 | h264FUA, fragment}
		if len(all) == 1 {
			payload = []byte{header}
		}
		out = append(out, Packet{Payload: append(payload, part...)})
	}
	return out
}

func appendNAL(b, nal []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(nal))), nal...)
}

// sps is a sequence parameter set of baseline profile with the picture size in macroblocks (H.264, section 7.3.2.1.1).
func (e *Encoder) sps() []byte {
	w := &bitWriter{buf: []byte{0x67, 66, 0xe0, 31}, pos: 32}
	w.ue(0) // id
	w.ue(0) // log2_max_frame_num_minus4
	w.ue(2) // pic_order_cnt_type
	w.ue(1) // max_num_ref_frames
	w.u(1, 0)
	w.ue(uint32((e.config.Width+15)/16 - 1))
	w.ue(uint32((e.config.Height+15)/16 - 1))
	w.u(1, 1) // frame_mbs_only_flag
	w.u(1, 1) // direct_8x8_inference_flag
	cropX, cropY := uint32(-e.config.Width&15)/2, uint32(-e.config.Height&15)/2
	if cropX|cropY == 0 {
		w.u(1, 0)
	} else {
		w.u(1, 1)
		w.ue(0)
		w.ue(cropX)
		w.ue(0)
		w.ue(cropY)
	}
	w.u(1, 0) // no VUI
	w.u(1, 1) // stop bit
	return w.buf
}

// splitH264 takes NAL and fragment headers off. Parameter sets have no content.
func splitH264(b []byte) (p piece, ok bool) {
	if len(b) < 3 {
		return p, false
	}
	switch b[0] & 0x1f {
	case h264STAPA:
		return p, true
	case h264FUA:
		p.start, p.content = b[1]&0x80 != 0, b[2:]
	default:
		p.start, p.content = true, b[1:]
	}
	return p, true
}
