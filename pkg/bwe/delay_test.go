package bwe

import (
	"testing"
	"time"
)

// feedbackOfDelays gives a feedback every 50 ms with five packets, of which the fastest has the given delay.
func feedbackOfDelays(d *delayMeter, from, span, clock time.Duration, delay func(time.Duration) time.Duration) time.Duration {
	const step = 50 * time.Millisecond
	for at := from; at < from+span; at += step {
		d.begin()
		for i := range time.Duration(5) {
			sent := at + i*10*time.Millisecond
			d.add(sent, sent+clock+delay(at)+i*time.Millisecond)
		}
		d.end()
	}
	return from + span
}

func constant(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func TestQueueIsAboveTheLeastDelay(t *testing.T) {
	const ms = time.Millisecond
	for _, clock := range []time.Duration{0, -time.Hour, 1 << 60} {
		var d delayMeter
		now := feedbackOfDelays(&d, 0, time.Second, clock, constant(50*ms))
		if d.queue != 0 {
			t.Errorf("clock %v: a queue of %v on an empty path", clock, d.queue)
		}
		now = feedbackOfDelays(&d, now, 50*ms, clock, constant(80*ms))
		if d.queue != 34*ms { // of its latest packet, which is 4 ms slower than its fastest: the queue grows
			t.Errorf("clock %v: the first feedback with a queue of 30 ms shows %v", clock, d.queue)
		}
		now = feedbackOfDelays(&d, now, time.Second, clock, constant(80*ms))
		if d.queue != 30*ms {
			t.Errorf("clock %v: a queue of 30 ms shows as %v", clock, d.queue)
		}
		// The path got longer: after 16 s what was a queue is the base.
		feedbackOfDelays(&d, now, 17*time.Second, clock, constant(80*ms))
		if d.queue != 0 {
			t.Errorf("clock %v: a delay of 17 s is still a queue of %v", clock, d.queue)
		}
	}
}

// A clock that runs 500 ppm fast or slow adds at most 8 ms, what it gains in the 16 s of the base.
func TestQueueWithASkewedClock(t *testing.T) {
	for _, skew := range []float64{500e-6, -500e-6} {
		var d delayMeter
		longest := time.Duration(0)
		for now := time.Duration(0); now < time.Minute; {
			now = feedbackOfDelays(&d, now, 50*time.Millisecond, 0, func(at time.Duration) time.Duration {
				return 50*time.Millisecond + scaled(at, skew)
			})
			longest = max(longest, d.queue)
		}
		if longest > 8200*time.Microsecond {
			t.Errorf("skew %g: a queue of %v on an empty path", skew, longest)
		}
	}
}

func TestAClockThatWasSetStartsAnew(t *testing.T) {
	var d delayMeter
	now := feedbackOfDelays(&d, 0, time.Second, 0, constant(50*time.Millisecond))
	feedbackOfDelays(&d, now, time.Second, time.Hour, constant(60*time.Millisecond))
	if d.queue != 0 {
		t.Errorf("a queue of %v after the clock was set", d.queue)
	}
}

func TestBaseIsConfirmed(t *testing.T) {
	var d delayMeter
	now := feedbackOfDelays(&d, 0, time.Second, 0, constant(50*time.Millisecond))
	seen := d.confirmed
	if now-seen > 100*time.Millisecond {
		t.Fatalf("the base was last seen at %v", seen)
	}
	now = feedbackOfDelays(&d, now, 5*time.Second, 0, constant(60*time.Millisecond))
	if d.confirmed > seen+100*time.Millisecond {
		t.Errorf("10 ms above the base confirm it at %v", d.confirmed)
	}
	now = feedbackOfDelays(&d, now, time.Second, 0, constant(53*time.Millisecond))
	if now-d.confirmed > 100*time.Millisecond {
		t.Errorf("3 ms above the base do not confirm it")
	}
}
