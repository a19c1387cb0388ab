package rtpfwd

import "time"

// replayPace is how many times faster than real time a replay passes by its
// timestamps: six seconds in 12 ms, and a picture of 1/30 s in 6 ticks of 90 kHz, so
// that pictures still differ at 175 a second.
const replayPace = 512

// replay maps the timestamps of pictures of the past that are sent at once.
//
// With the distances that they have at the source, the first one would be shown at
// once and the newest as much later as its timestamp is. A receiver maps timestamps to
// its clock by a filter over the arrivals: libwebrtc fits a line and takes what comes
// faster than its timestamps say as early, not as late, and holds it back. It would
// lag behind by up to the length of the replay, and only slowly find back. With all
// pictures of the past within a few milliseconds, arrivals and timestamps agree: each
// is shown as soon as it is decoded, and the live ones go on from there in real time,
// as what the clock of the source shows at the replay is sent as the time of then.
//
//	source    |key .  .  .  .  .  . clock|live  .
//	outgoing                     |k.....c|live  .
type replay struct {
	until RTPTime       // what the clock of the source showed when it began; 0: none
	since time.Duration // when it began
}

// length returns how long the replay is from a timestamp of the source on, as it is sent.
func (r *replay) length(time RTPTime) RTPTime { return max(r.until-time, 0) / replayPace }

// saved returns how much nearer to its end than at the source that is.
func (r *replay) saved(time RTPTime) RTPTime { return max(r.until-time, 0) - r.length(time) }

// outgoing maps a timestamp of the source.
func (t *timeline) outgoing(time RTPTime) RTPTime { return time - t.shift + t.saved(time) }
