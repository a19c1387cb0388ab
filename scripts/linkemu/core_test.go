package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// rtp is a packet of a source, size bytes long.
func rtp(ssrc byte, size int) []byte {
	p := make([]byte, size)
	p[0], p[1], p[11] = 2<<6, 96, ssrc
	return p
}

func readAll(t *testing.T, c *core, now time.Duration, lines ...string) {
	t.Helper()
	for _, line := range lines {
		o, err := readOrder([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		c.obey(now, &o)
	}
}

// Orders count from when they come: delay, rate and queue are those of the last one, and each direction has its own.
func TestCoreIsTheLinkThatWasOrdered(t *testing.T) {
	c := newCore(1)
	arrived := map[string]time.Duration{}
	send := func(now time.Duration, name string, d direction, p []byte) {
		c.arrive(now, d, p, func() { arrived[name] = c.sim.Now() })
	}
	readAll(t, c, time.Second, `{"dir":"down","steps":[{"after":0,"rate":1e6},{"after":1,"rate":2e6}],"queue":2500,"delay_ms":50}`)
	send(time.Second, "first", down, rtp(7, 1000-headers))
	send(time.Second, "queued", down, rtp(7, 1000-headers))
	send(time.Second, "full", down, rtp(8, 1000-headers))
	send(time.Second, "up", up, rtp(7, 1000-headers))
	send(3*time.Second, "faster", down, rtp(7, 1000-headers))
	c.run(4 * time.Second)
	for name, want := range map[string]time.Duration{
		"first": 1058 * time.Millisecond, "queued": 1066 * time.Millisecond, "up": time.Second + 8*time.Microsecond,
		"faster": 3054 * time.Millisecond,
	} {
		if arrived[name].Round(time.Microsecond) != want { // the clock of the simulation is ahead by a nanosecond
			t.Errorf("%s arrived at %v, want %v", name, arrived[name], want)
		}
	}
	if _, ok := arrived["full"]; ok || len(c.sources[down]) != 2 || c.sources[down][0].Packets != 3 || c.sources[down][1].Full != 1 {
		t.Errorf("the queue has no end: %+v", c.sources[down])
	}
	s := c.sample(4*time.Second, time.UnixMilli(5))
	if len(s) != 2 || s[0].Rate != 2e6 || s[0].Full != 1 || s[0].In != 8000 || s[0].Out != 6000 || s[0].At != 5 || s[1].Dir != "up" {
		t.Errorf("samples %+v", s)
	}
}

func TestCoreLosesAtRandom(t *testing.T) {
	c := newCore(1)
	readAll(t, c, 0, `{"steps":[{"after":0,"rate":1e9}],"queue":100000,"loss":0.05}`)
	got := 0
	for i := range 10_000 {
		c.arrive(time.Duration(i)*time.Millisecond, down, rtp(1, 100), func() { got++ })
	}
	c.run(time.Hour)
	if lost := c.sources[down][0].Lost; lost < 400 || lost > 600 || got != 10_000-lost {
		t.Errorf("%d of 10000 lost, %d arrived", lost, got)
	}
}

// What is on its way and what is counted are bounded.
func TestCoreIsBounded(t *testing.T) {
	c := newCore(1)
	readAll(t, c, 0, `{"steps":[{"after":0,"rate":1e9}],"queue":4194304,"delay_ms":2000}`)
	for i := range mostWaits + 10 {
		c.arrive(time.Duration(i)*time.Microsecond, down, rtp(byte(i), 20), func() {})
	}
	if len(c.sources[down]) != sources || c.waits != mostWaits {
		t.Errorf("%d sources, %d packets wait", len(c.sources[down]), c.waits)
	}
}

func TestOrdersAreChecked(t *testing.T) {
	for _, line := range []string{
		``, `[]`, `{}`, `{"dir":"left","steps":[{"rate":1}],"queue":1500}`, `{"steps":[{"rate":-1}],"queue":1500}`,
		`{"steps":[{"after":1,"rate":1}],"queue":1500}`, `{"steps":[{"rate":1},{"after":0,"rate":2}],"queue":1500}`,
		`{"steps":[{"rate":1}],"queue":1}`, `{"steps":[{"rate":1}],"queue":1500,"loss":1.1}`,
	} {
		if _, err := readOrder([]byte(line)); !errors.Is(err, errOrder) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestSourceOf(t *testing.T) {
	if ssrc, payloadType, ok := sourceOf(rtp(9, 12)); ssrc != 9 || payloadType != 96 || !ok {
		t.Error(ssrc, payloadType, ok)
	}
	rtcp := rtp(9, 12)
	rtcp[1] = 205
	for _, p := range [][]byte{nil, rtp(9, 12)[:11], rtcp, make([]byte, 20)} {
		if _, _, ok := sourceOf(p); ok {
			t.Errorf("% x is taken for RTP", p)
		}
	}
}

// A plot has what was sent and received, and refuses what is no sample.
func TestDraw(t *testing.T) {
	lines := `{"at":1000,"dir":"down","rate":3000000,"in":2000000,"queue_ms":20}
{"at":1050,"received":1900000,"width":1280}
{"at":1050,"dir":"up","rate":3000000,"in":2000000,"queue_ms":900}
{"at":1100,"dir":"down","rate":800000,"in":2000000,"queue_ms":300}`
	var b strings.Builder
	if err := draw(&b, strings.NewReader(lines), "a <link>"); err != nil || !strings.Contains(b.String(), "a &lt;link&gt;") {
		t.Error(err, b.String())
	}
	if n := strings.Count(b.String(), `fill="none"`); n != 4 {
		t.Errorf("%d lines, want 4", n)
	}
	if draw(&b, strings.NewReader("x"), "t") == nil || draw(&b, strings.NewReader(""), "t") == nil {
		t.Error("drew nothing")
	}
}
