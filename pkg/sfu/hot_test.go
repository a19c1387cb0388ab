package sfu

import (
	"testing"

	"github.com/pion/srtp/v3"

	"github.com/heliograph/heliograph/internal/prefetch"
)

// All that sending to a viewer touches has a place, whatever it has: what is left out is waited for.
func TestAllThatIsHotHasItsPlace(t *testing.T) {
	f := newFanout(t, lookAheadFrom, func(int) *boundTrack { return &boundTrack{out: &written{}} })
	for i := range 3 {
		for _, p := range f.frame(t, 4, i == 0, false) {
			f.feed.deliver(f.at, p)
		}
		f.feed.walk(f.at)
	}
	if len(f.feed.ahead) != lookAheadFrom {
		t.Fatalf("the walk looks ahead for %d of %d", len(f.feed.ahead), lookAheadFrom)
	}
	if f.feed.ahead[1] == (prefetch.Places{}) {
		t.Error("the walk has noted nothing")
	}
	b := newPathBench(t)
	r := b.join(srtp.ProtectionProfileAeadAes128Gcm, 1)
	b.connect(r, "viewer")
	for ssrc := range r.path.sealing {
		r.path.sealing[ssrc] = r.path.seal.Source(uint32(ssrc))
	}
	sub := f.feed.subs[0]
	sub.out.t.fast = r.path
	var places prefetch.Places
	if sub.hot(&places); places.Full() {
		t.Error("something is left out")
	}
	if n := testing.AllocsPerRun(10, func() { places.Reset(); sub.hot(&places); places.Fetch() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Few subscriptions are not worth it, and those that leave take their places with them.
func TestLookAheadFollowsTheSubscriptions(t *testing.T) {
	f := newFanout(t, lookAheadFrom, func(int) *boundTrack { return &boundTrack{out: &written{}} })
	f.feed.lookAhead()
	if len(f.feed.ahead) != lookAheadFrom {
		t.Errorf("%d places for %d subscriptions", len(f.feed.ahead), lookAheadFrom)
	}
	f.w.unsubscribe(f.feed.subs[0])
	f.feed.lookAhead()
	if len(f.feed.ahead) != 0 {
		t.Errorf("%d places for %d subscriptions", len(f.feed.ahead), len(f.feed.subs))
	}
}
