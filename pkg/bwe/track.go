package bwe

import (
	"math"
	"time"
)

// Following the capacity with a short queue.
//
// Effects that comments of this package name are medians of the bench of RFC 8867, with the mechanism and without it.
const (
	controlWindow = 500 * time.Millisecond // of arrivals: long enough that the sizes of frames even out
	drainWindow   = 100 * time.Millisecond // of arrivals while the queue is long: after a fall of the capacity only those after it count

	queueAtMbps = 10500 * time.Microsecond // the queue that a flow of 1 Mbit/s wants, see wantedQueue
	queueLeast  = 6 * time.Millisecond
	queueMost   = 22 * time.Millisecond // more delays audio where little is to be shared: p99 of 5.3 is 66 ms with 36 here, 62 with 28

	busyShare  = 0.6                    // of the wanted queue: less may be the packets of one frame waiting for each other
	busyMemory = 100 * time.Millisecond // the path counts as full for so long after a queue was seen

	capacityQueue = 18 * time.Millisecond // above it what arrives is the capacity, below it is less
	capacityTrust = 0.4                   // weight of a measurement at capacityFull and above, less below it
	capacityFull  = 25 * time.Millisecond
	drainTrust    = 0.6 // weight while the queue is long: then it is late, but sure

	littleShare   = 0.7 // of the capacity: who sends less has little to send,
	littleArrives = 0.9 // unless less than that arrives of it

	drainQueue = 60 * time.Millisecond // above it the mode is Drain
	gainDown   = 7.0                   // per second of queue too much
	gainUp     = 6.0                   // per second of queue too little
	mostUp     = 0.12
	mostDown   = 0.72                   // while the queue is not longer than short transfers of others make it,
	deepDown   = 0.95                   // and above deepQueue all but sound: what video sends while a queue drains, sound waits for
	deepQueue  = 250 * time.Millisecond // predicted
	mostAhead  = 200 * time.Millisecond // of prediction

	paceAhead  = 2           // times the wanted queue are predicted: nothing may leave faster than the path carries it, as it was known
	paceMemory = time.Second // ago at most

	growthQueue = 50 * time.Millisecond  // what a rise may add to the queue until feedback tells of it
	mostGrowth  = 0.5                    // per round trip
	idleCareful = 250 * time.Millisecond // for so long an empty queue is taken for a fluctuation at the known capacity
	carefulUp   = 0.04
)

// wantedQueue is the queue that the flow aims at. It is shorter the more the flow gets: flows that share a bottleneck see
// the same queue, so that the larger shrinks and the smaller grows until they are equal. The power 1.5 makes that quick
// enough to hold against chance: the Jain index of five flows with different round trips is 0.99, and 0.85 if all want
// 12 ms.
func (e *Estimator) wantedQueue() time.Duration {
	x := float64(Mbps) / float64(max(e.target, 1))
	wanted := scaled(queueAtMbps, min(x*math.Sqrt(x), 1000))
	return min(max(wanted, queueLeast), queueMost)
}

func scaled(d time.Duration, factor float64) time.Duration { return time.Duration(float64(d) * factor) }

// track sets the target from a capacity that is known while the queue is busy, and looks for more while it is empty.
func (e *Estimator) track(now time.Duration) {
	arriving := e.delivered.over(controlWindow)
	if arriving == 0 {
		return
	}
	queue, wanted := e.delay.queue, e.wantedQueue()
	if queue > scaled(wanted, busyShare) {
		e.busyAt = now
	}
	e.learnCapacity(now, arriving)
	switch {
	case e.dips(now):
	case now-e.busyAt < busyMemory:
		e.hold(now, wanted)
	default:
		e.grow(now, arriving.scale(1/(1-e.losses.inherent))) // what is always lost says nothing of the rate
	}
	e.mode = Track
	if queue > drainQueue {
		e.mode = Drain
	}
}

// learnCapacity notes what arrives while the queue is busy: that, and only that, is the capacity, or the share of it that
// other flows leave. What arrives at any other time is less, and after a dip, too: it must not cost the flow its share
// (Jain index of 5.2, mean of 30 seeds: 0.9905, and 0.988 if it does).
func (e *Estimator) learnCapacity(now time.Duration, arriving Bitrate) {
	queue := e.delay.queue
	if queue > drainQueue {
		arriving = e.delivered.over(drainWindow)
	} else if dipped := now < e.dipEnds+e.rtt+controlWindow; dipped || queue <= capacityQueue {
		e.capacity = max(e.capacity, arriving)
		return
	}
	if e.hasLittleToSend(arriving) {
		return
	}
	trust := capacityTrust * min(1, queue.Seconds()/capacityFull.Seconds())
	if queue > drainQueue {
		trust = drainTrust
	}
	e.capacity += (arriving - e.capacity).scale(trust)
}

// hasLittleToSend tells whether less is sent than the path was seen to carry, and all of it arrives: what delays it then is a busy machine
// or the radio, and what arrives is what was sent. Without this a pause of the video brings the capacity down to the rate of the sound.
func (e *Estimator) hasLittleToSend(arriving Bitrate) bool {
	sending := e.sending.over(controlWindow)
	return arriving < e.capacity && sending < e.capacity.scale(littleShare) && arriving >= sending.scale(littleArrives) && e.delay.queue <= drainQueue
}

// hold keeps the queue at its wanted length. The rate is the capacity with a correction for the queue that a packet sent
// now will meet.
func (e *Estimator) hold(now, wanted time.Duration) {
	predicted := e.predictedQueue(now)
	gain, down := gainUp, mostDown
	if predicted > wanted {
		gain = gainDown
	}
	if predicted > deepQueue {
		down = deepDown
	}
	change := (wanted - predicted).Seconds() * gain
	e.target = e.capacity.scale(1 + min(max(change, -down), mostUp))
}

// pacing is how fast packets may leave. While the path is full it is at most the capacity: what a frame sends beyond that waits in the
// queue instead of here, where it delays neither the sound nor what the queue tells of the capacity. Without this the queue's p95 is 42
// instead of 37 ms in 5.1 and 37 instead of 29 in 5.4, and one of four sets of five seeds misses a Jain index of 0.99 in 5.2. While a
// queue drains it is no more than the target: the frames of before the fall would fill it again.
//
// Feedback is late by a round trip. After a queue was drained it tells that all is well while what waited here already fills it again, so
// that the path counts as full for a round trip longer, and while by the prediction it will be: audio waits 59 instead of 76 ms (p99
// of 5.1-100ms), and the queue's p99 is 40 instead of 47 ms at 30 Mbit/s.
func (e *Estimator) pacing() Bitrate {
	fast := e.target.scale(paceFactor)
	idle := e.silence.heardAt - e.busyAt
	full := idle < busyMemory+e.rtt || idle < paceMemory && e.ahead > paceAhead*e.wantedQueue()
	switch {
	case e.mode == Drain:
		return e.target
	case e.mode == Track && full && e.silence.heardAt >= e.dipEnds && e.capacity > 0:
		return min(fast, max(e.target, e.capacity))
	}
	return fast
}

// predictedQueue is the queue that a packet sent now will meet: what the last acknowledged packet met, and what was sent
// since beyond the capacity. It takes the round trip out of the loop: 0.3 to 0.5 % of utilisation in 5.1 to 5.4, and a
// Jain index of 0.995 instead of 0.988 in 5.2 and 5.4.
func (e *Estimator) predictedQueue(now time.Duration) time.Duration {
	last := e.history.find(e.lastAcked)
	if last == nil || e.capacity <= 0 {
		return e.delay.queue
	}
	added := e.capacity.Lasts(int(e.history.total-last.total)) - (now - last.at)
	return max(0, e.delay.queue+min(max(added, -mostAhead), mostAhead))
}

// grow raises the target while the queue is empty, in proportion to what arrives: a sender that has little to send cannot
// run away. A rise that turns out too high has been adding to the queue for a round trip and the time of the
// measurement, which bounds the factor (RFC 8698, section 4.3).
func (e *Estimator) grow(now time.Duration, arriving Bitrate) {
	growth := min(mostGrowth, growthQueue.Seconds()/(e.rtt+100*time.Millisecond).Seconds())
	most := arriving.scale(1 + growth)
	if now-e.busyAt < idleCareful {
		most = min(most, e.capacity.scale(1+carefulUp))
	}
	e.target = max(e.target, most)
}
