package sfu

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// The replays of a Transport stay within what its path is taken to carry, whatever is asked.
func TestReplayBudget(t *testing.T) {
	const rate = 5 * bwe.Mbps
	var b replayBudget
	if left := b.left(time.Hour, rate); left != 187_500 {
		t.Errorf("%d bytes at the start", left)
	}
	total := 0
	for now := time.Hour; now < time.Hour+10*time.Second; now += 10 * time.Millisecond {
		left := b.left(now, rate)
		b.spent += left
		total += left
	}
	if want := 187_500 + 6_250_000; total > want || total < want*99/100 {
		t.Errorf("%d bytes in 10 s, want %d", total, want)
	}
	b.spent += 4 << 20 // a deaf source, whose replay is served whatever it takes
	if left := b.left(time.Hour+11*time.Second, rate); left != 0 {
		t.Errorf("%d bytes right after a large replay", left)
	}
	if left := b.left(time.Hour+time.Minute, rate); left != 187_500 {
		t.Errorf("%d bytes long after it", left)
	}
}
