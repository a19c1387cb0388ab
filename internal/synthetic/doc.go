// Package synthetic makes video and sound that say what they are, and checks what arrives of them. No codec is needed: payload
// descriptors, frame headers, layers, keyframes and sizes are those of a browser, and the rest of a frame is filling under a checksum.
//
//	Encoder.Next -> packets of a picture: VP8, VP9, H264 or AV1, in one or several spatial and temporal layers
//	   |  (RTP, a server, RTP)
//	Receiver.Packet -> frames put together, checksum, references -> a Picture, or a count of what was wrong
//
// # What a frame carries
//
//	+--------------+-------+--------+----------+--------------------------------------------+---------+
//	| codec header | magic | length | checksum | Mark: origin, layer, number, refs, capture | filling |
//	+--------------+-------+--------+----------+--------------------------------------------+---------+
//
// The codec header is what a server may look into: the VP8 frame tag with the size, the first byte of a slice, of an OBU. The checksum
// (CRC-32C) is over it and over all behind the checksum, so a changed byte anywhere in a frame is noticed. Numbers that a server rewrites
// (picture ids, TL0PICIDX) are outside.
//
// The package knows no RTP header, no clock and no network. It takes payloads apart by itself, not by pkg/rtpfwd/codec: what checks a
// server must not share its mistakes. Its own tests hold both against each other.
package synthetic
