package bwe

import "math"

// mostRate bounds all rates, so that sums of them do not overflow.
const mostRate Bitrate = 1 << 40

// load takes over what is offered, and finds what each track had before.
func (a *Allocator) load(ladders []Ladder) {
	a.before, a.held = a.held, a.before[:0]
	a.options, a.index, a.starts, a.offers = a.options[:0], a.index[:0], a.starts[:0], a.offers[:0]
	a.choices, a.other, a.kept, a.fresh = a.choices[:0], a.other[:0], a.kept[:0], false
	for i := range ladders {
		a.remember(i, &ladders[i])
		a.starts = append(a.starts, len(a.options))
		a.offer(&ladders[i], &a.held[i])
		a.fresh = a.fresh || a.held[i].fresh
	}
	a.starts = append(a.starts, len(a.options))
	for i := range ladders {
		options := a.options[a.starts[i]:a.starts[i+1]]
		a.offers = append(a.offers, Ladder{Options: options, Screen: ladders[i].Screen})
		kept := a.held[i].find(options)
		a.kept = append(a.kept, kept)
		a.choices, a.other = append(a.choices, Off), append(a.other, Off)
	}
	a.keptBefore = 0
	for i := range a.before {
		if a.before[i].on {
			a.keptBefore += a.before[i].rate
		}
	}
	a.fresh = a.fresh || a.gone()
}

// offer copies the options of a ladder but for those that make no sense: of no or too much rate or utility, not by rising
// rate, or worth no more than a cheaper one. What the track has stays unless it asks for something new.
func (a *Allocator) offer(l *Ladder, h *held) {
	best, rate := 0.0, Bitrate(0)
	for i, o := range l.Options {
		if o.Rate < max(rate, 1) || o.Rate > mostRate || !(o.Utility > 0) || math.IsInf(o.Utility, 1) {
			continue
		}
		if o.Utility <= best && (h.fresh || !h.has(&o)) {
			continue
		}
		rate = o.Rate
		best = max(best, o.Utility)
		if first := len(a.options) == a.starts[len(a.starts)-1]; !first && h.on && o.Spatial > h.spatial {
			o.Rate += priceOf(o.Keyframe)
		}
		a.options, a.index = append(a.options, o), append(a.index, i)
	}
}
