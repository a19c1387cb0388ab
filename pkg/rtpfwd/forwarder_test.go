package rtpfwd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// script drives a Forwarder with packets that are described by what the Forwarder
// looks at.
type script struct {
	t       *testing.T
	f       *Forwarder
	streams []*Replica
	now     time.Duration
}

func newScript(t *testing.T, c Codec, encodings int) *script {
	s := &script{t: t}
	for e := range encodings {
		s.streams = append(s.streams, &Replica{Encoding: uint8(e), Ring: NewRing(512), Rate: 90000})
	}
	s.f = NewForwarder(ForwarderConfig{Codec: c, Replicas: s.streams})
	return s
}

// shot is one packet of a script.
type shot struct {
	e     uint8
	seq   SeqNo
	time  RTPTime
	tid   int8
	flags string // s start, k keyframe, p with parameter sets, u switching point, m marker, e empty
	codec Codec
}

// give hands a packet to the Forwarder and returns what was chosen, as numbers, with
// f for a filler, s for a switch and m for a marker.
func (s *script) give(b shot) string {
	s.t.Helper()
	has := func(flag string) bool { return strings.Contains(b.flags, flag) }
	p := &Packet{
		Seq: b.seq + 100000, Time: b.time, Arrival: s.now, Encoding: b.e, Codec: s.f.codec, Marker: has("m"),
		Raw: make([]byte, 20), payloadStart: 12, payloadEnd: 20,
	}
	p.Desc = noDescriptor()
	p.Desc.Start, p.Desc.Keyframe, p.Desc.SwitchUp = has("s"), has("k"), has("u")
	p.Desc.Temporal = b.tid
	if has("p") {
		p.Desc.ParameterSet = true
	}
	if b.codec != CodecNone {
		p.Codec = b.codec
	}
	if has("e") {
		p.payloadEnd = p.payloadStart
	}
	s.streams[b.e].Ring.Put(p)
	var out []string
	for _, c := range s.f.Select(s.now, p, nil) {
		text := fmt.Sprint(c.number)
		if c.filler {
			text += "f"
		}
		if c.Switch {
			text += "s"
		}
		if c.Marker {
			text += "m"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// want gives a packet and compares.
func (s *script) want(want string, b shot) {
	s.t.Helper()
	if got := s.give(b); got != want {
		s.t.Errorf("packet %d of encoding %d, layer %d, %q: chosen %q, want %q", b.seq, b.e, b.tid, b.flags, got, want)
	}
}

func TestAudioPassesAlways(t *testing.T) {
	s := newScript(t, Opus, 1)
	s.want("1sm", shot{seq: 10, time: 960, flags: "m"})
	s.want("2", shot{seq: 11, time: 1920})
	s.want("4", shot{seq: 13, time: 96000}) // 12 is late, then a gap of DTX
	s.want("", shot{seq: 14, codec: VP8})   // another codec leaves no hole
	s.want("3", shot{seq: 12, time: 2880})  // 12 takes its place
	s.want("5", shot{seq: 15, time: 96960})
	s.want("7", shot{seq: 17, time: 96960})
	s.want("6f", shot{seq: 16, flags: "e"}) // late padding fills its number
	s.want("", shot{seq: 9})                // from before the first packet
	s.f.SetTarget(s.now, Layer{Spatial: -1})
	s.want("", shot{seq: 18, time: 97920})
	s.f.SetTarget(s.now, Layer{})
	s.want("8s", shot{seq: 50, time: 197920})
	if _, ok := s.f.KeyframeWanted(); ok {
		t.Error("audio wants a keyframe")
	}
}

func TestVideoStartsAtKeyframe(t *testing.T) {
	for _, c := range []Codec{VP8, VP9, H264, H265, AV1} {
		s := newScript(t, c, 1)
		s.want("", shot{seq: 1, time: 1, flags: "skm"})
		if _, ok := s.f.KeyframeWanted(); ok || s.f.Current().Spatial != -1 {
			t.Errorf("%v: a keyframe is wanted for nothing", c)
		}
		s.f.SetTarget(0, Layer{Spatial: 2, Temporal: 3})
		if e, ok := s.f.KeyframeWanted(); !ok || e != 0 {
			t.Errorf("%v: no keyframe wanted", c)
		}
		s.want("", shot{seq: 2, time: 2, flags: "sm"})
		s.want("", shot{seq: 3, time: 3, tid: 1, flags: "skp"}) // no keyframe is of a higher layer
		s.want("1s", shot{seq: 4, time: 4, flags: "skp"})
		s.want("2m", shot{seq: 5, time: 4, flags: "m"})
		s.want("3m", shot{seq: 6, time: 6, flags: "sm"})
		if _, ok := s.f.KeyframeWanted(); ok || s.f.Current() != (Layer{0, 3}) {
			t.Errorf("%v: current %v", c, s.f.Current())
		}
	}
}

func TestSwitchUpAndDown(t *testing.T) {
	s := newScript(t, VP8, 3)
	s.f.SetTarget(0, Layer{Spatial: 0})
	s.want("1sm", shot{e: 0, seq: 1, time: 1, flags: "skm"})
	s.want("", shot{e: 1, seq: 101, time: 1, flags: "skm"})
	s.want("", shot{e: 2, seq: 201, time: 1, flags: "skm"})

	s.f.SetTarget(0, Layer{Spatial: 2})
	if e, ok := s.f.KeyframeWanted(); !ok || e != 2 {
		t.Errorf("wanted %d %v", e, ok)
	}
	s.want("2m", shot{e: 0, seq: 2, time: 2, flags: "sm"}) // goes on until the keyframe
	s.want("", shot{e: 2, seq: 202, time: 2, flags: "sm"})
	s.want("3sm", shot{e: 1, seq: 103, time: 3, flags: "skm"}) // on the way
	s.want("", shot{e: 0, seq: 3, time: 3, flags: "sm"})
	if e, ok := s.f.KeyframeWanted(); !ok || e != 2 {
		t.Errorf("on the way, wanted %d %v", e, ok)
	}
	s.want("4s", shot{e: 2, seq: 204, time: 4, flags: "sk"})
	s.want("", shot{e: 2, seq: 203, time: 3, flags: "m"}) // older than the keyframe
	s.want("", shot{e: 1, seq: 104, time: 4, flags: "sm"})
	s.want("5m", shot{e: 2, seq: 205, time: 4, flags: "m"})

	s.f.SetTarget(0, Layer{Spatial: 0})
	s.want("6m", shot{e: 2, seq: 206, time: 5, flags: "sm"})
	s.want("7sm", shot{e: 0, seq: 20, time: 6, flags: "skm"})
	s.want("", shot{e: 2, seq: 207, time: 6, flags: "sm"})
	if s.f.Current() != (Layer{0, 0}) {
		t.Errorf("current %v", s.f.Current())
	}
}

// TestParameterSetsFirst: a keyframe of H264 starts with its parameter sets, also when
// they come later than the picture.
func TestParameterSetsFirst(t *testing.T) {
	s := newScript(t, H264, 1)
	s.f.SetTarget(0, Layer{})
	s.want("", shot{seq: 12, time: 2, flags: "sk"}) // what came before is not known
	s.want("", shot{seq: 13, time: 2, flags: "m"})
	s.want("", shot{seq: 11, time: 2, flags: "s"})
	s.want("1s 2 3 4m", shot{seq: 10, time: 2, flags: "skp"})
	s.want("5m", shot{seq: 14, time: 3, flags: "sm"})

	without := newScript(t, H264, 1) // parameter sets are in the SDP
	without.f.SetTarget(0, Layer{})
	without.want("", shot{seq: 9, time: 1, flags: "sm"})
	without.want("", shot{seq: 10, time: 2, flags: "s"})
	without.want("1sm", shot{seq: 11, time: 2, flags: "skm"})

	lost := newScript(t, H264, 1)
	lost.f.SetTarget(0, Layer{})
	lost.want("", shot{seq: 9, time: 1, flags: "sm"})
	lost.want("", shot{seq: 11, time: 2, flags: "skm"})
	lost.want("1sm", shot{seq: 12, time: 3, flags: "skpm"})
}

// TestLateKeyframeStart: the first packet of the keyframe is repaired; all that came
// after it follows at once.
func TestLateKeyframeStart(t *testing.T) {
	s := newScript(t, VP8, 1)
	s.f.SetTarget(0, Layer{Spatial: 0, Temporal: 2})
	s.want("", shot{seq: 11, time: 5})
	s.want("", shot{seq: 12, time: 5, flags: "m"})
	s.want("", shot{seq: 14, time: 6, flags: "sm"}) // 13 is lost
	s.want("1s 2 3m 5m", shot{seq: 10, time: 5, flags: "sk"})
	s.want("4m", shot{seq: 13, time: 6, flags: "sm"})
	s.want("6m", shot{seq: 15, time: 7, flags: "sm"})

	old := newScript(t, VP8, 1)
	old.f.SetTarget(0, Layer{Spatial: 0})
	old.want("", shot{seq: 10 + maxReplay + 1, time: 99, flags: "s"})
	old.want("", shot{seq: 10, time: 5, flags: "sk"}) // too late to be of use
}

func TestTemporalLayersVP8(t *testing.T) {
	s := newScript(t, VP8, 1)
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("1sm", shot{seq: 1, time: 1, flags: "skm"})
	s.want("2", shot{seq: 2, time: 2, tid: 2, flags: "su"})
	s.f.SetTarget(0, Layer{Temporal: 0})
	s.want("3m", shot{seq: 3, time: 2, tid: 2, flags: "m"}) // the picture is finished
	s.want("", shot{seq: 4, time: 3, tid: 1, flags: "sum"})
	s.want("", shot{seq: 5, time: 4, tid: 2, flags: "sm"})
	s.want("4m", shot{seq: 6, time: 5, flags: "sm"})

	s.f.SetTarget(0, Layer{Temporal: 1})
	s.want("", shot{seq: 7, time: 6, tid: 2, flags: "sum"}) // above the target
	s.want("", shot{seq: 8, time: 7, tid: 1, flags: "sm"})  // no switching point
	s.want("5m", shot{seq: 9, time: 8, flags: "sum"})       // says nothing of layer 1
	s.want("", shot{seq: 10, time: 9, tid: 1, flags: "sm"})
	s.want("6m", shot{seq: 11, time: 10, tid: 1, flags: "sum"})
	s.want("7m", shot{seq: 12, time: 11, tid: 1, flags: "sm"})
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("8m", shot{seq: 13, time: 12, tid: 1, flags: "sum"}) // its own layer
	s.want("", shot{seq: 14, time: 13, tid: 2, flags: "sm"})
	s.want("", shot{seq: 16, time: 14, tid: 2, flags: "um"}) // its first packet is lost
	s.want("9f", shot{seq: 15, time: 14, tid: 2, flags: "su"})
	s.want("10m", shot{seq: 17, time: 15, tid: 2, flags: "sum"})
	if s.f.Current() != (Layer{0, 2}) {
		t.Errorf("current %v", s.f.Current())
	}
}

func TestTemporalLayersVP9AV1(t *testing.T) {
	for _, c := range []Codec{VP9, AV1} {
		s := newScript(t, c, 1)
		s.f.SetTarget(0, Layer{Temporal: 0})
		s.want("1sm", shot{seq: 1, time: 1, flags: "skm"})
		s.f.SetTarget(0, Layer{Temporal: 2})
		s.want("", shot{seq: 2, time: 2, tid: 1, flags: "sum"}) // not forwarded, so of no use
		s.want("2m", shot{seq: 3, time: 3, flags: "sm"})
		s.want("", shot{seq: 4, time: 4, tid: 1, flags: "sm"})
		s.want("3m", shot{seq: 5, time: 5, flags: "sum"}) // all that follow may be taken
		s.want("4m", shot{seq: 6, time: 6, tid: 2, flags: "sm"})
	}
	s := newScript(t, VP8, 1)
	s.f.SetTarget(0, Layer{Temporal: 0})
	s.want("1sm", shot{seq: 1, time: 1, flags: "skm"})
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("2m", shot{seq: 2, time: 2, flags: "skm"}) // a keyframe allows every layer
	s.want("3m", shot{seq: 3, time: 3, tid: 2, flags: "sm"})
}

// TestTemporalLayersH265: layers are climbed one by one, each at a picture of its own
// that says so (TSA, STSA).
func TestTemporalLayersH265(t *testing.T) {
	s := newScript(t, H265, 1)
	s.f.SetTarget(0, Layer{Temporal: 0})
	s.want("1sm", shot{seq: 1, time: 1, flags: "skpm"})
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("", shot{seq: 2, time: 2, tid: 2, flags: "sum"}) // layer 1 is not there yet
	s.want("2m", shot{seq: 3, time: 3, flags: "sum"})       // says nothing of others
	s.want("", shot{seq: 4, time: 4, tid: 1, flags: "sm"})
	s.want("3m", shot{seq: 5, time: 5, tid: 1, flags: "sum"})
	s.want("", shot{seq: 6, time: 6, tid: 2, flags: "sm"})
	s.want("4m", shot{seq: 7, time: 7, tid: 2, flags: "sum"})
}

// TestLatePackets: a late packet follows the decision on its picture or, if that was
// not seen, the limit where it belongs.
func TestLatePackets(t *testing.T) {
	s := newScript(t, VP8, 1)
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("1sm", shot{seq: 1, time: 1, flags: "skm"})
	s.want("3m", shot{seq: 3, time: 2, tid: 2, flags: "m"})
	s.want("5m", shot{seq: 5, time: 4, flags: "sm"}) // 4 is a picture of layer 1
	s.f.SetTarget(0, Layer{Temporal: 0})
	s.want("6m", shot{seq: 6, time: 5, flags: "sm"})
	s.want("8m", shot{seq: 8, time: 7, flags: "sm"}) // 7 is a picture of layer 1
	s.want("2", shot{seq: 2, time: 2, tid: 2, flags: "s"})
	s.want("4m", shot{seq: 4, time: 3, tid: 1, flags: "sm"})
	s.want("7f", shot{seq: 7, time: 6, tid: 1, flags: "sm"})
	s.want("", shot{seq: 9, time: 8, tid: 1, flags: "m"})
	s.want("9m", shot{seq: 10, time: 9, flags: "sm"})
	s.f.SetTarget(0, Layer{Temporal: 1})
	s.want("", shot{seq: 12, time: 10, flags: "e"})              // padding overtook
	s.want("10m", shot{seq: 11, time: 10, tid: 1, flags: "sum"}) // the picture before it
	s.want("11m", shot{seq: 13, time: 11, tid: 1, flags: "sm"})
}

func TestStop(t *testing.T) {
	s := newScript(t, VP8, 1)
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("1s", shot{seq: 1, time: 1, flags: "sk"})
	s.f.SetTarget(0, Layer{Spatial: -1})
	s.want("2", shot{seq: 2, time: 1})
	s.want("3m", shot{seq: 3, time: 1, flags: "m"}) // the picture ends, and so does it
	if !s.f.Current().None() {
		t.Errorf("current %v after the end of the picture", s.f.Current())
	}
	s.want("", shot{seq: 4, time: 2, flags: "skm"})
	s.f.SetTarget(0, Layer{Temporal: 2})
	s.want("", shot{seq: 5, time: 3, flags: "sm"})
	s.want("4s", shot{seq: 9, time: 4, flags: "sk"})
	s.f.SetTarget(0, Layer{Spatial: -1})
	s.want("", shot{seq: 11, time: 5, flags: "s"}) // the marker 10 is lost
	if !s.f.Current().None() {
		t.Errorf("current %v at the next picture", s.f.Current())
	}
	s.f.SetTarget(0, Layer{})
	s.want("5sm", shot{seq: 12, time: 6, flags: "skm"})
	s.f.SetTarget(0, Layer{Spatial: -1}) // between two pictures: at once
	if !s.f.Current().None() {
		t.Errorf("current %v between pictures", s.f.Current())
	}
	s.f.SetTarget(0, Layer{})
	s.f.SetTarget(0, Layer{Spatial: -1})
	s.f.SetTarget(0, Layer{})
	s.want("", shot{seq: 13, time: 7, flags: "sm"})
}

// FuzzForwarder gives random packets and targets; numbers of first choices must go
// up by one where nothing is missing, and no number comes with two packets.
func FuzzForwarder(f *testing.F) {
	f.Add([]byte{0xff, 0, 0x81, 0x13, 3, 0x40, 9, 9, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		streams := []*Replica{{Encoding: 0, Ring: NewRing(64)}, {Encoding: 1, Ring: NewRing(64)}}
		fw := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: streams})
		fw.SetTarget(0, Layer{Spatial: 1, Temporal: 2})
		var next [2]SeqNo
		given := map[SeqNo]bool{}
		numbers := map[int64]*Packet{}
		var out []Choice
		for i := 0; i+1 < len(steps); i += 2 {
			now := time.Duration(i) * ms(7)
			a, b := steps[i], steps[i+1]
			if a == 0xff {
				fw.SetTarget(now, Layer{Spatial: int8(b%4) - 1, Temporal: int8(b >> 2 & 3)})
				fw.Advance(now, nil)
				continue
			}
			e := a & 1
			next[e] += SeqNo(a >> 1 & 3)
			seq := next[e] - SeqNo(a>>3&7)
			if given[seq<<1|SeqNo(e)] {
				continue
			}
			given[seq<<1|SeqNo(e)] = true
			p := &Packet{Seq: seq, Time: RTPTime(seq / 2), Encoding: e, Codec: VP8, Raw: make([]byte, 20), payloadStart: 12, payloadEnd: 20}
			p.Desc = codec.Descriptor{
				Start: seq%2 == 0, Keyframe: b&0xe0 == 0xe0, Temporal: int8(b & 3), SwitchUp: b&4 != 0,
				PictureID: int32(b >> 3 & 0x7f), PictureIDBits: 7, TL0: -1, KeyIdx: -1, End: b&8 != 0,
			}
			if a>>6 == 3 {
				p.payloadEnd = p.payloadStart
			}
			streams[e].Ring.Put(p)
			out = fw.Select(now, p, out[:0])
			for _, c := range out {
				if old := numbers[c.number]; old != nil && old != c.Packet {
					t.Fatalf("number %d for two packets: %+v and %+v", c.number, old, c.Packet)
				}
				numbers[c.number] = c.Packet
				if c.Replica != streams[c.Packet.Encoding] {
					t.Fatal("a packet with the stream of another")
				}
			}
		}
	})
}
