package sfu

import (
	"slices"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// voices are the n audio publications of others that are to be heard: the loudest, then the unmuted, then the muted, each group with those
// that have a slot already first, and the oldest first.
func (p *planner) voices(n int) []published {
	out := make([]published, 0, n)
	chosen := map[*Publication]bool{}
	add := func(pub published) {
		if len(out) < n && pub.kind == signaling.KindAudio && pub.owner != p.self && !p.placed[pub.Publication] && !chosen[pub.Publication] {
			chosen[pub.Publication] = true
			out = append(out, pub)
		}
	}
	for _, csrc := range p.loudest {
		if pub, ok := p.named(csrc); ok && !pub.muted {
			add(pub)
		}
	}
	slotted := p.slotted()
	for muted, all := range [...][]int32{p.roster.heard, p.roster.silent} {
		for _, at := range slotted {
			if pub := p.publications[at]; pub.muted == (muted == 1) {
				add(pub)
			}
		}
		for _, at := range all {
			if len(out) == n {
				return out
			}
			add(p.publications[at])
		}
	}
	return out
}

// slotted are the places of what the slots carry now, in order.
func (p *planner) slotted() (out []int32) {
	for _, s := range p.slots {
		if at, ok := p.place(s.current); ok {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	return out
}
