package bwe

import "time"

const (
	leftoverSaved = 250 * time.Millisecond // of the target that repairs may have saved up: they come in bursts, as losses do
	leftoverOwed  = 500 * time.Millisecond // of it that audio may have taken in advance
)

// leftover is what the target leaves over after live audio, for repairs. Behind a policer, or on a path that is too slow even for the
// audio, a repair takes the place of a packet that would have come by itself: without a bound the repairs of sound double its rate, and
// half of all of it is lost. On any other path there is more left over than is lost.
type leftover struct {
	rate Bitrate
	used time.Duration // up to this time the rate has been used
}

// holds tells whether a repair of so many bytes may go out now.
func (l *leftover) holds(now time.Duration, size int) bool { return now >= l.next(now, size) }

// next returns when a repair may go out.
func (l *leftover) next(now time.Duration, size int) time.Duration {
	return max(l.used, now-leftoverSaved) + min(l.rate.Lasts(size), leftoverSaved)
}

// take notes what goes out of it.
func (l *leftover) take(now time.Duration, size int) {
	l.used = min(l.next(now, size), now+leftoverOwed)
}
