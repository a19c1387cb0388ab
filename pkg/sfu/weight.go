package sfu

import (
	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// mostFavoured is the priority of a view item above which it changes the order, and not the share of the bitrate.
const mostFavoured = 9

// weight is what a publication is worth among the others of the view: a screen, and whoever speaks, before the rest; and the more the
// higher its priority.
func (p *planner) weight(w want) float64 {
	weight := bwe.WeightOther
	switch {
	case w.source == signaling.SourceScreen:
		weight = bwe.WeightScreen
	case p.speaks(w.owner):
		weight = bwe.WeightSpeaker
	}
	return weight * float64(1+min(max(w.item.Priority, 0), mostFavoured))
}

// speaks tells whether the loudest voice is that of a participant.
func (p *planner) speaks(who *Participant) bool {
	if len(p.loudest) == 0 {
		return false
	}
	pub, ok := p.named(p.loudest[0])
	return ok && !pub.muted && pub.owner == who
}
