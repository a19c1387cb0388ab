package rtpfwd

import (
	"testing"
	"time"
)

// catcher is a Slot that shows an Encoding of VP8 pictures, one packet each.
type catcher struct {
	t       *testing.T
	out     *Outbound
	buf     []byte
	replica *Replica
	f       *Forwarder
	now     time.Duration
	stamps  []uint32 // of what was sent
}

func newCatcher(t *testing.T) *catcher {
	return &catcher{t: t, out: NewOutbound(OutboundConfig{SSRC: 1, SeqStart: 1, TimeStart: 1000}), buf: make([]byte, 1500)}
}

// show makes the Slot show a source of fps pictures a second that began age before now, and was quiet for the time after
// its last picture.
func (c *catcher) show(fps int, age, quiet time.Duration) {
	c.replica = &Replica{Ring: NewRing(2048), Rate: 90000, HasClock: true, Clock: Clock{RTP: 1 << 40, At: 0, Rate: 90000}}
	c.out.SetSource(c.now, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 96})
	c.f = NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{c.replica}})
	c.f.SetTarget(c.now, Layer{})
	for at := c.now - age; at <= c.now-quiet; at += time.Second / time.Duration(fps) {
		c.replica.Put(c.picture(at, at == c.now-age))
	}
}

func (c *catcher) picture(at time.Duration, key bool) *Packet {
	p := &Packet{
		Seq: max(c.replica.recent.newest, firstCycle) + 1, Time: 1<<40 + ticksOf(at, 90000), Arrival: at, Codec: VP8, Marker: true,
		Raw: make([]byte, 20), payloadStart: 12, payloadEnd: 20, Desc: noDescriptor(),
	}
	p.Desc.Start, p.Desc.Keyframe = true, key
	return p
}

// live sends a picture that comes now.
func (c *catcher) live() {
	p := c.picture(c.now, false)
	c.replica.Put(p)
	c.send(c.f.Select(c.now, p, nil))
}

func (c *catcher) send(choices []Choice) {
	c.t.Helper()
	if len(choices) == 0 {
		c.t.Fatal("nothing was chosen")
	}
	for _, choice := range choices {
		n := c.out.Rewrite(c.now, choice, c.buf)
		if n == 0 {
			c.t.Fatal("refused")
		}
		c.stamps = append(c.stamps, parsed(c.t, c.buf[:n]).Timestamp)
	}
}

// ticks is the time from one of the packets sent to another.
func (c *catcher) ticks(from, to int) time.Duration {
	return time.Duration(int32(c.stamps[to]-c.stamps[from])) * time.Second / 90000
}

func (c *catcher) checkRising() {
	c.t.Helper()
	for i := 1; i < len(c.stamps); i++ {
		if c.ticks(i-1, i) <= 0 {
			c.t.Fatalf("timestamp %d is %v after the one before", i, c.ticks(i-1, i))
		}
	}
}

func TestCatchUp(t *testing.T) {
	for _, test := range []struct {
		fps        int
		age, quiet time.Duration
	}{{30, 6 * time.Second, 0}, {30, time.Second, ms(20)}, {120, 6 * time.Second, ms(5)}, {2, 6 * time.Second, 5 * time.Second}} {
		c := newCatcher(t)
		c.now = time.Minute
		c.show(test.fps, test.age, test.quiet)
		c.send(c.f.Replay(c.now, 1<<20, nil))
		past := len(c.stamps) - 1
		if c.checkRising(); c.ticks(0, past) > ms(12) {
			t.Errorf("%+v: %d pictures of the past take %v", test, past, c.ticks(0, past))
		}
		sr, _ := c.out.SenderReport(c.now, 0)
		if ahead := time.Duration(int32(sr.RTPTime-c.stamps[past])) * time.Second / 90000; ahead < 0 || ahead > ms(12) {
			t.Errorf("%+v: the clock is %v ahead of what was sent", test, ahead)
		}
		for range 10 {
			c.now += ms(40)
			c.live()
		}
		c.checkRising()
		if took := c.ticks(past, past+10); took < ms(399) || took > ms(412) {
			t.Errorf("%+v: 400 ms of live pictures take %v", test, took)
		}
	}
}

// TestCatchUpAgain: a running Slot keeps to real time over replays, of another source and of the same one, and so does a report
// in the middle of one.
func TestCatchUpAgain(t *testing.T) {
	c := newCatcher(t)
	c.now = time.Minute
	c.show(30, ms(500), 0)
	c.send(c.f.Replay(c.now, 1<<20, nil))
	began, first := c.now, len(c.stamps)-1
	for i := range 400 {
		for range 12 {
			c.now += time.Second / 30
			c.live()
		}
		if i%2 == 0 {
			c.now += ms(15)
			c.show(30, 4*time.Second, ms(10))
			choices := c.f.Replay(c.now, 1<<20, nil)
			c.send(choices[:50])
			c.out.SenderReport(c.now, 0)
			c.send(choices[50:])
			continue
		}
		c.now += ms(i % 33)
		c.send(c.f.Repair(c.now, 1<<20, nil))
	}
	c.checkRising()
	if off := c.ticks(first, len(c.stamps)-1) - (c.now - began); off < -ms(50) || off > ms(50) {
		t.Errorf("after 400 replays timestamps are %v ahead", off)
	}
}
