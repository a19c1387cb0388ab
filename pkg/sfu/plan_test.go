package sfu

import (
	"slices"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// stage is a small room for plan tests: publications by name ("cam1"), slots by mid.
type stage struct {
	me    *Participant
	pubs  map[string]*Publication
	order []published
	slots []*Slot
	view  *signaling.View
	loud  []uint32
}

func newStage() *stage {
	return &stage{me: &Participant{id: "me"}, pubs: map[string]*Publication{}}
}

func (s *stage) publish(owner *Participant, name string, source signaling.Source, codec rtpfwd.Codec) {
	pub := &Publication{id: name, owner: owner, source: source, codec: codec, kind: signaling.KindVideo, csrc: uint32(len(s.order) + 1)}
	if codec == rtpfwd.Opus {
		pub.kind = signaling.KindAudio
	}
	s.pubs[name] = pub
	s.order = append(s.order, published{Publication: pub})
}

func (s *stage) slot(mid string, kind signaling.SlotKind, media signaling.Kind, codec rtpfwd.Codec, group string) {
	sl := &Slot{mid: mid, kind: kind, media: media, codec: codec, group: group}
	sl.send.payloads = map[rtpfwd.Codec]payloadPair{rtpfwd.VP8: {96, 97}, rtpfwd.VP9: {98, 99}, rtpfwd.Opus: {111, 0}}
	s.slots = append(s.slots, sl)
}

// plan runs the planner and leaves its result on the slots, as the reconciler does. It returns "mid=publication" for slots in use.
func (s *stage) plan() ([]string, planOutput) {
	out := plan(planInput{self: s.me, view: s.view, slots: s.slots, roster: newRoster(s.order), loudest: s.loud, maySubscribe: true})
	var got []string
	for i, a := range out.assignments {
		s.slots[i].current = a.pub
		if a.pub != nil {
			got = append(got, s.slots[i].mid+"="+a.pub.id)
		}
	}
	return got, out
}

func (s *stage) expect(t *testing.T, what string, want ...string) planOutput {
	t.Helper()
	got, out := s.plan()
	if !slices.Equal(got, want) {
		t.Errorf("%s: slots carry %v, want %v", what, got, want)
	}
	return out
}

func videoStage(n int) *stage {
	s := newStage()
	for _, mid := range []string{"v1", "v2"} {
		s.slot(mid, signaling.SlotVideo, signaling.KindVideo, rtpfwd.VP8, "")
	}
	for i := range n {
		id := string(rune('a' + i))
		s.publish(&Participant{id: "p" + id}, id, signaling.SourceCamera, rtpfwd.VP8)
	}
	return s
}

func TestPlanFillsSlotsWithTheNewestBeforeAView(t *testing.T) {
	s := videoStage(3)
	s.publish(s.me, "mine", signaling.SourceCamera, rtpfwd.VP8)
	if out := s.expect(t, "three cameras, two slots", "v1=c", "v2=b"); len(out.wanted) != 0 {
		t.Errorf("wanted %v before anybody said what is to be seen", out.wanted)
	}
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "a"}, {Publication: "b"}, {Publication: "c"}}}
	out := s.expect(t, "a view of three", "v1=a", "v2=b")
	want := signaling.SlotWanted{Kind: signaling.SlotVideo, Codec: "vp8", Count: 2}
	if len(out.wanted) != 1 || out.wanted[0] != want {
		t.Errorf("wanted %v, want %v: the pool grows from 2 to 4", out.wanted, want)
	}
}

func TestPlanMovesNothingWithoutNeed(t *testing.T) {
	s := videoStage(4)
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "a"}, {Publication: "b"}}}
	s.expect(t, "first view", "v1=a", "v2=b")
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "b"}, {Publication: "a"}}}
	s.expect(t, "order turned", "v1=a", "v2=b")
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "d"}, {Publication: "b"}}}
	s.expect(t, "one exchanged", "v1=d", "v2=b")
	s.view = &signaling.View{Items: []signaling.ViewItem{{Participant: "pa", Slot: "v2"}, {Publication: "b"}}}
	s.expect(t, "hint moves the other away", "v1=b", "v2=a")
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "a", Priority: 1}, {Publication: "b", Priority: 3}, {Publication: "c", Priority: 2}}}
	s.expect(t, "priority decides who is left out", "v1=b", "v2=c")
	s.view = &signaling.View{}
	s.expect(t, "an empty view shows nothing")
}

func TestPlanKeepsCodecsApart(t *testing.T) {
	s := newStage()
	s.slot("v1", signaling.SlotVideo, signaling.KindVideo, rtpfwd.VP8, "")
	s.publish(&Participant{id: "p"}, "nine", signaling.SourceCamera, rtpfwd.VP9)
	s.view = &signaling.View{Items: []signaling.ViewItem{{Publication: "nine"}}}
	out := s.expect(t, "a VP9 camera and a VP8 slot")
	if len(out.wanted) != 1 || out.wanted[0].Codec != "vp9" || out.wanted[0].Count != 4 {
		t.Errorf("wanted %v, want 4 slots of vp9", out.wanted)
	}
}

func TestPlanPairsAScreenWithItsSound(t *testing.T) {
	s := videoStage(0)
	s.slot("a1", signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
	q := &Participant{id: "q"}
	s.publish(q, "screen", signaling.SourceScreen, rtpfwd.VP8)
	s.publish(q, "sound", signaling.SourceScreenAudio, rtpfwd.Opus)
	out := s.expect(t, "no pair yet", "v1=screen", "a1=sound")
	if len(out.wanted) != 1 || out.wanted[0].Kind != signaling.SlotScreen || out.wanted[0].Count != 1 {
		t.Fatalf("wanted %v, want a screen pair", out.wanted)
	}
	s.slot("sv", signaling.SlotScreen, signaling.KindVideo, rtpfwd.VP8, "g")
	s.slot("sa", signaling.SlotScreen, signaling.KindAudio, rtpfwd.CodecNone, "g")
	if out := s.expect(t, "with a pair", "sv=screen", "sa=sound"); len(out.wanted) != 0 {
		t.Errorf("wanted %v, want nothing more", out.wanted)
	}
}

func TestPlanHearsTheLoudest(t *testing.T) {
	s := newStage()
	s.slot("a1", signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
	s.slot("a2", signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
	for _, id := range []string{"a", "b", "c"} {
		s.publish(&Participant{id: "p" + id}, id, signaling.SourceMicrophone, rtpfwd.Opus)
	}
	s.expect(t, "nobody speaks", "a1=a", "a2=b")
	s.loud = []uint32{s.pubs["c"].csrc}
	s.expect(t, "c speaks: it takes one slot, a keeps its own", "a1=a", "a2=c")
	s.loud = []uint32{s.pubs["b"].csrc, s.pubs["c"].csrc}
	s.expect(t, "b is the loudest: c stays where it is", "a1=b", "a2=c")
	s.order[1].muted = true
	s.expect(t, "b mutes: its slot is for a", "a1=a", "a2=c")
}

func TestPlanNeedsTheGrant(t *testing.T) {
	s := videoStage(2)
	out := plan(planInput{self: s.me, slots: s.slots, roster: newRoster(s.order)})
	for _, a := range out.assignments {
		if a.pub != nil {
			t.Errorf("a participant that may not subscribe gets %s", a.pub.id)
		}
	}
}

func TestLayerForTile(t *testing.T) {
	pub := &Publication{width: 1280, height: 720, encodings: []signaling.EncodingOffer{{RID: "q"}, {RID: "h"}, {RID: "f"}}}
	svc := &Publication{width: 1280, height: 720}
	svc.spatialLayers.Store(3)
	for _, c := range []struct {
		w, h int
		want int8
	}{{0, 0, 7}, {160, 90, 0}, {320, 180, 0}, {360, 200, 0}, {480, 270, 1}, {640, 360, 1}, {960, 540, 2}, {4000, 2000, 7}} {
		if got := pub.layerFor(c.w, c.h).Spatial; got != c.want {
			t.Errorf("tile %dx%d gets encoding %d, want %d", c.w, c.h, got, c.want)
		}
		if got := svc.layerFor(c.w, c.h).Spatial; got != c.want {
			t.Errorf("tile %dx%d gets spatial layer %d, want %d", c.w, c.h, got, c.want)
		}
	}
	if got := (&Publication{}).layerFor(100, 100).Spatial; got != 7 {
		t.Errorf("a publication of which no keyframe has come yet has layer %d, want all", got)
	}
}
