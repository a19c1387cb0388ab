package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// The packets of a picture leave their publisher together, but the kernel wakes a reader at the first of them. If that was forwarded by
// itself, the walk through all viewers would be done twice, and each viewer would get two messages instead of one, at almost
// twice the cost. So the worker waits a moment for the rest.
const (
	// holdTime is for how long at most, from the arrival of the first packet: more than it takes to send a picture back to back.
	holdTime = 500 * time.Microsecond
	// holdFor is how many viewers make it worth while.
	holdFor = 8
	// holdLess is how many packets are worth a message of their own.
	holdLess = 8
)

// held tells whether the round is the beginning of a picture of which the rest is about to come.
func (f *feed) held(now time.Duration) bool {
	n := len(f.round)
	return n > 0 && n < holdLess && len(f.subs) >= holdFor && f.pub.kind == signaling.KindVideo &&
		!f.round[n-1].Marker && now < f.heldUntil()
}

// heldUntil is when the round is forwarded at the latest.
func (f *feed) heldUntil() time.Duration {
	if len(f.round) == 0 {
		return 0
	}
	return f.round[0].Arrival + holdTime
}
