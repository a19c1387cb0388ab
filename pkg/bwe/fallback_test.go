package bwe

import (
	"math"
	"testing"
	"time"
)

func TestFallback(t *testing.T) {
	type step struct {
		lost float64
		remb Bitrate
	}
	for name, c := range map[string]struct {
		step        step
		least, most Bitrate
	}{
		"nothing lost":      {step{0, 0}, 600 * Kbps, 700 * Kbps}, // 8 % a second
		"some lost":         {step{0.05, 0}, 300 * Kbps, 300 * Kbps},
		"much lost":         {step{0.2, 0}, 100 * Kbps, 120 * Kbps},
		"all lost":          {step{1, 0}, 50 * Kbps, 50 * Kbps},
		"REMB above":        {step{0, 2 * Mbps}, 2 * Mbps, 2 * Mbps},
		"REMB below":        {step{0, 120 * Kbps}, 120 * Kbps, 120 * Kbps},
		"REMB of nearly 0":  {step{0, 1}, 50 * Kbps, 50 * Kbps},
		"REMB without end":  {step{0, math.MaxInt64}, 10 * Mbps, 10 * Mbps},
		"negative REMB":     {step{0, math.MinInt64}, 600 * Kbps, 700 * Kbps},
		"loss is no number": {step{math.NaN(), 0}, 300 * Kbps, 300 * Kbps},
	} {
		e := New(testConfig())
		for i := range 11 {
			now := time.Duration(i) * time.Second
			e.OnPacketSent(Sent{Seq: int64(i), At: now, Size: 1000})
			e.OnTimeout(now)
			if i > 0 || c.step.lost < fallbackHigh {
				e.OnFallback(now, ReceiverReport{Lost: c.step.lost, RTT: 100 * time.Millisecond}, c.step.remb)
			}
		}
		if got := e.State().Target; got < c.least || got > c.most {
			t.Errorf("%s: %v, want %v to %v", name, got, c.least, c.most)
		}
	}
}

// Transport-wide feedback is better: while there is some, reports count for nothing.
func TestFallbackWaits(t *testing.T) {
	c := newEcho(testConfig())
	c.run(0, 3*time.Second, true)
	before := c.e.State()
	c.e.OnFallback(c.now, ReceiverReport{Lost: 1}, 1)
	if got := c.e.State(); got != before {
		t.Errorf("a report took %+v to %+v", before, got)
	}
	c.e.OnFallback(c.now+fallbackAfter+time.Second, ReceiverReport{Lost: 1}, 100*Kbps)
	if got := c.e.State().Target; got != 100*Kbps {
		t.Errorf("%v with no other feedback for 3 s, want 100 kbit/s", got)
	}
}

// The State tells what feedback there is: none, of each packet, reports for want of it, and none again when all stays away.
func TestFeedbackIsTold(t *testing.T) {
	c := newEcho(testConfig())
	is := func(want Feedback, when string) {
		t.Helper()
		if got := c.e.State().Feedback; got != want {
			t.Errorf("%s: %d, want %d", when, got, want)
		}
	}
	is(Silent, "at the start")
	c.run(0, time.Second, true)
	is(Packets, "with feedback")
	c.run(0, time.Second, false)
	is(Silent, "when it stays away")
	c.now += fallbackAfter
	c.e.OnFallback(c.now, ReceiverReport{Lost: 0.25}, 0)
	is(Reports, "with reports")
	if got := c.e.State().Loss; got != 0.25 {
		t.Errorf("the loss is %v, the report said 0.25", got)
	}
	c.run(0, time.Second, true)
	is(Packets, "with feedback again")
	if got := c.e.State().Loss; got != 0 {
		t.Errorf("the loss is %v", got)
	}
}

// Before any other feedback reports are all that there is.
func TestReportsFromTheStart(t *testing.T) {
	e := New(testConfig())
	e.OnPacketSent(Sent{Seq: 1, At: 0, Size: 1000})
	e.OnFallback(time.Second, ReceiverReport{Lost: math.NaN()}, 0)
	if s := e.State(); s.Feedback != Reports || s.Loss != 0 {
		t.Errorf("%+v", s)
	}
}
