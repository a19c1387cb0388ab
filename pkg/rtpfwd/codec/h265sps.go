package codec

// hevcSPSLimit is how many bytes of a sequence parameter set are looked at for the
// size: with seven sub-layers and the longest numbers it ends before that.
const hevcSPSLimit = 192

// readHEVCSize returns the cropped picture size in pixels of a sequence parameter
// set, NAL header included (H.265 section 7.3.2.2.1), or zeros if it is cut short,
// absurd, or does not fit into 16 bits.
func readHEVCSize(nal []byte) (width, height uint16) {
	var rbsp [hevcSPSLimit]byte
	r := bitReader{buf: rbsp[:unescape(rbsp[:], nal)]}
	r.u(16 + 4) // NAL header, sps_video_parameter_set_id
	sublayers := int(r.u(3))
	r.flag() // sps_temporal_id_nesting_flag
	if sublayers > 6 {
		return 0, 0
	}
	skipProfile(&r, sublayers)
	r.ue() // sps_seq_parameter_set_id
	chroma := r.ue()
	if chroma == 3 && r.flag() { // separate_colour_plane_flag
		chroma = 0
	}
	w, h := uint64(r.ue()), uint64(r.ue())
	cropX, cropY := readCropping(&r, chroma) // conformance_window_flag and its offsets
	if r.overrun || chroma > 3 || w > 0xffff || h > 0xffff || cropX >= w || cropY >= h {
		return 0, 0
	}
	return uint16(w - cropX), uint16(h - cropY)
}

// skipProfile skips profile_tier_level (H.265 section 7.3.3): 88 bits of profile
// and 8 of level for all, then for each sub-layer but the highest what its two
// flags say.
func skipProfile(r *bitReader, sublayers int) {
	r.skip(88 + 8)
	if sublayers == 0 {
		return
	}
	flags := r.u(16) // two for each sub-layer, eight times, with what is reserved
	for i := range sublayers {
		if flags<<(2*i)&0x8000 != 0 {
			r.skip(88)
		}
		if flags<<(2*i)&0x4000 != 0 {
			r.skip(8)
		}
	}
}
