// Package codec reads what forwarding must know of a payload and rewrites the
// numbers in it: the payload descriptors of VP8 (RFC 7741) and VP9 (RFC
// 9628), the NAL units of H264 (RFC 6184) and H265 (RFC 7798), the OBUs of AV1 (AV1
// RTP payload format 1.0), the dependency descriptor header extension (its
// appendix A), which may come with every codec, and the blocks of redundant audio
// (RFC 2198).
//
// # Data flow
//
//	payload (after the RTP header, without padding)
//	   -> ParseVP8, ParseVP9, ParseH264, ParseH265, ParseAV1   -> Descriptor
//	body of the header extension + DependencyStructure
//	   -> ParseDependencyDescriptor, then AddPayload           -> Descriptor
//	copy of the payload or of the extension + new numbers
//	   -> RewriteVP8, RewriteVP9, RewriteDependencyDescriptor, in place
//	extension + the layers that a receiver gets
//	   -> RewriteActiveTargets                                 -> extension, maybe longer
//	payload of redundant audio
//	   -> ParseRED                                  -> RED, its blocks
//	   -> RewriteRED: their payload types, in place
//
// Where a packet has the extension, it tells layer, start, end, keyframe, switches
// and references; AddPayload takes the rest from the payload, if that can be read: it
// may be encrypted end to end. Without the extension the payload tells all.
//
// libwebrtc sends the extension with every codec where it is negotiated, and then
// leaves picture id and layer out of VP8 payloads: an answer that wants them
// there must not accept the extension for VP8.
//
// # What the package must not know
//
// It knows no RTP header, sequence number, timestamp, clock or layer choice,
// and keeps nothing between two packets but the DependencyStructure that the
// caller owns. It never decodes video: beyond the descriptors it looks at the
// frame tag of VP8, the sequence parameter set and the first bit of a slice of
// H264 and H265, the sequence header and the frame type of AV1.
//
// # Guarantees
//
// No function allocates, panics, or reads outside the slice it was given. The
// work is linear in the length of the input. A Descriptor that a parser filled
// with an error makes the rewriters do nothing.
//
// # Numbers that may be renumbered and numbers that may only be shifted
//
// A picture id of VP8 is a plain counter: after dropping a temporal layer it
// should be made gapless, else receivers wait for the missing pictures. The
// picture id of VP9 and the frame number of the extension are what P_DIFF, the picture
// group and the frame differences count in: they may be shifted by a constant,
// chosen anew at a keyframe, but gaps must stay.
//
// # Switching up
//
// Descriptor.SwitchUp is a bit of the frame that carries it, and means three
// things. VP8 (Y): this frame itself may be the first one of its temporal layer,
// if the base layer frame before it was forwarded. H265 (TSA, STSA): so it may, if
// all of the next lower temporal layer was forwarded; higher layers wait for a
// picture of their own. VP9 (U) and the dependency descriptor: once this frame is
// forwarded, every later frame of higher temporal layers may be.
// A keyframe allows every layer whether it has SwitchUp or not.
package codec
