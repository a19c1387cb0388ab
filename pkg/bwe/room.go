package bwe

import "time"

const (
	steadyTime = 2 * time.Second
	roomBucket = 500 * time.Millisecond
	roomSlots  = 64               // 32 s, and a bucket for what is going on
	probeFresh = 2 * time.Second  // for so long a probe proves something
	provenUse  = 0.9              // of what a probe has shown is granted: more would fill the path at each keyframe
	probeStale = 10 * time.Second // and for so long it speaks against more

	jump = 1.25 // times the least target of the last 2 s: what a probe shows beyond is a rise of the capacity, less may be noise

	competeMost = 2.0 // times what arrives, while other traffic fills the queue

	momentTime  = time.Second // for no longer a target is not believed that is below the capacity
	momentLeast = 0.6         // of what a probe has shown: a target below that is another capacity
	drainShare  = 0.8         // of the capacity is used for so long while a queue drains

	probingTime = time.Second // so long what is under way is waited for, to switch once instead of with each probe
)

// room is what may be used: now, and for how long already.
type room struct {
	budget  Bitrate // for video, now
	reserve Bitrate
	target  Bitrate

	least   [roomSlots]Bitrate // of the target, by bucket of time
	bucket  int64              // the newest
	since   int64              // the first bucket that is wholly known
	started bool

	probes       int
	probed       Bitrate // what the last probe has shown
	probedAt     time.Duration
	probing      bool
	low          bool          // a queue drains, or the target is low for a moment: no time for more
	probingSince time.Duration // of this time is the last state without a probe
	probeEnded   time.Duration // and of this the last with one
	lowSince     time.Duration // of this time is the last target that was most of the capacity
}

// note takes over the state of the estimator.
func (r *room) note(now time.Duration, s State, reserve Bitrate) {
	if s.Probing || s.Probes != r.probes {
		r.probeEnded = now
	}
	target := r.lasting(now, s)
	r.reserve = min(max(reserve, 0), mostRate)
	bucket := int64(now / roomBucket)
	if !r.started {
		*r = room{reserve: r.reserve, bucket: bucket, since: bucket, started: true, lowSince: now, probingSince: now, probes: s.Probes, probedAt: now - probeStale, probeEnded: r.probeEnded}
		r.least[bucket%roomSlots] = target
	}
	for gap := 0; r.bucket < bucket; gap++ {
		if gap == roomSlots {
			r.bucket = bucket - 1 // all have been overwritten
		}
		r.bucket++
		r.least[r.bucket%roomSlots] = r.target
	}
	slot := &r.least[bucket%roomSlots]
	*slot = min(*slot, target)
	r.target = target
	r.budget = max(0, target-r.reserve)
	if !s.Probing {
		r.probingSince = now
	}
	if s.Probes != r.probes && s.Probed > 0 {
		r.probed, r.probedAt = min(s.Probed, mostRate), now
	}
	r.probes, r.probing = s.Probes, s.Probing
}

// lasting returns the target or, while that is lower for no more than a second, what is known of the path: the target falls
// like that to drain a queue, after a probe its own, to look below it, or because the keyframe of a switch has come. The Pacer holds back what is
// too much for so long; a layer less would come and go with it.
func (r *room) lasting(now time.Duration, s State) Bitrate {
	target, known := min(max(s.Target, 0), mostRate), min(max(s.Capacity, 0), mostRate)
	switch {
	case s.Mode == Drain && now-r.probeEnded < momentTime: // the queue is the probe's
	case s.Mode == Drain:
		known = known.scale(drainShare)
	case now-r.probedAt < probeStale && target >= r.probed.scale(momentLeast):
		known = max(known, r.probed.scale(provenUse))
	}
	if s.Mode == Compete {
		target = min(target, known.scale(competeMost)) // it grows without bound while less is sent
	}
	r.low = s.Mode == Drain || r.started && target < known && now-r.lowSince < momentTime
	if target >= known || !r.started {
		r.lowSince = now
		return target
	}
	if now-r.lowSince >= momentTime {
		return target
	}
	return known
}

// steady returns what video could have used at any time of the last while, with room to spare; 0 if less is known.
func (r *room) steady(while time.Duration) Bitrate {
	return max(0, r.leastOf(while).scale(1/probeAbove)-r.reserve)
}

// leastOf returns the least target of the last while, 0 if less is known.
func (r *room) leastOf(while time.Duration) Bitrate {
	n := int64(while / roomBucket)
	if n >= roomSlots || r.bucket-r.since < n {
		return 0
	}
	least := mostRate
	for b := r.bucket - n; b <= r.bucket; b++ {
		least = min(least, r.least[b%roomSlots])
	}
	return least
}

// spare returns what video can use now with room to spare.
func (r *room) spare() Bitrate { return max(0, r.target.scale(1/probeAbove)-r.reserve) }

// proven returns what a probe has shown a moment ago to be there for video.
func (r *room) proven(now time.Duration) Bitrate {
	if now-r.probedAt > probeFresh {
		return 0
	}
	shown := min(r.target, r.probed.scale(provenUse))
	if least := r.leastOf(steadyTime); least > 0 && shown < least.scale(jump) {
		shown = min(shown, least) // a probe sees a moment, and here it is one of the better
	}
	return max(0, shown-r.reserve)
}

// provenSince is what a probe that ended after a time has shown to be there for video.
func (r *room) provenSince(since, now time.Duration) Bitrate {
	if r.probedAt <= since {
		return 0
	}
	return r.proven(now)
}

// lasts returns what all of video may take because there has been room for it for a while; while probes are made, only as
// far as they have shown it: a target that is far above what is sent is not proven.
func (r *room) lasts(now, while time.Duration) Bitrate {
	limit := r.steady(while)
	if now-r.probedAt < probeStale {
		limit = min(limit, max(0, r.probed.scale(provenUse)-r.reserve))
	}
	return limit
}

// waits tells whether a probe is under way that will tell more.
func (r *room) waits(now time.Duration) bool { return r.probing && now-r.probingSince < probingTime }

// failed tells whether a probe has shown lately that a rate for video is not there.
func (r *room) failed(now time.Duration, rate Bitrate) bool {
	return now-r.probedAt < probeStale && r.probed.scale(provenUse) < rate+r.reserve
}
