package rtpfwd

import "time"

// Clock ties the RTP timestamps of one stream to server time: the sample with
// timestamp RTP was taken at At. It comes from a sender report.
type Clock struct {
	RTP  RTPTime
	At   time.Duration
	Rate uint32 // Hz
}

// TimeOf returns the server time at which the sample with timestamp t was taken.
func (c Clock) TimeOf(t RTPTime) time.Duration { return c.At + durationOf(t-c.RTP, c.Rate) }

// RTPAt returns the timestamp of a sample taken at the server time at.
func (c Clock) RTPAt(at time.Duration) RTPTime { return c.RTP + ticksOf(at-c.At, c.Rate) }

const (
	// clockForget is how slowly the smallest offset is forgotten: 200 ppm, more
	// than two quartz clocks differ.
	clockForget = 5000
	// clockStep is how far an offset may lie above the smallest one before the
	// remote clock is taken to have been set back.
	clockStep = 5 * time.Second
)

// RemoteClock maps the NTP clock of one publisher Transport to server time. One
// for all encodings of the Transport keeps lip sync: an error of the mapping
// moves them all alike. It holds to the smallest offset between the arrival of a
// sender report and its NTP time, as that one waited least in queues. The zero value
// is ready.
type RemoteClock struct {
	known  bool
	base   uint64        // NTP time that durations count from
	offset time.Duration // server time minus remote time
	at     time.Duration // when offset was last looked at
}

// Local returns the server time of ntp, an NTP timestamp in 32.32 fixed point
// (RFC 3550 section 4) that arrived at now.
func (c *RemoteClock) Local(now time.Duration, ntp uint64) time.Duration {
	if !c.known {
		*c = RemoteClock{known: true, base: ntp, offset: now, at: now}
		return now
	}
	remote := ntpDuration(int64(ntp - c.base))
	c.offset += (now - c.at) / clockForget
	c.at = now
	if observed := now - remote; observed < c.offset || observed > c.offset+clockStep {
		c.offset = observed
	}
	return remote + c.offset
}

// ntpDuration converts a difference of NTP timestamps in 32.32 fixed point.
func ntpDuration(d int64) time.Duration {
	seconds, fraction := d>>32, d&0xffffffff
	return time.Duration(seconds)*time.Second + time.Duration(fraction*int64(time.Second)>>32)
}
