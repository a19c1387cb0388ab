package codec

// readSequenceSize returns max_frame_width and max_frame_height of the body of a
// sequence header OBU (AV1 section 5.5.1), or zeros if it is cut short or the
// size does not fit into 16 bits (65,536 is the largest that AV1 can say).
func readSequenceSize(body []byte) (width, height uint16) {
	r := bitReader{buf: body}
	r.u(3)        // seq_profile
	r.flag()      // still_picture
	if r.flag() { // reduced_still_picture_header
		r.u(5) // seq_level_idx
	} else {
		skipOperatingPoints(&r)
	}
	widthBits, heightBits := int(r.u(4))+1, int(r.u(4))+1
	w, h := r.u(widthBits)+1, r.u(heightBits)+1
	if r.overrun || w > 0xffff || h > 0xffff {
		return 0, 0
	}
	return uint16(w), uint16(h)
}

// skipOperatingPoints reads the timing and decoder model and all operating
// points, at most 32.
func skipOperatingPoints(r *bitReader) {
	delayBits := 0
	if r.flag() { // timing_info_present_flag
		delayBits = skipTiming(r)
	}
	displayDelay := r.flag() // initial_display_delay_present_flag
	for n := r.u(5) + 1; n > 0 && !r.overrun; n-- {
		r.u(12)         // operating_point_idc
		if r.u(5) > 7 { // seq_level_idx
			r.flag() // seq_tier
		}
		// decoder_model_present_for_this_op
		if delayBits > 0 && r.flag() {
			r.u(delayBits) // decoder_buffer_delay
			r.u(delayBits) // encoder_buffer_delay
			r.flag()       // low_delay_mode_flag
		}
		// initial_display_delay_present_for_this_op
		if displayDelay && r.flag() {
			r.u(4) // initial_display_delay_minus_1
		}
	}
}

// skipTiming reads timing_info and decoder_model_info (sections 5.5.3 and 5.5.4)
// and returns the size of the buffer delays in bits, 0 without decoder model.
func skipTiming(r *bitReader) int {
	r.u(32)       // num_units_in_display_tick
	r.u(32)       // time_scale
	if r.flag() { // equal_picture_interval
		r.ue() // num_ticks_per_picture_minus_1
	}
	if !r.flag() { // decoder_model_info_present_flag
		return 0
	}
	delayBits := int(r.u(5)) + 1
	r.u(32) // num_units_in_decoding_tick
	r.u(5)  // buffer_removal_time_length_minus_1
	r.u(5)  // frame_presentation_time_length_minus_1
	return delayBits
}
