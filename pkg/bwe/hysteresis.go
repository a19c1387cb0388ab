package bwe

import "time"

const (
	dwellLeast = 3 * time.Second // after a switch nothing more is given
	youth      = 5 * time.Second // a new track rises with the probes of the start, step by step without a dwell

	worthwhile   = 1.1              // times the utility that a switch has to give
	keyframeTime = 10 * time.Second // over which the bytes of a keyframe count
)

// priceOf is what a keyframe adds to the rate of what it leads to.
func priceOf(keyframe int) Bitrate {
	return rateOf(min(max(keyframe, 0), 1<<24), keyframeTime)
}

// held is what a track had, from call to call.
type held struct {
	id, view          int64
	on                bool
	spatial, temporal int8
	rate              Bitrate

	fresh bool // new, or asks for something new
	taken bool // in the list of the last call: this call has found it
	young bool // has never been lowered for want of rate, since born
	begun bool // has ever been sent: who waits for a first picture gets it as soon as it fits

	born    time.Duration
	changed time.Duration // when it was last switched, but for the first time
}

// remember adds what is known of a ladder, which is mostly at the same place as in the last call.
func (a *Allocator) remember(i int, l *Ladder) {
	for n := range a.before {
		old := &a.before[(i+n)%len(a.before)]
		if old.id != l.ID || old.taken {
			continue
		}
		old.taken = true
		h := *old
		h.fresh, h.taken = h.view != l.View, false
		h.view = l.View
		a.held = append(a.held, h)
		return
	}
	a.held = append(a.held, held{id: l.ID, view: l.View, fresh: true, young: true, born: a.now, changed: a.now - shuffleTime})
}

// gone tells whether a track that had something is no longer there: what it had is for the others, at once.
func (a *Allocator) gone() bool {
	for i := range a.before {
		if h := &a.before[i]; !h.taken && h.on {
			return true
		}
	}
	return false
}

func (h *held) has(o *Option) bool { return h.on && o.Spatial == h.spatial && o.Temporal == h.temporal }

// find returns what the track had: if that is not offered any more the best that takes no more, else the base.
func (h *held) find(options []Option) int {
	if !h.on || len(options) == 0 {
		return Off
	}
	best := 0
	for i := range options {
		if h.has(&options[i]) {
			return i
		}
		if options[i].Rate <= h.rate {
			best = i
		}
	}
	return best
}

// dwells tells whether it is too early to give the track more.
func (h *held) dwells(now time.Duration) bool {
	if h.young && now-h.born < youth {
		return false
	}
	return now-h.changed < dwellLeast
}

// commit notes what is granted.
func (a *Allocator) commit() {
	total := totalRate(a.offers, a.kept)
	rises := false
	for i := range a.held {
		rises = a.settle(i) || rises
	}
	if a.short {
		a.backoff.fall(a.now, total)
	} else if rises {
		a.backoff.rise(a.now)
	}
	a.backoff.review(a.now, &a.room)
}

// settle notes what is granted to one track, and tells whether that is a rise from what it had.
func (a *Allocator) settle(i int) (rises bool) {
	h, choice, kept := &a.held[i], a.choices[i], a.kept[i]
	if choice != kept && (h.on || !h.fresh) {
		h.changed = a.now
		rises = choice > kept && !h.fresh
	}
	h.young = h.young && !(a.short && choice < kept)
	h.fresh, h.on = false, choice != Off
	if h.on {
		h.begun = true
		o := a.offers[i].Options[choice]
		h.spatial, h.temporal, h.rate = o.Spatial, o.Temporal, o.Rate
	}
	return rises
}
