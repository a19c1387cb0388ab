package codec

// spsLimit is how many bytes of a sequence parameter set are looked at for the
// size. Encoders need some 20; twelve full scaling lists take up to 900.
const spsLimit = 1024

// readSPSSize returns the cropped picture size in pixels of a sequence parameter
// set, NAL header included (H.264 section 7.3.2.1.1), or zeros if it is cut
// short, absurd, or does not fit into 16 bits.
func readSPSSize(nal []byte) (width, height uint16) {
	var rbsp [spsLimit]byte
	r := bitReader{buf: rbsp[:unescape(rbsp[:], nal)]}
	r.u(8) // NAL header
	profile := r.u(8)
	r.u(16) // constraints, level
	r.ue()  // seq_parameter_set_id
	chroma := uint32(1)
	if hasChromaFormat(profile) {
		chroma = skipChroma(&r)
	}
	r.ue() // log2_max_frame_num_minus4
	skipPictureOrder(&r)
	r.ue()   // max_num_ref_frames
	r.flag() // gaps_in_frame_num_value_allowed_flag
	columns, rows := uint64(r.ue())+1, uint64(r.ue())+1
	fields := uint64(1) // per frame
	if !r.flag() {      // frame_mbs_only_flag
		fields = 2
		r.flag() // mb_adaptive_frame_field_flag
	}
	r.flag() // direct_8x8_inference_flag
	cropX, cropY := readCropping(&r, chroma)
	w, h := 16*columns, 16*fields*rows
	cropY *= fields
	if r.overrun || w > 0xffff || h > 0xffff || cropX >= w || cropY >= h {
		return 0, 0
	}
	return uint16(w - cropX), uint16(h - cropY)
}

// unescape copies src to dst without the emulation prevention bytes (the 3 of
// 0 0 3, H.264 section 7.4.1) and returns how many bytes it wrote.
func unescape(dst, src []byte) int {
	n, zeros := 0, 0
	for _, b := range src {
		if n == len(dst) {
			break
		}
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		zeros++
		if b != 0 {
			zeros = 0
		}
		dst[n] = b
		n++
	}
	return n
}

// hasChromaFormat says whether a profile has the fields of the high profiles.
func hasChromaFormat(profile uint32) bool {
	switch profile {
	case 44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244:
		return true
	}
	return false
}

// skipChroma reads the fields of the high profiles and returns ChromaArrayType.
func skipChroma(r *bitReader) uint32 {
	chroma := r.ue()
	lists := 8
	separate := false
	if chroma == 3 {
		lists = 12
		separate = r.flag()
	}
	r.ue()         // bit_depth_luma_minus8
	r.ue()         // bit_depth_chroma_minus8
	r.flag()       // qpprime_y_zero_transform_bypass_flag
	if !r.flag() { // seq_scaling_matrix_present_flag
		lists = 0
	}
	for i := range lists {
		if !r.flag() {
			continue
		}
		size := 64
		if i < 6 {
			size = 16
		}
		skipScalingList(r, size)
	}
	if separate {
		return 0
	}
	return chroma
}

// skipScalingList reads one list of section 7.3.2.1.1.1: it ends early when the
// next scale becomes 0.
func skipScalingList(r *bitReader, size int) {
	last := int32(8)
	for range size {
		next := (last + r.se()) & 0xff
		if next == 0 || r.overrun {
			return
		}
		last = next
	}
}

// skipPictureOrder reads the fields of the picture order count.
func skipPictureOrder(r *bitReader) {
	switch r.ue() {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.flag() // delta_pic_order_always_zero_flag
		r.se()   // offset_for_non_ref_pic
		r.se()   // offset_for_top_to_bottom_field
		for n := r.ue(); n > 0 && !r.overrun; n-- {
			r.se() // offset_for_ref_frame
		}
	}
}

// readCropping returns the cropped luma columns and rows (of a field, where there
// are fields) for a ChromaArrayType.
func readCropping(r *bitReader, chroma uint32) (x, y uint64) {
	if !r.flag() { // frame_cropping_flag
		return 0, 0
	}
	x = uint64(r.ue()) + uint64(r.ue())
	y = uint64(r.ue()) + uint64(r.ue())
	if chroma == 1 || chroma == 2 {
		x *= 2
	}
	if chroma == 1 {
		y *= 2
	}
	return x, y
}
