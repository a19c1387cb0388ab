package rtpfwd

import "time"

// maxTimeJump is how far the timestamps of a source may run away from the arrival
// of its packets between two pictures before they count as begun anew.
const maxTimeJump = 10 * time.Second

// maxClockStray is how far the clocks of two publications may lead away from the
// arrival of their packets to be believed: no path takes so much longer than another,
// and nobody shall put a Slot out of time for whom it shows next.
const maxClockStray = time.Second

// change says how the packet before relates to the next one in time.
type change uint8

const (
	keepsTime   change = iota // the same clock
	newEncoding               // another Encoding of the same publication
	newSource                 // another publication, or the clock jumped
	newReplay                 // a keyframe of the past, and all since
)

// timeline maps the timestamps of changing sources to one that goes on. All
// alignment happens at switches; between them the timestamps of the source pass
// with a constant shift, so that gaps of Opus DTX stay as they are.
type timeline struct {
	started bool
	shift   RTPTime // source time minus outgoing time
	rate    uint32
	replica *Replica

	last    RTPTime       // the highest outgoing timestamp
	source  RTPTime       // its timestamp at the source
	arrival time.Duration // when the first packet with it came
	latest  RTPTime       // from the picture before to the newest; 0 if not known
	frame   RTPTime       // the smaller one of the two latest of these: a pause is none
	aligned bool          // shift is new: the next step is no picture's duration
	replay

	// Where real time is. Without it, what single switches add would sum up to delay.
	origin   RTPTime       // the first outgoing timestamp
	originAt time.Duration // when the first packet came
	ahead    RTPTime       // what switches by clocks have put the outgoing time ahead
}

// begin sets the first outgoing timestamp.
func (t *timeline) begin(start uint32) { t.last = RTPTime(start) + 1<<32 }

// jumps says whether the timestamps of the source ran away from real time.
func (t *timeline) jumps(p *Packet) bool {
	step := p.Time - t.source
	if step == 0 || !t.started {
		return false
	}
	off := step - ticksOf(p.Arrival-t.arrival, t.rate)
	if p.Time < t.until {
		return false // of a replay: its timestamps went with their arrivals
	}
	return max(off, -off) > ticksOf(maxTimeJump, t.rate)
}

// align finds the shift for the packets from c on. Encodings, and publications, are
// tied by their clocks, if both are known, so that sender reports draw one line over
// all switches: receivers fit it to several of them. Anything else is tied by
// arrival. Either way the outgoing time moves forward, and at most one picture beyond
// real time.
func (t *timeline) align(c *Choice, s *outboundSource, why change) {
	p := c.Packet
	arrival, length := p.Arrival, RTPTime(0)
	t.replay = replay{}
	if why == newReplay {
		t.replay = replay{until: c.until, since: c.since}
		arrival, length = c.since, t.length(p.Time)
	}
	out := t.last
	if t.started {
		out = max(t.next(c, s, why, arrival)-length, t.last+1)
	} else {
		t.origin, t.originAt = out+length, arrival
	}
	t.shift, t.rate, t.replica, t.aligned = p.Time-out+t.saved(p.Time), s.rate, c.Replica, true
}

// next returns the outgoing timestamp of the first packet after a change.
func (t *timeline) next(c *Choice, s *outboundSource, why change, arrival time.Duration) RTPTime {
	passed := max(ticksOf(arrival-t.arrival, s.rate), 0)
	frame := t.frame
	if frame == 0 {
		frame = usualFrame(s)
	}
	if natural, ok := t.byClocks(c); ok {
		off := natural - passed
		if why == newEncoding || max(off, -off) <= ticksOf(maxClockStray, s.rate) {
			return t.last + t.stepByClock(natural, passed, frame)
		}
	}
	real := t.origin + ticksOf(arrival-t.originAt, s.rate)
	return t.last + t.stepByArrival(real-t.last, passed, frame)
}

// byClocks returns the distance to a packet of another Replica by when both were
// sampled, if that is known.
func (t *timeline) byClocks(c *Choice) (RTPTime, bool) {
	from, to := t.replica, c.Replica
	if from == nil || from == to || !from.HasClock || !to.HasClock || from.Clock.Rate != to.Clock.Rate {
		return 0, false
	}
	at := to.Clock.TimeOf(max(c.Packet.Time, c.until)) // a replay ends now
	return from.Clock.RTPAt(at) - t.shift - t.last, true
}

// stepByArrival returns the distance to the first packet of another source: real time,
// but a picture at least, as two pictures in a shorter time look like one that was
// lost. natural leads to where real time is; an outgoing time that is ahead of it
// goes back to it by shorter steps.
func (t *timeline) stepByArrival(natural, passed, frame RTPTime) RTPTime {
	least := max(passed, frame)
	if ahead := passed - natural; ahead > 0 {
		least = max(least-ahead, shortest(passed, frame))
	}
	return max(min(max(natural, least), passed+frame), 1)
}

// stepByClock returns the distance to the first packet of another Replica. natural is
// the distance between the samples. It is negative if the new one comes later
// than the old one: that puts the outgoing time ahead, and is given back likewise.
func (t *timeline) stepByClock(natural, passed, frame RTPTime) RTPTime {
	step := natural - max(min(t.ahead, natural-shortest(natural, frame)), 0)
	step = max(min(step, passed+frame), 1)
	t.ahead = max(t.ahead+step-natural, 0)
	return step
}

// shortest is how far a step may be shortened: to a picture, or to half of it if it is
// no longer than two.
func shortest(step, frame RTPTime) RTPTime { return min(step/2, frame) }

// usualFrame is the time of a picture, or of an audio packet, until one is measured:
// 1/30 s and 20 ms.
func usualFrame(s *outboundSource) RTPTime {
	if s.codec.Video() {
		return RTPTime(s.rate / 30)
	}
	return RTPTime(s.rate / 50)
}

// newest returns the outgoing timestamp of the packet with the highest number so
// far, and learns from it. Pictures that are shown before earlier ones (B frames)
// have lower timestamps and teach nothing.
func (t *timeline) newest(c *Choice) RTPTime {
	p := c.Packet
	out := t.outgoing(p.Time)
	if t.started && out <= t.last {
		return out
	}
	if p.Time < t.until {
		t.started, t.aligned, t.last, t.source, t.arrival = true, true, out, t.until, t.since // it stands for now
		return out
	}
	if step := out - t.last; !t.aligned && step <= RTPTime(t.rate/4) {
		t.frame = step
		if t.latest > 0 {
			t.frame = min(step, t.latest)
		}
		t.latest = step
	}
	t.started, t.aligned, t.last, t.source, t.arrival = true, false, out, p.Time, p.Arrival
	return out
}
