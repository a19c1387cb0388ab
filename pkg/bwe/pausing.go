package bwe

import "time"

const (
	pauseAfter  = 2 * time.Second
	resumeProbe = 1.4 // times what is needed to resume: a probe that falls a little short of that is enough
)

// pause says whether there is video at all.
type pause struct {
	paused bool
	short  bool          // not even one base fits, since:
	since  time.Duration // or of the pause
	tries  int           // to resume, so far
	next   time.Duration // try
}

// tryAfter returns the time from one try to the next.
func (p *pause) tryAfter() time.Duration {
	steps := [...]time.Duration{2 * time.Second, 3 * time.Second, 5 * time.Second}
	return steps[min(p.tries, len(steps)-1)]
}

// smallestBase returns the least rate that any video takes, 0 if there is none.
func (a *Allocator) smallestBase() (ladder int, rate Bitrate) {
	ladder = Off
	for i := range a.offers {
		if o := a.offers[i].Options; len(o) > 0 && (ladder == Off || o[0].Rate < rate) {
			ladder, rate = i, o[0].Rate
		}
	}
	return ladder, rate
}

// mayVideo tells whether anything is granted now.
func (a *Allocator) mayVideo() bool {
	p := &a.pause
	ladder, base := a.smallestBase()
	switch {
	case ladder == Off:
		*p = pause{}
		return false
	case p.paused:
		return a.resumes(base)
	case base <= a.room.budget:
		p.short = false
		return true
	case !p.short:
		p.short, p.since = true, a.now
	case a.now-p.since >= pauseAfter:
		*p = pause{paused: true, since: a.now, next: a.now + 2*time.Second}
		return false
	}
	a.force(ladder)
	return false
}

// force keeps the smallest base of those that are sent, though it does not fit; if nothing is sent, it starts the smallest of all:
// what is known of the path then is little, and a picture finds out more than padding would.
func (a *Allocator) force(smallest int) {
	best := Off
	for i, k := range a.kept {
		if k != Off && (best == Off || a.offers[i].Options[0].Rate < a.offers[best].Options[0].Rate) {
			best = i
		}
	}
	if best == Off {
		best = smallest
	}
	a.choices[best] = 0
}

// resumes ends the pause when the smallest base has fitted for 2 s with room to spare, or a probe has shown that it will.
func (a *Allocator) resumes(base Bitrate) bool {
	p := &a.pause
	fits := max(a.room.lasts(a.now, steadyTime), a.room.provenSince(p.since, a.now))
	if base > fits || base > a.room.budget || a.room.low {
		if a.now >= p.next+tryTime {
			p.tries++
			p.next = a.now + p.tryAfter() - tryTime
		}
		return false
	}
	*p, a.backoff = pause{}, backoff{}
	for i := range a.held {
		h := &a.held[i]
		h.fresh, h.young, h.born = false, true, a.now // what there is is known by what has just been shown
	}
	return true
}

// tryTime is how long a try lasts: the demand stands for so long.
const tryTime = time.Second

// tries tells whether a probe should find out now whether video can go on.
func (p *pause) trying(now time.Duration) bool { return p.paused && now >= p.next }
