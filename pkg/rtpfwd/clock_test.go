package rtpfwd

import (
	"testing"
	"time"
)

// ntpAt is the NTP time d after some base.
func ntpAt(base uint64, d time.Duration) uint64 {
	return base + uint64(d/time.Second)<<32 + uint64(d%time.Second)<<32/uint64(time.Second)
}

func TestClockMapsBothWays(t *testing.T) {
	c := Clock{RTP: 1 << 33, At: 7 * time.Second, Rate: 90000}
	for _, d := range []time.Duration{0, time.Second, -3 * time.Second, 40 * time.Hour} {
		rtp := c.RTPAt(c.At + d)
		if want := c.RTP + RTPTime(d/time.Second)*90000; rtp != want {
			t.Errorf("RTPAt(%v) = %d, want %d", d, rtp, want)
		}
		if at := c.TimeOf(rtp); at != c.At+d {
			t.Errorf("TimeOf(%d) = %v, want %v", rtp, at, c.At+d)
		}
	}
}

func TestRemoteClock(t *testing.T) {
	const base = 0xe000_0000_8000_0000
	near := func(what string, got, want, by time.Duration) {
		t.Helper()
		if got < want-by || got > want+by {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	var c RemoteClock
	start := 10 * time.Second
	near("first report", c.Local(start, base), start, 0)
	// 30 ms later than the first one on its way: the mapping does not move.
	near("slow report", c.Local(start+1030*time.Millisecond, ntpAt(base, time.Second)), start+time.Second, time.Millisecond)
	// 20 ms faster: all is known to be 20 ms earlier.
	near("fast report", c.Local(start+1980*time.Millisecond, ntpAt(base, 2*time.Second)), start+1980*time.Millisecond, time.Millisecond)
	near("after it", c.Local(start+3*time.Second, ntpAt(base, 3*time.Second)), start+2980*time.Millisecond, time.Millisecond)
	// An hour on the remote clock is 100 ms late: forgetting follows the drift.
	at := start + time.Hour
	near("drift", c.Local(at, ntpAt(base, time.Hour-100*time.Millisecond)), at, time.Millisecond)
	// The remote clock is set back, then forward, by a day.
	near("set back", c.Local(at+time.Second, base-24<<32*3600), at+time.Second, 0)
	near("set forward", c.Local(at+2*time.Second, ntpAt(base, 48*time.Hour)), at+2*time.Second, 0)
}

// TestRemoteClockKeepsLipSync: reports of sound and picture that waited for different
// times are still mapped alike.
func TestRemoteClockKeepsLipSync(t *testing.T) {
	const base = 0xe000_0000_0000_0000
	rng := seeded(3)
	var c RemoteClock
	for i := range 100 {
		sent := time.Duration(i) * time.Second
		audio := c.Local(sent+50*time.Millisecond+time.Duration(rng.IntN(int(ms(40)))), ntpAt(base, sent))
		video := c.Local(sent+50*time.Millisecond+time.Duration(rng.IntN(int(ms(40)))), ntpAt(base, sent+10*time.Millisecond))
		if apart := video - audio - 10*time.Millisecond; i > 10 && (apart > ms(10) || apart < -ms(10)) {
			t.Fatalf("second %d: %v apart", i, apart)
		}
	}
}
