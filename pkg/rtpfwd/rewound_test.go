package rtpfwd

import (
	"fmt"
	"strings"
	"testing"
)

// A picture whose id goes backwards is dropped until the ids are ahead again or a
// keyframe begins anew. Late packets are not meant.
func TestRewoundPicture(t *testing.T) {
	type picture struct {
		seq, id uint16
		key     bool
	}
	for _, c := range []struct {
		name     string
		short    bool
		pictures []picture
		want     string // + taken, - dropped
	}{
		{"in order", false, []picture{{1, 32766, true}, {2, 32767, false}, {3, 0, false}, {4, 1, false}}, "++++"},
		{"backwards", false, []picture{{1, 100, true}, {2, 101, false}, {3, 90, false}, {4, 91, false}, {5, 102, false}}, "++--+"},
		{"backwards across the wrap", false, []picture{{1, 2, true}, {2, 32767, false}, {3, 3, false}}, "+-+"},
		{"a keyframe begins anew", false, []picture{{1, 100, true}, {2, 7, true}, {3, 8, false}}, "+++"},
		{"late", false, []picture{{1, 100, true}, {4, 103, false}, {3, 102, false}, {5, 104, false}}, "++++"},
		{"many lost", false, []picture{{1, 100, true}, {500, 16000, false}}, "++"},
		{"seven bits", true, []picture{{1, 120, true}, {2, 10, false}, {3, 121, false}, {4, 11, false}}, "++-+"},
		{"the same id", false, []picture{{1, 100, true}, {2, 100, false}}, "++"},
		{"numbers begin anew", false, []picture{{1, 100, true}, {30000, 7, false}, {30001, 8, false}, {30002, 9, false}}, "+j++"},
	} {
		in := newTestInbound(0, 90000)
		var got strings.Builder
		for _, v := range c.pictures {
			raw := testPacket{
				pt: ptVP8, seq: v.seq, time: uint32(v.seq) * 3000,
				payload: vp8{start: true, key: v.key, picture: v.id, short: c.short}.payload(),
			}.raw(t)
			switch r := in.Receive(0, raw, new(Packet)); r {
			case None:
				got.WriteByte('+')
			case RewoundPicture:
				got.WriteByte('-')
			case SequenceJump:
				got.WriteByte('j')
			default:
				fmt.Fprintf(&got, "(%v)", r)
			}
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got.String(), c.want)
		}
	}
}

// Every reason has a label of its own: those of rewound pictures are counted.
func TestRewoundPictureIsCounted(t *testing.T) {
	in := newTestInbound(0, 90000)
	for seq, id := range []uint16{9, 8, 10} {
		raw := testPacket{pt: ptVP9, seq: uint16(seq), time: uint32(seq), payload: vp9Layer{picture: id, delta: seq > 0}.payload()}.raw(t)
		in.Receive(0, raw, new(Packet))
	}
	if got := in.Stats().Dropped[RewoundPicture]; got != 1 || RewoundPicture.String() != "rewound_picture" {
		t.Errorf("%d dropped for %q", got, RewoundPicture)
	}
}
