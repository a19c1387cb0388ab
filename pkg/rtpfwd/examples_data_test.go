package rtpfwd

import (
	"encoding/hex"
	"strings"
)

// examples are the worked examples of docs/forwarding.md.
var examples = []example{
	{
		name: "vp8", codec: VP8, encodings: 2, target: Layer{Spatial: 0, Temporal: 0},
		packets: []examplePacket{
			{note: "keyframe", encoding: 0, seq: 100, time: 3000, marker: true, payload: vp8{start: true, key: true, picture: 10, tl0: 5}.payload()},
			{note: "T1", encoding: 0, seq: 101, time: 6000, marker: true, payload: vp8{start: true, sync: true, picture: 11, tl0: 5, tid: 1}.payload()},
			{note: "T0", encoding: 0, seq: 102, time: 9000, marker: true, payload: vp8{start: true, picture: 12, tl0: 6}.payload()},
			{note: "the target is now the larger encoding, all of it", target: &Layer{Spatial: 1, Temporal: 7}},
			{note: "T1, not its first", encoding: 0, seq: 103, time: 12000, marker: true, payload: vp8{start: true, picture: 13, tl0: 6, tid: 1}.payload()},
			{note: "T0", encoding: 0, seq: 104, time: 15000, marker: true, payload: vp8{start: true, picture: 14, tl0: 7}.payload()},
			{note: "T0, no keyframe", encoding: 1, seq: 41, time: 715000, marker: true, payload: vp8{start: true, picture: 200, tl0: 80}.payload()},
			{note: "keyframe", encoding: 1, seq: 42, time: 718000, payload: vp8{start: true, key: true, picture: 201, tl0: 81}.payload()},
			{note: "its second packet", encoding: 1, seq: 43, time: 718000, marker: true, payload: vp8{picture: 201, tl0: 81, body: []byte{1}}.payload()},
			{note: "T0", encoding: 0, seq: 105, time: 18000, marker: true, payload: vp8{start: true, picture: 15, tl0: 8}.payload()},
			{note: "T1", encoding: 1, seq: 44, time: 721000, marker: true, payload: vp8{start: true, sync: true, picture: 202, tl0: 81, tid: 1}.payload()},
		},
	},
	{
		name: "vp9", codec: VP9, encodings: 1, target: Layer{Spatial: 0, Temporal: 7},
		packets: []examplePacket{
			{note: "key, S0", seq: 100, time: 3000, payload: vp9Layer{picture: 10, spatial: 0}.payload()},
			{note: "key, S1", seq: 101, time: 3000, marker: true, payload: vp9Layer{picture: 10, spatial: 1}.payload()},
			{note: "T1, S0", seq: 102, time: 6000, payload: vp9Layer{picture: 11, delta: true, temporal: 1}.payload()},
			{note: "T1, S1", seq: 103, time: 6000, marker: true, payload: vp9Layer{picture: 11, spatial: 1, delta: true, temporal: 1}.payload()},
			{note: "the target is now S1, T0: S1 needs a keyframe", target: &Layer{Spatial: 1}},
			{note: "T0, S0", seq: 104, time: 9000, payload: vp9Layer{picture: 12, delta: true}.payload()},
			{note: "T0, S1", seq: 105, time: 9000, marker: true, payload: vp9Layer{picture: 12, spatial: 1, delta: true}.payload()},
			{note: "T1, S0", seq: 106, time: 12000, payload: vp9Layer{picture: 13, delta: true, temporal: 1}.payload()},
			{note: "T1, S1", seq: 107, time: 12000, marker: true, payload: vp9Layer{picture: 13, spatial: 1, delta: true, temporal: 1}.payload()},
			{note: "key, S0", seq: 108, time: 15000, payload: vp9Layer{picture: 14, spatial: 0}.payload()},
			{note: "key, S1", seq: 109, time: 15000, marker: true, payload: vp9Layer{picture: 14, spatial: 1}.payload()},
		},
	},
	{
		name: "av1", codec: AV1, encodings: 1, target: Layer{Spatial: 1, Temporal: 7},
		packets: []examplePacket{
			{note: "key, S0", seq: 100, time: 3000, payload: []byte{0x10, 1}, frame: unhex(av1Key)},
			{note: "key, S1", seq: 101, time: 3000, payload: []byte{0x10, 1}, frame: unhex("c50004")},
			{note: "key, S2", seq: 102, time: 3000, payload: []byte{0x10, 1}, frame: unhex("8a0005")},
			{note: "its second packet", seq: 103, time: 3000, marker: true, payload: []byte{0x10, 1}, frame: unhex("4a0005")},
			{note: "T2, S0", seq: 104, time: 6000, payload: []byte{0x10, 1}, frame: unhex("c30006")},
			{note: "T2, S1", seq: 105, time: 6000, payload: []byte{0x10, 1}, frame: unhex("c80007")},
			{note: "T2, S2", seq: 106, time: 6000, marker: true, payload: []byte{0x10, 1}, frame: unhex("cd0008")},
		},
	},
	{
		name: "h264", codec: H264, encodings: 1, target: Layer{Temporal: 7},
		packets: []examplePacket{
			{note: "slice", seq: 100, time: 3000, marker: true, payload: h264(1, 0x9a)},
			{note: "SPS and PPS (STAP-A)", seq: 101, time: 6000, payload: stapA(unhex("6742c01fda014016e8"), unhex("68ce3c80"))},
			{note: "IDR slice, first FU-A", seq: 102, time: 6000, payload: []byte{0x7c, 0x85, 0x88}},
			{note: "a packet of padding", seq: 103, time: 6000},
			{note: "IDR slice, last FU-A", seq: 104, time: 6000, marker: true, payload: []byte{0x7c, 0x45, 0x11}},
			{note: "slice", seq: 105, time: 9000, marker: true, payload: h264(1, 0x9a)},
		},
	},
	{
		name: "h265", codec: H265, encodings: 1, target: Layer{Temporal: 0},
		packets: []examplePacket{
			{note: "VPS", seq: 100, time: 3000, payload: unhex("40010c01ffff")},
			{note: "IDR slice", seq: 101, time: 3000, marker: true, payload: unhex("2601af09")},
			{note: "T1 (TSA)", seq: 102, time: 6000, marker: true, payload: unhex("0602d0")},
			{note: "T0", seq: 103, time: 9000, marker: true, payload: unhex("0201d0")},
			{note: "the target is now all temporal layers", target: &Layer{Temporal: 7}},
			{note: "T1, no TSA", seq: 104, time: 12000, marker: true, payload: unhex("0202d0")},
			{note: "T0", seq: 105, time: 15000, marker: true, payload: unhex("0201d0")},
			{note: "T1 (TSA)", seq: 106, time: 18000, marker: true, payload: unhex("0602d0")},
		},
	},
	{
		name: "red", codec: Opus, encodings: 1, target: Layer{}, red: true,
		packets: []examplePacket{
			{note: "20 ms", seq: 100, time: 960, marker: true, payload: []byte{0xf8, 1}},
			{note: "20 ms", seq: 101, time: 1920, payload: []byte{0xf8, 2}},
			{note: "20 ms", seq: 103, time: 3840, payload: []byte{0xf8, 4}},
			{note: "20 ms", seq: 104, time: 4800, payload: []byte{0xf8, 5}},
			{note: "after 400 ms of silence", seq: 105, time: 24000, payload: []byte{0xf8, 6}},
		},
	},
	{
		name: "opus", codec: Opus, encodings: 1, target: Layer{},
		packets: []examplePacket{
			{note: "20 ms", seq: 100, time: 960, marker: true, payload: []byte{0xf8, 1}},
			{note: "20 ms", seq: 101, time: 1920, payload: []byte{0xf8, 2}},
			{note: "lost, comes by repair", seq: 102, time: 2880, payload: []byte{0xf8, 3}, lost: true},
			{note: "20 ms", seq: 103, time: 3840, payload: []byte{0xf8, 4}},
			{note: "after 400 ms of silence", seq: 104, time: 23040, payload: []byte{0xf8, 5}},
		},
	},
}

// av1Key is the first descriptor of a keyframe of L3T3_KEY as Chromium sends it.
const av1Key = "c0000380081485214eaaaaa8000600004000100002aa80a8000600004000100002a000a800060000400016d549241b5524906d54923157e001974" +
	"ca864330e222396eca8655304224390eca87753013f00b3027f016704ff02cf"

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		panic(err) // the tables above
	}
	return b
}

// vp9Layer describes a packet of one frame of VP9 in flexible mode with inter-layer
// prediction in keyframes only.
type vp9Layer struct {
	picture           uint16
	spatial, temporal uint8
	delta             bool
}

// payload builds the descriptor of RFC 9628 figure 2 and a byte of frame.
func (v vp9Layer) payload() []byte {
	first := byte(0x80 | 0x20 | 0x10 | 0x08 | 0x04) // I, L, F, B, E
	layer := v.temporal<<5 | v.spatial<<1
	if v.temporal == 0 {
		layer |= 0x10 // U
	}
	if v.delta {
		first |= 0x40 | 0x01 // P, Z
	} else if v.spatial > 0 {
		layer |= 0x01 // D
	}
	begins := !v.delta && v.spatial == 0
	if begins {
		first |= 0x02 // V
	}
	out := []byte{first, 0x80 | byte(v.picture>>8), byte(v.picture), layer}
	if v.delta {
		out = append(out, 1<<1) // P_DIFF
	}
	if begins {
		out = append(out, 1<<5) // N_S: two spatial layers
	}
	return append(out, 0xaa)
}

// stapA builds an aggregation packet (RFC 6184 section 5.7.1).
func stapA(units ...[]byte) []byte {
	out := []byte{0x78}
	for _, u := range units {
		out = append(out, byte(len(u)>>8), byte(len(u)))
		out = append(out, u...)
	}
	return out
}
