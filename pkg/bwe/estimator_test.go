package bwe

import (
	"testing"
	"time"
)

// echo is a path without a bottleneck: it acknowledges what is sent after a delay.
type echo struct {
	e     *Estimator
	now   time.Duration
	seq   int64
	delay time.Duration
	acks  []Ack
}

func newEcho(c Config) *echo {
	return &echo{e: New(c), delay: 50 * time.Millisecond}
}

func testConfig() Config { return Config{Min: 50 * Kbps, Max: 10 * Mbps, Start: 300 * Kbps} }

// run sends at a rate, or at the target if that is 0, for a time, with feedback every 50 ms if heard.
func (c *echo) run(rate Bitrate, span time.Duration, heard bool) {
	for end := c.now + span; c.now < end; c.now += 10 * time.Millisecond {
		bytes := max(rate, 1).Bytes(10 * time.Millisecond)
		if rate == 0 {
			bytes = c.e.State().Target.Bytes(10 * time.Millisecond)
		}
		probe, _ := c.e.Probe(c.now)
		for left := max(bytes, probe.Bytes); left > 0; left -= 1200 {
			at := c.now
			if probe.ID != 0 {
				at += probe.Rate.Lasts(probe.Bytes - left)
			}
			c.e.OnPacketSent(Sent{Seq: c.seq, At: at, Size: min(left, 1200), Kind: Video, Probe: probe.ID})
			c.acks = append(c.acks, Ack{Seq: c.seq, Recv: at + c.delay})
			c.seq++
		}
		c.e.OnTimeout(c.now)
		if c.now%(50*time.Millisecond) == 0 && heard {
			n := 0
			for n < len(c.acks) && c.acks[n].Recv+c.delay <= c.now {
				n++
			}
			c.e.OnFeedback(c.now, c.acks[:n])
			c.acks = append(c.acks[:0], c.acks[n:]...)
		}
	}
}

func TestTargetStartsAndRises(t *testing.T) {
	c := newEcho(testConfig())
	if got := c.e.State().Target; got != 300*Kbps {
		t.Fatalf("starts at %v", got)
	}
	c.run(0, 3*time.Second, true)
	if got := c.e.State().Target; got < 8*Mbps {
		t.Errorf("after 3 s on a path without a bottleneck: %v", got)
	}
	if got := c.e.State().RTT; got < 100*time.Millisecond || got > 160*time.Millisecond {
		t.Errorf("round trip of 100 ms and up to 50 ms of waiting: %v", got)
	}
}

// A sender that has little to send proves little.
func TestTargetOfALimitedSenderStaysNear(t *testing.T) {
	c := newEcho(testConfig())
	c.e.SetDemand(0, Demand{Wanted: 300 * Kbps}) // no start probes
	c.run(320*Kbps, time.Minute, true)
	if got := c.e.State().Target; got > 480*Kbps {
		t.Errorf("320 kbit/s raised the target to %v", got)
	}
}

func TestRouteChangeHalvesAndForgets(t *testing.T) {
	c := newEcho(testConfig())
	c.run(0, 3*time.Second, true)
	before := c.e.State().Target
	c.e.OnRouteChange(c.now)
	if s := c.e.State(); s.Target != before/2 || s.RTT != 0 || s.Capacity != 0 {
		t.Errorf("after the change: %+v, the target was %v", s, before)
	}
	c.delay = 200 * time.Millisecond // the longer path is no queue
	c.acks = c.acks[:0]
	c.run(0, 2*time.Second, true)
	if s := c.e.State(); s.Queue > time.Millisecond || s.Target < before/2 {
		t.Errorf("on the new path: %+v", s)
	}
}

// What was sent over the old path may still be acknowledged; its round trip says nothing about the new one.
func TestRouteChangeIgnoresOldNumbers(t *testing.T) {
	c := newEcho(testConfig())
	c.run(0, time.Second, true)
	c.e.OnRouteChange(c.now)
	c.e.OnFeedback(c.now, c.acks)
	if got := c.e.State().RTT; got != 0 {
		t.Errorf("round trip %v from the old path", got)
	}
}

// Repeated, invented and late feedback changes nothing.
func TestFeedbackThatIsNoNews(t *testing.T) {
	c := newEcho(testConfig())
	c.e.SetDemand(0, Demand{Wanted: 300 * Kbps})
	c.run(300*Kbps, time.Second, true)
	late := append([]Ack(nil), c.acks...)
	c.run(300*Kbps, 250*time.Millisecond, true)
	before := c.e.State()
	for range 100 {
		c.e.OnFeedback(c.now, late)
		c.e.OnFeedback(c.now, []Ack{{Seq: c.seq}, {Seq: 1 << 62}, {Seq: -1}, {Seq: -1 << 63, Lost: true}})
	}
	if got := c.e.State(); got != before {
		t.Errorf("got %+v, want %+v", got, before)
	}
}

// A receiver that says that all came at once gets no more than 1.5 times what was sent.
func TestAReceiverThatLies(t *testing.T) {
	c := newEcho(testConfig())
	c.e.SetDemand(0, Demand{Wanted: 300 * Kbps})
	for end := 30 * time.Second; c.now < end; {
		c.run(400*Kbps, 500*time.Millisecond, false)
		for i := range c.acks {
			c.acks[i].Recv = c.now + time.Duration(i)*2*time.Millisecond // five times as fast as they were sent
		}
		c.e.OnFeedback(c.now, c.acks)
		c.acks = c.acks[:0]
		if got := c.e.State().Target; got > 640*Kbps {
			t.Fatalf("target %v at %v, 400 kbit/s were sent", got, c.now)
		}
	}
}

// What was sent again with its number was lost, once, whoever told of it, and counts for what arrives, once.
func TestSentAgainArrives(t *testing.T) {
	for _, told := range []bool{true, false} {
		e := New(testConfig())
		const packets, every = 50, 10 * time.Millisecond
		feedback := func(from, to int64, lost bool) {
			var acks []Ack
			for seq := from; seq < to; seq++ {
				acks = append(acks, Ack{Seq: seq, Recv: time.Duration(seq)*every + 500*time.Millisecond, Lost: lost})
			}
			e.OnFeedback(time.Second, acks)
		}
		for seq := range int64(2 * packets) {
			e.OnPacketSent(Sent{Seq: seq, At: time.Duration(seq) * every, Size: 1000})
		}
		if told {
			feedback(0, packets, true)
			if e.losses.recent != 1 || e.delivered.over(controlWindow) != 0 {
				t.Fatalf("before: %v are lost, %v arrive", e.losses.recent, e.delivered.over(controlWindow))
			}
		}
		for range 2 {
			for seq := range int64(packets) {
				e.OnSentAgain(seq)
			}
		}
		if want := map[bool]int{true: 0, false: packets}[told]; e.losses.lost != want {
			t.Errorf("told %v: %d are lost, want %d", told, e.losses.lost, want)
		}
		for range 2 {
			feedback(0, packets, false)
			if got := e.delivered.over(controlWindow); got < 790*Kbps || got > 820*Kbps {
				t.Errorf("%v arrive, 800 kbit/s was sent again", got)
			}
		}
		if e.losses.arrived != 0 || e.rtt != 0 || e.sending.over(controlWindow) != 0 {
			t.Errorf("%+v, round trip %v, sent %v", e.losses, e.rtt, e.sending.over(controlWindow))
		}
	}
}
