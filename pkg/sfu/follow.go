package sfu

import (
	"slices"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// follow is plan for a viewer that never says what it wants to see (WHEP): it hears the loudest of the room, and sees the newest
// shared screen, else the camera of whom it hears, else of who is loudest among those that have one, else it keeps what it sees.
func follow(in planInput) planOutput {
	out := planOutput{assignments: make([]assignment, len(in.slots))}
	if !in.maySubscribe {
		return out
	}
	p := planner{planInput: in, planOutput: &out, placed: map[*Publication]bool{}}
	p.audio()
	for i, s := range p.slots {
		if s.media == signaling.KindVideo {
			p.watch(i)
		}
	}
	return out
}

// watch gives the slot i the video that is the most worth seeing, at its largest.
func (p *planner) watch(i int) {
	s := p.slots[i]
	var best published
	var bestRank []int
	for _, pub := range p.publications {
		if pub.owner == p.self || !s.carries(pub.Publication) || p.placed[pub.Publication] {
			continue
		}
		if rank := p.worth(s, pub); best.Publication == nil || slices.Compare(rank, bestRank) < 0 {
			best, bestRank = pub, rank
		}
	}
	if best.Publication != nil {
		p.assignments[i] = assignment{pub: best.Publication, muted: best.muted, shown: shown{layer: best.layerFor(0, 0), weight: bwe.WeightOther}}
		p.placed[best.Publication] = true
	}
}

// worth ranks a video: less is better. What is equal goes by age, the oldest first, screens the newest first.
func (p *planner) worth(s *Slot, pub published) []int {
	muted, elsewhere := 0, 1
	if pub.muted {
		muted = 1
	}
	if s.current == pub.Publication {
		elsewhere = 0
	}
	if pub.source == signaling.SourceScreen {
		return []int{muted, 0, -int(pub.order)}
	}
	return []int{muted, 1, p.loudness(pub.owner), elsewhere}
}

// loudness ranks a participant: 0 is who is heard on a slot, then come the loudest, and last who tells no levels.
func (p *planner) loudness(who *Participant) int {
	rank := len(p.loudest) + 1
	for _, source := range [...]signaling.Source{signaling.SourceMicrophone, signaling.SourceScreenAudio} {
		pub, ok := p.of(who.id, source)
		if !ok {
			continue
		}
		if p.placed[pub.Publication] {
			return 0
		}
		if i := slices.Index(p.loudest, pub.csrc); i >= 0 {
			rank = min(rank, i+1)
		}
	}
	return rank
}
