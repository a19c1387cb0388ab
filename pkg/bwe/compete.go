package bwe

import (
	"math"
	"time"
)

// Sharing with traffic that fills every queue. Beside one endless TCP (RFC 8867, section 5.6) a flow that keeps a short
// queue gets 7 % (Reno, 300 ms), 18 % (Reno, 1 s) and 12 % (CUBIC) of the path; with this 54, 53 and 48 %.
const (
	debtQueue   = 70 * time.Millisecond // a longer queue should be draining
	debtMargin  = 300 * time.Millisecond
	debtShrinks = 0.5              // of its peak: a queue that has shrunk so far drains, only not as fast as thought
	debtForgive = 0.5              // per second while the queue is shorter than that
	debtAgain   = 0.25             // of the usual debt is enough after a test that found no rival: it may have met the moment after a loss of his,
	againTime   = 20 * time.Second // for so long. Beside Reno and a queue of 1 s this the share is 51 % with it and 46 without
	calmQueue   = 30 * time.Millisecond
	calmTime    = 2 * time.Second // with a short queue: the rival is gone

	segmentSize = 1500 // bytes by which the window grows per round trip
	windowLeast = 2 * segmentSize
	windowKept  = 0.72  // at a loss, once per round trip; CUBIC keeps 0.7 (RFC 9438, section 4.6)
	fairShare   = 0.514 // of the capacity is aimed at: half, and what tests of the rival cost
	shareTime   = 12 * time.Second
	firmness    = 16   // power of what is missing
	slowest     = 0.05 // bounds of the growth, in segments per round trip
	fastest     = 20.0

	testFirst  = 15 * time.Second // until the rival is tested, twice as long after each test up to
	testMost   = 40 * time.Second
	testQueue  = 80 * time.Millisecond // a shorter queue tells nothing
	testShare  = 0.4                   // of what arrives is sent during a test
	testPasses = 0.5                   // the queue has fallen below this share if there is no rival
	leastRTT   = 20 * time.Millisecond
)

// rival notices traffic that fills every queue, and holds the window with which it is met.
type rival struct {
	pairs pairMeter
	last  time.Duration // when this was last looked at
	again time.Duration // until then a rival may be back

	debt  float64       // seconds of queue that our restraint should have drained by now
	peak  time.Duration // the longest queue, and
	share Bitrate       // the highest capacity since the debt began

	window  float64 // bytes in flight
	mean    float64 // of what arrives, in bit/s, over shareTime
	cutAt   time.Duration
	busyAt  time.Duration // when the queue was last longer than calmQueue
	testAt  time.Duration // when the next test begins, or
	testing bool          // the running one is judged
	before  time.Duration // queue at the begin of the test
	every   time.Duration
}

// elapsed returns the seconds since the last call, at most 0.2.
func (r *rival) elapsed(now time.Duration) float64 {
	dt := min(now-r.last, 200*time.Millisecond)
	r.last = now
	return max(0, dt.Seconds())
}

// watchRival adds up by how much the queue should have shrunk. If it is still long when that is more than it ever was,
// somebody else fills it.
func (e *Estimator) watchRival(now time.Duration) {
	r := &e.rival
	dt, queue := r.elapsed(now), e.delay.queue
	if queue < calmQueue || e.capacity <= 0 {
		r.debt, r.peak, r.share = 0, 0, 0
		return
	}
	if queue < debtQueue {
		r.debt = max(0, r.debt-dt*debtForgive)
		return
	}
	r.share, r.peak = max(r.share, e.capacity), max(r.peak, queue)
	r.debt += dt * max(0, 1-float64(e.target)/float64(e.capacity))
	enough := (r.peak + e.rtt + debtMargin).Seconds()
	if now < r.again {
		enough *= debtAgain
	}
	if r.debt < enough || queue < scaled(r.peak, debtShrinks) {
		return
	}
	e.mode = Compete
	*r = rival{
		pairs: r.pairs, last: now, cutAt: now, busyAt: now, every: testFirst, testAt: now + testFirst,
		window: max(float64(r.share.Bytes(e.rtt)), windowLeast),
	}
}

// compete follows losses like TCP. Its window grows faster the less it has had of half the capacity, which packet pairs tell:
// additive increase alone takes minutes to a fair share of a long queue, and is slower than CUBIC (39 % beside it). What counts
// is the mean of several losses: between two of them every share swings by a quarter, and what follows the swings gets
// from each kind of rival something else (55 % beside Reno, 44 % beside CUBIC).
func (e *Estimator) compete(now time.Duration) {
	r := &e.rival
	dt, queue := r.elapsed(now), e.delay.queue
	if r.testing && !e.judgeRival(now) {
		return
	}
	rtt := max(e.rtt, leastRTT)
	arriving := e.delivered.over(controlWindow)
	if arriving > 0 {
		e.capacity = arriving
		r.noteShare(arriving, dt)
	}
	r.window += e.windowGrowth() * segmentSize * dt / rtt.Seconds()
	if e.losses.news && now-r.cutAt > rtt {
		r.window, r.cutAt = max(windowLeast, r.window*windowKept), now
	}
	r.window = min(r.window, float64(e.config.Max.Bytes(rtt)))
	e.target = Bitrate(r.window * 8 / rtt.Seconds())
	if queue > calmQueue {
		r.busyAt = now
	}
	switch {
	case now-r.busyAt > calmTime:
		e.mode = Track
	case now >= r.testAt && queue > testQueue:
		r.testing, r.before, r.testAt = true, queue, now+rtt+queue
		e.target = arriving.scale(testShare)
	}
}

// windowGrowth returns by how many segments the window grows per round trip.
func (e *Estimator) windowGrowth() float64 {
	capacity := e.rival.pairs.capacity()
	if capacity == 0 || e.rival.mean <= 0 {
		return 1
	}
	missing := fairShare * float64(capacity) / e.rival.mean
	return min(max(math.Pow(missing, firmness), slowest), fastest)
}

// noteShare takes what has arrived in the latest dt seconds into the mean.
func (r *rival) noteShare(arriving Bitrate, dt float64) {
	if r.mean == 0 {
		r.mean = float64(arriving)
	}
	r.mean += (float64(arriving) - r.mean) * dt / shareTime.Seconds()
}

// judgeRival ends a test when it is over: a queue that did not shrink by what was held back is filled by somebody else. It
// tells whether competing goes on.
func (e *Estimator) judgeRival(now time.Duration) bool {
	r := &e.rival
	if now < r.testAt {
		return false
	}
	r.testing = false
	if e.delay.queue < scaled(r.before, testPasses) {
		e.mode, r.again = Track, now+againTime
		return false
	}
	r.every = min(2*r.every, testMost)
	r.testAt = now + r.every
	return true
}
