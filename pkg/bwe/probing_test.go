package bwe

import (
	"testing"
	"time"
)

// playProbe sends a probe at its rate over a path of the given capacity, acknowledges a share of it, and returns when.
func playProbe(e *Estimator, p Probe, seq int64, now time.Duration, capacity Bitrate, lost int) (int64, time.Duration) {
	var acks []Ack
	at, free := now, now
	for left := p.Bytes; left > 0; left -= 1200 {
		e.OnPacketSent(Sent{Seq: seq, At: at, Size: 1200, Kind: Padding, Probe: p.ID})
		free = max(free, at) + capacity.Lasts(1200)
		acks = append(acks, Ack{Seq: seq, Recv: free + 50*time.Millisecond, Lost: len(acks) < lost})
		at += p.Rate.Lasts(1200)
		seq++
	}
	now = free + 100*time.Millisecond
	e.OnFeedback(now, acks)
	return seq, now
}

// The start: three times, six times, then twice as much each time, until the path shows its limit.
func TestStartProbes(t *testing.T) {
	e := New(testConfig())
	e.OnPacketSent(Sent{Seq: 0, Size: 100, Kind: Audio})
	var rates []Bitrate
	seq, now := int64(1), time.Duration(0)
	for p, ok := e.Probe(now); ok; p, ok = e.Probe(now) {
		if _, again := e.Probe(now); again {
			t.Fatal("the same probe twice")
		}
		rates = append(rates, p.Rate)
		seq, now = playProbe(e, p, seq, now, 3*Mbps, 0)
	}
	want := []Bitrate{900 * Kbps, 1800 * Kbps, 3600 * Kbps, 7200 * Kbps}
	if len(rates) != len(want) {
		t.Fatalf("probes of %v, want %v", rates, want)
	}
	for i := range want {
		if rates[i] != want[i] {
			t.Errorf("probe %d of %v, want %v", i, rates[i], want[i])
		}
	}
	if got := e.State().Target; got < 2400*Kbps || got > 3*Mbps {
		t.Errorf("target %v after probes of a path of 3 Mbit/s", got)
	}
}

func TestAProbeThatIsLostProvesNothing(t *testing.T) {
	for start, lost := range map[Bitrate]int{300 * Kbps: 2, 3 * Mbps: 4} { // of 5 and 15 packets
		e := New(Config{Min: 50 * Kbps, Max: 20 * Mbps, Start: start})
		e.OnPacketSent(Sent{Seq: 0, Size: 100, Kind: Audio})
		p, _ := e.Probe(0)
		seq, now := playProbe(e, p, 1, 0, 20*Mbps, lost)
		now += time.Second
		e.OnPacketSent(Sent{Seq: seq, At: now, Size: 100, Kind: Audio})
		e.OnFeedback(now+100*time.Millisecond, []Ack{{Seq: seq, Recv: now + 50*time.Millisecond}})
		if e.prober.busy() {
			t.Fatal("the probe is not judged")
		}
		if got := e.State().Target; got > start.scale(mostOverProven) {
			t.Errorf("from %v to %v after a probe of which %d packets were lost", start, got, lost)
		}
	}
}

func TestAProbeThatNobodyFetchedIsOver(t *testing.T) {
	c := newEcho(testConfig())
	c.e.SetDemand(0, Demand{Wanted: 100 * Kbps}) // no start probes
	c.run(100*Kbps, 3*time.Second, true)
	c.e.SetDemand(c.now, Demand{Wanted: 3 * Mbps, NextStep: 2 * Mbps})
	c.e.planProbe(c.now)
	if !c.e.prober.busy() {
		t.Fatal("no probe for the next step")
	}
	if p, ok := c.e.Probe(c.now + time.Hour); ok {
		t.Errorf("an hour late: %+v", p)
	}
}

// A probe on demand is for the next step and 10 %, and repeated after a while if it fails.
func TestProbesOnDemand(t *testing.T) {
	c := newEcho(testConfig())
	c.e.SetDemand(0, Demand{Wanted: 200 * Kbps})
	c.run(200*Kbps, 3*time.Second, true)
	if _, ok := c.e.Probe(c.now); ok {
		t.Fatal("a probe that nobody has a use for")
	}
	c.e.OnFeedback(c.now, c.acks)
	c.acks = c.acks[:0]
	c.e.SetDemand(c.now, Demand{Wanted: 3 * Mbps, NextStep: Mbps})
	var times []time.Duration
	for end := c.now + 30*time.Second; c.now < end; c.now += 50 * time.Millisecond {
		c.e.OnPacketSent(Sent{Seq: c.seq, At: c.now, Size: 1200, Kind: Video})
		ack := Ack{Seq: c.seq, Recv: c.now + 50*time.Millisecond}
		c.seq++
		if p, ok := c.e.Probe(c.now); ok {
			times = append(times, c.now)
			if p.Rate != 1100*Kbps {
				t.Fatalf("probe of %v, want 1.1 Mbit/s", p.Rate)
			}
			for range 5 {
				c.e.OnPacketSent(Sent{Seq: c.seq, At: c.now, Size: 1200, Kind: Padding, Probe: p.ID}) // all lost
				c.seq++
			}
		}
		c.e.OnFeedback(c.now+40*time.Millisecond, []Ack{ack})
	}
	for i := 1; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap < probePause || gap > probePause+time.Second {
			t.Errorf("probe %d comes %v after one that failed", i, gap)
		}
	}
	if len(times) < 9 || len(times) > 13 {
		t.Errorf("%d probes in 30 s: %v", len(times), times)
	}
}

// A probe of a low rate has small packets: it must not fill the queue of a path that carries little more than sound. One on demand, which
// comes again and again, is small by what may be sent, too.
func TestSlowProbesAreSmall(t *testing.T) {
	for _, c := range []struct {
		rate, target Bitrate
		demanded     bool
		size, bytes  int
	}{
		{100 * Kbps, 300 * Kbps, false, 300, 1500}, {300 * Kbps, 300 * Kbps, false, 450, 2250}, {800 * Kbps, 300 * Kbps, false, 1200, 6000},
		{10 * Mbps, 300 * Kbps, false, 1200, 18750},
		{800 * Kbps, 300 * Kbps, true, 337, 1685}, {800 * Kbps, 600 * Kbps, true, 675, 3375}, {2 * Mbps, 600 * Kbps, true, 675, 3750},
		{800 * Kbps, 50 * Kbps, true, 300, 1500}, {2 * Mbps, 1500 * Kbps, true, 1200, 6000}, {400 * Kbps, 2 * Mbps, true, 600, 3000},
	} {
		p := prober{demanded: c.demanded}
		p.plan(0, c.rate, c.target)
		if p.current.Size != c.size || p.current.Bytes != c.bytes {
			t.Errorf("%v at %v: %d bytes in packets of %d, want %d of %d", c.rate, c.target, p.current.Bytes, p.current.Size, c.bytes, c.size)
		}
	}
}
