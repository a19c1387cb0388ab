package bwe

import (
	"testing"
	"time"
)

func TestSilenceLowersTheTarget(t *testing.T) {
	c := newEcho(testConfig())
	c.run(0, 5*time.Second, true)
	before := c.e.State().Target
	c.run(0, 2*time.Second, false)
	if got := c.e.State().Target; got > before/4 {
		t.Errorf("after 2 s without feedback %v of %v", got, before)
	}
	c.run(0, time.Minute, false)
	if got := c.e.State().Target; got != 50*Kbps {
		t.Errorf("after a minute without feedback %v", got)
	}
	c.run(0, 2*time.Second, true)
	if got := c.e.State().Target; got < before.scale(0.7) {
		t.Errorf("2 s after feedback came back %v of %v", got, before)
	}
}

// A pause is no congestion, even if the last packet before it was lost.
func TestSilenceOfAPauseIsNone(t *testing.T) {
	for _, lost := range []bool{false, true} {
		c := newEcho(testConfig())
		c.run(0, 5*time.Second, true)
		before := c.e.State().Target
		if !lost {
			c.e.OnFeedback(c.now, c.acks)
		}
		for end := c.now + time.Minute; c.now < end; c.now += 50 * time.Millisecond {
			c.e.OnTimeout(c.now)
		}
		if got := c.e.State().Target; got < before.scale(0.69) || !lost && got != before {
			t.Errorf("lost %v: a pause took %v to %v", lost, before, got)
		}
		if at, ok := c.e.Next(); ok {
			t.Errorf("lost %v: waits until %v for what nobody sends", lost, at)
		}
	}
}

func TestNextIsWhenTimeoutActs(t *testing.T) {
	e := New(testConfig())
	if at, ok := e.Next(); ok {
		t.Fatalf("waits until %v before anything was sent", at)
	}
	e.OnPacketSent(Sent{Seq: 0, At: time.Second, Size: 100})
	at, ok := e.Next()
	if !ok || at != time.Second+silenceStart {
		t.Fatalf("waits until %v, %v", at, ok)
	}
	e.OnTimeout(at - 1)
	if e.State().Target != 300*Kbps {
		t.Error("acts before its time")
	}
	e.OnTimeout(at)
	if got := e.State().Target; got != 210*Kbps {
		t.Errorf("%v, want 30 %% less than 300 kbit/s", got)
	}
	if next, ok := e.Next(); !ok || next != at+silenceStep {
		t.Errorf("next at %v, %v", next, ok)
	}
}
