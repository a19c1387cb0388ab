package sfu

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// sortedVoices is what voices gives, by a sort of all publications.
func sortedVoices(p *planner) (out []published) {
	rank := func(pub published) int {
		if i := slices.Index(p.loudest, pub.csrc); i >= 0 && !pub.muted {
			return i
		}
		r := len(p.loudest)
		if pub.muted {
			r += 2
		}
		if !slices.ContainsFunc(p.slots, func(s *Slot) bool { return s.current == pub.Publication }) {
			r++
		}
		return r
	}
	for _, pub := range p.publications {
		if pub.kind == signaling.KindAudio && pub.owner != p.self && !p.placed[pub.Publication] {
			out = append(out, pub)
		}
	}
	slices.SortStableFunc(out, func(a, b published) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

func TestVoicesAgainstModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		s := newStage()
		for i := range r.IntN(12) {
			owner, source, codec := &Participant{id: fmt.Sprint(i)}, signaling.SourceMicrophone, rtpfwd.Opus
			if r.IntN(8) == 0 {
				owner = s.me
			}
			if r.IntN(3) == 0 {
				source, codec = signaling.SourceCamera, rtpfwd.VP8
			}
			s.publish(owner, fmt.Sprint("pub", i), source, codec)
			s.order[i].muted = r.IntN(3) == 0
		}
		for i := range r.IntN(6) {
			s.slot(fmt.Sprint(i), signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
			if len(s.order) > 0 && r.IntN(2) == 0 {
				s.slots[i].current = s.order[r.IntN(len(s.order))].Publication
			}
		}
		for _, csrc := range r.Perm(15)[:r.IntN(5)] {
			s.loud = append(s.loud, uint32(csrc))
		}
		p := planner{planInput: planInput{roster: newRoster(s.order), self: s.me, slots: s.slots, loudest: s.loud}, placed: map[*Publication]bool{}}
		if len(s.order) > 0 {
			p.placed[s.order[r.IntN(len(s.order))].Publication] = r.IntN(2) == 0
		}
		want := sortedVoices(&p)
		for n := range len(want) + 2 {
			if got := p.voices(n); !slices.Equal(got, want[:min(n, len(want))]) {
				t.Fatalf("round %d: %d voices are %v, want %v", round, n, got, want)
			}
		}
	}
}

// Who has few slots plans in a time that does not grow with the room: what is listed is bounded by the slots.
func TestNewestIsBounded(t *testing.T) {
	s := newStage()
	for i := range 500 {
		s.publish(&Participant{id: fmt.Sprint(i)}, fmt.Sprint("pub", i), signaling.SourceCamera, rtpfwd.VP8)
	}
	s.slot("0", signaling.SlotVideo, signaling.KindVideo, rtpfwd.VP8, "")
	s.slot("1", signaling.SlotVideo, signaling.KindVideo, rtpfwd.VP8, "")
	p := planner{planInput: planInput{roster: newRoster(s.order), self: s.me, slots: s.slots}}
	if n := len(p.newest()); n != 2 {
		t.Errorf("%d are listed for two slots", n)
	}
	s.expect(t, "the newest", "0=pub499", "1=pub498")
	allocs := testing.AllocsPerRun(100, func() {
		plan(planInput{roster: p.roster, self: s.me, slots: s.slots, maySubscribe: true})
	})
	if allocs > 25 {
		t.Errorf("a plan of two slots in a room of 500 makes %v objects", allocs)
	}
}
