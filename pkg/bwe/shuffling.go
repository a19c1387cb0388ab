package bwe

import "time"

const (
	shuffleTime = 10 * time.Second // between switches that take from one to give to another
	shuffleAll  = 1.03             // times the utility of all, if everything is in motion anyway
)

// patience is the time between switches that take from one to give to another.
func (a *Allocator) patience() time.Duration { return max(shuffleTime, a.backoff.dwell()) }

// shuffleLimit is what all may take after such switches.
func (a *Allocator) shuffleLimit() Bitrate {
	limit := a.room.lasts(a.now, a.patience())
	if a.backoff.factor == 0 {
		limit = max(limit, a.room.proven(a.now))
	}
	return limit
}

// shuffle takes from one to give to another, if that is so much better that the switches are worth it.
func (a *Allocator) shuffle(limit Bitrate) {
	limit = max(limit, min(totalRate(a.offers, a.choices), a.room.budget))
	a.anew()
	a.divider.raise(limit, a.capped, nil, a.other)
	if !a.better() {
		a.anew()
		a.insist()
		a.divider.raise(limit, a.capped, nil, a.other)
	}
	if a.better() && totalRate(a.offers, a.other) <= limit {
		copy(a.choices, a.other)
	}
}

// anew begins with the bases, but for tracks that may not be switched yet.
func (a *Allocator) anew() {
	for i, c := range a.choices {
		a.other[i] = min(c, 0)
		a.capped[i].Options = a.offers[i].Options
		if h := &a.held[i]; !h.fresh && (h.dwells(a.now) || !a.fresh && a.now-h.changed < a.patience()) {
			a.other[i] = c
			a.capped[i].Options = a.offers[i].Options[:c+1]
		}
	}
}

// insist gives one track one of its options before all others get more: each call another one. The steps with the most
// utility per bit can leave too little room for a large one that would have been worth more than they are.
func (a *Allocator) insist() {
	if len(a.options) == 0 {
		return
	}
	a.turn++
	n := a.turn % len(a.options)
	for i := range a.offers {
		if option := n - a.starts[i]; option < a.starts[i+1]-a.starts[i] {
			if a.other[i] == 0 && option < len(a.capped[i].Options) {
				a.other[i] = option
			}
			return
		}
	}
}

// better tells whether the other choices are so much better than the present ones that it is worth the switches: by 10 % of
// what changes, or, if everything is in motion anyway, by 3 % of all.
func (a *Allocator) better() bool {
	var all, now, then float64
	for i, c := range a.choices {
		all += a.worth(i, c)
		if a.other[i] != c {
			now, then = now+a.worth(i, c), then+a.worth(i, a.other[i])
		}
	}
	if a.fresh {
		return then-now > (shuffleAll-1)*all
	}
	return then > now*worthwhile
}
