package sfu

import (
	"context"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// A slot without a grant is told after 500 ms, and so is one with a grant again; what comes and goes faster is not.
func TestStarvedIsToldLate(t *testing.T) {
	p := &Participant{}
	p.scope.init(context.Background())
	defer p.scope.close()
	pub, slot := &Publication{owner: p}, &Slot{}
	ss := &slotSender{slot: slot, t: &Transport{owner: p}}
	s := &subscription{feed: &feed{pub: pub}, slot: ss}
	for _, c := range []struct {
		ms      int
		starved bool
		told    bool
	}{
		{0, false, false}, {1000, true, false}, {1400, true, false}, {1450, false, false}, {1460, true, false}, {1950, true, false},
		{1960, true, true}, {2500, false, true}, {2900, false, true}, {2950, true, true}, {3000, false, true}, {3499, false, true},
		{3500, false, false},
	} {
		s.starve(time.Duration(c.ms)*time.Millisecond, c.starved)
		if told := slot.starved.Load() == pub; told != c.told {
			t.Errorf("at %d ms: told %v", c.ms, told)
		}
	}
	s.starve(5*time.Second, true)
	s.starve(6*time.Second, true)
	if d := slot.describe(assignment{pub: pub}); d.State != signaling.SlotPaused || d.Reason != signaling.SlotBandwidth {
		t.Errorf("%+v", d)
	}
	ss.lost(s)
	if d := slot.describe(assignment{pub: pub}); d.State != signaling.SlotSwitching || d.Reason != "" {
		t.Errorf("after the end: %+v", d)
	}
	if d := slot.describe(assignment{pub: pub, muted: true}); d.State != signaling.SlotPaused || d.Reason != signaling.SlotMuted {
		t.Errorf("muted: %+v", d)
	}
}

// Each reason of the allocator has its name in the protocol, and it is the same word.
func TestGrantReasons(t *testing.T) {
	for why, name := range grantReasons {
		if bwe.Why(why).String() != string(name) {
			t.Errorf("%v is told as %s", bwe.Why(why), name)
		}
	}
	if bwe.Why(len(grantReasons)).String() != "unknown" {
		t.Error("a reason has no name")
	}
}

// Small changes are not told.
func TestMoved(t *testing.T) {
	was := signaling.Network{Estimate: 1000, Sending: 500, RTTMs: 100, Loss: 0.01}
	for _, c := range []struct {
		change func(n *signaling.Network)
		moved  bool
	}{
		{func(*signaling.Network) {}, false},
		{func(n *signaling.Network) { n.Estimate = 1040 }, false},
		{func(n *signaling.Network) { n.Estimate = 1100 }, true},
		{func(n *signaling.Network) { n.Estimate = 900 }, true},
		{func(n *signaling.Network) { n.Sending = 0 }, true},
		{func(n *signaling.Network) { n.RTTMs = 120 }, true},
		{func(n *signaling.Network) { n.Loss = 0.012 }, false},
		{func(n *signaling.Network) { n.Loss = 0.03 }, true},
	} {
		n := was
		if c.change(&n); moved(&was, &n) != c.moved {
			t.Errorf("%+v: %v", n, !c.moved)
		}
	}
}
