package bwe

// grant appends what is granted with the reasons, and sets the demand.
func (a *Allocator) grant(out []Grant) []Grant {
	total := totalRate(a.offers, a.choices)
	a.demand, a.idle = Demand{Wanted: a.room.reserve}, !a.pause.short
	for i := range a.held {
		options, c := a.offers[i].Options, a.choices[i]
		g := Grant{ID: a.held[i].id, Option: Off}
		next := total
		if c != Off {
			g.Option = a.index[a.starts[i]+c]
			next -= options[c].Rate
		}
		if n := len(options); n > 0 {
			a.demand.Wanted += options[n-1].Rate
		}
		if j := a.nextOption(i); j != Off {
			next += options[j].Rate
			g.Why = a.why(next)
			a.step(i, next)
		}
		out = append(out, g)
	}
	a.demand.Wanted = a.demand.Wanted.scale(probeAbove * probeAbove) // a probe has to exceed what it is for
	return out
}

// nextOption returns the cheapest option of a track that is worth a switch, or Off.
func (a *Allocator) nextOption(i int) int {
	options := a.offers[i].Options
	for j := a.choices[i] + 1; j < len(options); j++ {
		if options[j].Utility >= worthwhile*a.worth(i, a.choices[i]) {
			return j
		}
	}
	return Off
}

// why returns what keeps a track from a step that takes all of them to a rate.
func (a *Allocator) why(rate Bitrate) Why {
	a.idle = false
	switch {
	case a.pause.paused:
		return WhyPaused
	case a.room.failed(a.now, rate):
		return WhyProbe
	case rate > a.room.budget:
		return WhyBudget
	}
	return WhyHysteresis
}

// step notes a step that a probe may look for.
func (a *Allocator) step(i int, rate Bitrate) {
	d, b := &a.demand, &a.backoff
	switch {
	case a.pause.paused:
		if !a.pause.trying(a.now) {
			return
		}
		rate = rate.scale(resumeProbe)
	case rate > b.free():
		rate = max(rate, b.total.scale(otherNetwork)) // that would end the wait
	case b.dwells(a.now) || a.held[i].dwells(a.now):
		return
	}
	if rate += a.room.reserve; d.NextStep == 0 || rate < d.NextStep {
		d.NextStep = rate
	}
}
