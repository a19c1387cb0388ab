package bwe

import "time"

const (
	baseBuckets = 16
	baseBucket  = time.Second
	nearBase    = 4 * time.Millisecond  // a delay so close to the base confirms it
	delayMean   = 3                     // feedbacks
	delayLead   = 10 * time.Millisecond // a feedback that exceeds the mean by more than that is no jitter: the queue grows
	clockJump   = 10 * time.Second      // a one-way delay that changes by more is a clock that was set
	noDelay     = time.Duration(1<<63 - 1)
)

// delayMeter measures how long packets wait in the bottleneck. The clocks of sender and receiver differ by an unknown
// constant, so that only the difference to the least delay of the last 16 s, the base, means something.
//
// The delay of a feedback is that of its fastest packet: what a burst does to itself is not the queue. It is averaged over
// three, for the base too: the least of single delays on a path with jitter is below what an empty queue usually shows,
// and the flow would take that for a queue and give way (1 % of utilisation with 30 ms of jitter).
type delayMeter struct {
	mins      [baseBuckets]time.Duration // least delay by second of sending
	second    int64                      // of the latest bucket
	base      time.Duration
	confirmed time.Duration // when a delay near the base was last seen
	started   bool

	batch   time.Duration // least delay of the feedback that is being read
	sent    time.Duration // when the latest packet in it was sent
	last    time.Duration // delay of that packet
	batches [delayMean]time.Duration
	count   int
	queue   time.Duration // above the base
}

// begin starts to read a feedback.
func (d *delayMeter) begin() { d.batch, d.last = noDelay, -noDelay }

// add takes a packet that has arrived.
func (d *delayMeter) add(sent, recv time.Duration) {
	delay := recv - sent
	if d.started && (delay-d.base).Abs() > clockJump {
		*d = delayMeter{batch: noDelay, last: -noDelay}
	}
	d.batch = min(d.batch, delay)
	if sent >= d.sent {
		d.sent, d.last = sent, delay
	}
}

// end finishes a feedback and tells whether it had a delay in it.
func (d *delayMeter) end() bool {
	if d.batch == noDelay {
		return false
	}
	d.batches[d.count%delayMean] = d.batch
	d.count++
	above, n := time.Duration(0), min(d.count, delayMean)
	for _, b := range d.batches[:n] {
		above += b - d.batch
	}
	mean := d.batch + above/time.Duration(n)
	d.updateBase(mean)
	// A mean is late by a feedback, and the fastest packet by another. When the queue grows that is what overfills it: after a fall of
	// the capacity sending less begins 50 to 100 ms sooner so, and audio waits 54 instead of 59 ms (p99 of 5.1) than if the
	// second such feedback is the first that counts.
	d.queue = max(0, mean-d.base, d.batch-d.base)
	if d.batch > mean+delayLead {
		d.queue = max(d.queue, d.last-d.base)
	}
	return true
}

func (d *delayMeter) updateBase(delay time.Duration) {
	second := int64(d.sent / baseBucket)
	if !d.started || second-d.second >= baseBuckets {
		d.started, d.second = true, second
		for i := range d.mins {
			d.mins[i] = noDelay
		}
	}
	for d.second < second {
		d.second++
		d.mins[d.second%baseBuckets] = noDelay
	}
	bucket := &d.mins[d.second%baseBuckets]
	*bucket = min(*bucket, delay)
	d.base = noDelay
	for _, m := range d.mins {
		d.base = min(d.base, m)
	}
	if delay-d.base < nearBase {
		d.confirmed = d.sent
	}
}
