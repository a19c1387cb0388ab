package rtpfwd

import "time"

const (
	// noiseWindow is within how much time a speaker draws breath at least once.
	noiseWindow = 7500 * time.Millisecond
	// The noise is taken to lie between these levels, in -dBov: what is louder is music or
	// a crowd that one wants to hear, and below nobody can be understood.
	loudestNoise, softestNoise = 45, 65
	// From speechAbove dB above the noise on there may be speech, speechRange dB more are
	// speech for sure.
	speechAbove, speechRange = 4, 12
)

// noiseFloor follows the background noise of one source: the softest packet of the latest
// one to two windows.
type noiseFloor struct {
	level, next uint8 // in -dBov: of this window and the one before, of this one
	since       time.Duration
}

// newNoiseFloor takes a source for quiet until one window has passed: it may start amid a
// word.
func newNoiseFloor(now time.Duration) noiseFloor { return noiseFloor{level: 127, since: now} }

// observe takes the level of a packet and says how surely it has speech, 0 to 1.
func (n *noiseFloor) observe(now time.Duration, level uint8) float64 {
	if now-n.since >= noiseWindow {
		n.level, n.next, n.since = n.next, 0, now
	}
	n.next, n.level = max(n.next, level), max(n.level, level)
	floor := min(max(int(n.level), loudestNoise), softestNoise)
	return min(max(float64(floor-int(level)-speechAbove)/speechRange, 0), 1)
}
