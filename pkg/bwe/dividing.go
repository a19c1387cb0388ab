package bwe

// preferKept is how much better per bit another base must be to push out one that is sent.
const preferKept = 1.5

// lowerTo is the share of the budget that is used after a fall: the next fall would be soon.
const lowerTo = 0.95

// divide sets choices: what is kept, less what does not fit, more where that is due.
func (a *Allocator) divide() {
	copy(a.choices, a.kept)
	a.short = totalRate(a.offers, a.kept) > a.room.budget
	a.bases()
	if totalRate(a.offers, a.choices) > a.room.budget {
		a.lower()
	}
	if (a.room.low || a.short) && !a.fresh || a.room.waits(a.now) && !a.fresh {
		return
	}
	limit := a.lift()
	if !a.fresh {
		limit = a.shuffleLimit()
	}
	a.shuffle(limit)
}

// bases chooses who is sent at all. All others are Off; who was Off begins with the base.
func (a *Allocator) bases() {
	left := a.room.budget
	for i := range a.other {
		a.other[i] = Off
	}
	for _, screen := range [...]bool{true, false} {
		for i := a.nextBase(screen, left); i != Off; i = a.nextBase(screen, left) {
			a.other[i] = 0
			left -= a.offers[i].Options[0].Rate
		}
	}
	for i, o := range a.other {
		if o == Off || a.choices[i] == Off {
			a.choices[i] = o
		}
	}
}

// nextBase returns the best track of those whose base is not chosen yet and fits into what is left, or Off.
func (a *Allocator) nextBase(screen bool, left Bitrate) int {
	best, bestDensity := Off, 0.0
	for i := range a.offers {
		o := &a.offers[i]
		if o.Screen != screen || a.other[i] != Off || len(o.Options) == 0 {
			continue
		}
		density := o.Options[0].density(Option{})
		room := left
		if a.kept[i] != Off {
			density *= preferKept
		} else if limit := a.limitOf(i); limit < a.room.budget {
			room -= a.room.budget - limit
		}
		if o.Options[0].Rate <= room && density > bestDensity {
			best, bestDensity = i, density
		}
	}
	return best
}

// limitOf returns up to what total a track may be given more, 0 if it must wait.
func (a *Allocator) limitOf(i int) Bitrate {
	h := &a.held[i]
	proven := a.room.proven(a.now)
	switch {
	case a.kept[i] == Off && (h.fresh || !h.begun):
		return a.room.budget
	case h.fresh:
		return max(a.room.spare(), proven)
	case h.dwells(a.now) || a.backoff.dwells(a.now):
		return 0
	}
	// What was too much once is waited for, but only that.
	limit := max(a.room.lasts(a.now, steadyTime), proven)
	if free := a.backoff.free(); limit > free {
		limit = free
		if a.now-a.backoff.fell >= a.backoff.dwell() {
			limit = max(free, a.room.lasts(a.now, a.backoff.waits()))
		}
	}
	if a.fresh {
		limit = max(limit, min(a.keptBefore, a.room.budget)) // what others gave back was proven by sending it
	}
	return limit
}

// lower makes room: by temporal layers if that is enough, for it takes effect at once, else by whatever is best.
func (a *Allocator) lower() {
	goal := a.room.budget.scale(lowerTo)
	over := totalRate(a.offers, a.choices) - goal
	for over > 0 {
		i, option := a.leastLoss()
		if i == Off {
			break
		}
		options := a.offers[i].Options
		over -= options[a.choices[i]].Rate - options[option].Rate
		a.choices[i] = option
	}
	if over <= 0 {
		return
	}
	a.capped = append(a.capped[:0], a.offers...)
	for i, k := range a.kept {
		if a.choices[i] != Off {
			a.choices[i] = 0
		}
		a.capped[i].Options = a.capped[i].Options[:max(k, a.choices[i])+1]
	}
	a.divider.raise(goal, a.capped, nil, a.choices)
}

// leastLoss returns the step down within a spatial layer that loses the least utility per bit.
func (a *Allocator) leastLoss() (track, option int) {
	track, least := Off, 0.0
	for i, c := range a.choices {
		if c == Off {
			continue
		}
		options := a.offers[i].Options
		for j := range c {
			if options[j].Spatial != options[c].Spatial || options[j].Rate >= options[c].Rate {
				continue
			}
			if loss := options[c].density(options[j]); track == Off || loss < least {
				track, option, least = i, j, loss
			}
		}
	}
	return track, option
}

// lift gives more to those for whom it is time, and returns the most that all may take for it.
func (a *Allocator) lift() (most Bitrate) {
	total := totalRate(a.offers, a.choices)
	a.capped, a.least = append(a.capped[:0], a.offers...), a.least[:0]
	for i, c := range a.choices {
		least := a.worth(i, c)
		if !a.held[i].fresh {
			least *= worthwhile
		}
		a.least = append(a.least, least)
		limit := a.upgradeLimit(i)
		most = max(most, limit)
		top := max(c, a.kept[i])
		options := a.offers[i].Options
		for j := top + 1; c != Off && j < len(options); j++ {
			if total+options[j].Rate-options[c].Rate <= limit {
				top = j
			}
		}
		a.capped[i].Options = options[:top+1]
	}
	if most <= total {
		return most
	}
	a.divider.raise(most, a.capped, a.least, a.choices)
	return most
}

// upgradeLimit is limitOf for what is not a base.
func (a *Allocator) upgradeLimit(i int) Bitrate {
	if h := &a.held[i]; h.fresh && a.kept[i] == Off {
		return max(a.room.spare(), a.room.proven(a.now))
	}
	return a.limitOf(i)
}

func (a *Allocator) worth(i, choice int) float64 {
	if choice == Off {
		return 0
	}
	return a.offers[i].Options[choice].Utility
}
