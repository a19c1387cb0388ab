package sfu

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// slowFanout is a viewer whose path carries rate, with a frame each 33 ms of so many packets.
func slowFanout(t *testing.T, rate bwe.Bitrate, got rtpWriter) (f *fanout, viewer *egress) {
	t.Helper()
	f = newFanout(t, 1, func(int) *boundTrack { return &boundTrack{ssrc: 100, out: got} })
	viewer = f.feed.subs[0].slot.t.out
	viewer.pacing.config = bwe.Config{Min: rate, Start: rate, Max: rate}
	viewer.pacing.renew()
	return f, viewer
}

type rtpWriter interface {
	WriteRTP(*rtp.Header, []byte) (int, error)
	Write([]byte) (int, error)
}

// run gives the packets of a frame to the viewer, and then lets its pacer work until the next one.
func (f *fanout) run(viewer *egress, packets []*rtpfwd.Packet) {
	for _, p := range packets {
		f.feed.deliver(f.at, p)
	}
	f.feed.walk(f.at)
	f.w.pump(f.at)
	for end := f.at + 33*time.Millisecond; ; {
		at, ok := f.w.deadlines.first()
		if !ok || at >= end {
			return
		}
		f.w.pump(at)
	}
}

// What is more than the path carries at once waits, keeps its order, and leaves no gap.
func TestPacedPacketsGoOutLaterWithoutAGap(t *testing.T) {
	var got written
	f, viewer := slowFanout(t, 2*bwe.Mbps, &got)
	f.at += 33 * time.Millisecond
	packets := f.frame(t, 10, true, false)
	for _, p := range packets {
		f.feed.deliver(f.at, p)
	}
	f.feed.walk(f.at)
	f.w.pump(f.at)
	if n := len(got.packets); n == 0 || n >= 10 {
		t.Fatalf("%d of 10 packets went out at once", n)
	}
	f.run(viewer, nil)
	if len(got.packets) != 10 || viewer.pacing.pacer.Bytes() != 0 {
		t.Fatalf("%d of 10 packets after the time of a frame", len(got.packets))
	}
	inOrder(t, got.packets)
	if len(viewer.pacing.free) != len(viewer.pacing.waiting) {
		t.Errorf("%d of %d places are free", len(viewer.pacing.free), len(viewer.pacing.waiting))
	}
}

func inOrder(t *testing.T, packets [][]byte) {
	t.Helper()
	var h, before rtp.Header
	for i, b := range packets {
		if _, err := h.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if i > 0 && h.SequenceNumber != before.SequenceNumber+1 {
			t.Fatalf("packet %d has number %d after %d", i, h.SequenceNumber, before.SequenceNumber)
		}
		before = h
	}
}

// Video that has waited for long is given up as a whole, and begins anew; the numbers go on without a gap, and a frame that has begun is
// ended.
func TestStalledVideoBeginsAnew(t *testing.T) {
	var got written
	f, viewer := slowFanout(t, 100*bwe.Kbps, &got)
	sub := f.feed.subs[0]
	for i := 0; i < 40 && !sub.resting; i++ {
		if waited, _ := viewer.pacing.pacer.Waited(f.at); waited > stalled+2*shedEvery {
			t.Fatalf("video waits for %v", waited)
		}
		f.run(viewer, f.frame(t, 6, i == 0, false))
	}
	if !sub.resting || sub.fwd.Target() != (rtpfwd.Layer{Spatial: -1, Temporal: -1}) {
		t.Errorf("resting %v, target %v", sub.resting, sub.fwd.Target())
	}
	for range 5 {
		f.run(viewer, f.frame(t, 1, false, false))
		f.feed.tick(f.at)
	}
	for range 40 { // a keyframe at last; nothing before it may be sent
		f.at += 33 * time.Millisecond
		f.run(viewer, nil)
	}
	before := len(got.packets)
	f.run(viewer, f.frame(t, 1, true, false))
	if len(got.packets) != before+1 {
		t.Errorf("%d packets at the keyframe", len(got.packets)-before)
	}
	inOrder(t, got.packets)
}

// A packet that waits for its turn costs nothing to the garbage collector.
func TestPacingDoesNotAllocate(t *testing.T) {
	f, viewer := slowFanout(t, 50*bwe.Mbps, nowhere{})
	warm := func() {
		f.run(viewer, f.frame(t, 4, false, false))
	}
	f.run(viewer, f.frame(t, 4, true, false))
	for range 50 {
		warm()
	}
	packets := f.frame(t, 4, false, false)
	item := func() {
		for _, p := range packets {
			sub := f.feed.subs[0]
			viewer.push(f.at, sub, rtpfwd.Choice{Packet: p, Replica: f.feed.replicas[0]})
		}
		for x, ok := viewer.pacing.pacer.Pop(f.at); ok; x, ok = viewer.pacing.pacer.Pop(f.at) {
			viewer.pacing.give(x.Ref)
		}
		f.at += 33 * time.Millisecond
	}
	for range 10 {
		item()
	}
	if n := testing.AllocsPerRun(200, item); n > 0 {
		t.Errorf("%v allocations for a frame of 4 packets", n)
	}
}

// Another path halves what is sent, the same one again changes nothing, and at the start ICE may choose.
func TestRouteChange(t *testing.T) {
	p := newPacing(Bitrates{Min: 50 * bwe.Kbps, Start: 2 * bwe.Mbps, Max: 10 * bwe.Mbps})
	udp, tcp := netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.1:2000")
	p.route(time.Second, udp)
	p.route(2*time.Second, tcp)
	p.route(20*time.Second, tcp)
	if got := p.target(); got != 2*bwe.Mbps {
		t.Errorf("%v after the start", got)
	}
	p.route(30*time.Second, udp)
	if got := p.target(); got != bwe.Mbps {
		t.Errorf("%v on another path, want half of 2 Mbit/s", got)
	}
}
