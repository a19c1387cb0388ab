package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

const (
	// assumedBitrate is what a path is taken to carry, in bit/s, as long as nothing has measured it: most access lines have
	// it, and one that does not is late by what a keyframe of the largest encoding costs it anyway.
	assumedBitrate = 5_000_000
	// replayTime is how long a path may be busy with what is sent of the past.
	replayTime = 300 * time.Millisecond
	// replayBytes is what the assumed path carries in that time.
	replayBytes = assumedBitrate / 8 * int(replayTime/time.Millisecond) / 1000

	// replayBurst is how many packets of replays a Transport gets in one tick: 60 Mbit/s, which no queue on the way feels for the
	// 30 ms that replayBytes take.
	replayBurst = 64
	// deafBurst is the same for a replay of more than replayBytes, which only a deaf source needs: 15 Mbit/s.
	deafBurst = 16
	// maxReplayQueue bounds what waits behind a replay, in packets: a source that fills it faster than it is emptied gets no pace.
	maxReplayQueue = 16384

	// repairSpacing is how long after a replay a running subscription may have another one.
	repairSpacing = 5 * time.Second
	// lossEvidence is how long a subscriber that has lost packets counts as in need of a keyframe.
	lossEvidence = 5 * time.Second
)

// replayBudget keeps the replays of a Transport to what its path carries in replayTime, whatever the number of its slots. The
// zero value is ready.
type replayBudget struct {
	spent int // bytes that the path has not carried yet
	at    time.Duration
}

// left is how many bytes may be replayed at once.
func (b *replayBudget) left(now time.Duration) int {
	passed := min(now-b.at, time.Minute)
	b.spent = max(b.spent-int(passed*(assumedBitrate/8)/time.Second), 0)
	b.at = now
	return max(replayBytes-b.spent, 0)
}

// replay starts the selection at a keyframe of the past, if one is at hand.
func (s *subscription) replay(now time.Duration) bool {
	w := s.feed.w
	return s.replayed(now, s.fwd.Replay(now, s.slot.t.out.replays.left(now), w.choices[:0]))
}

// repair starts it anew for a subscriber that asks for a keyframe: once for one that has just come, and may have seen nothing yet; and
// now and then where keyframes are not to be had.
func (s *subscription) repair(now time.Duration, encoding uint8) bool {
	fresh := !s.repaired && now-s.startedAt < repairSpacing
	scarce := s.feed.replicas[encoding].Supply() != rtpfwd.OnRequest && now-s.replayedAt >= repairSpacing
	if !fresh && !scarce {
		return false
	}
	w := s.feed.w
	if !s.replayed(now, s.fwd.Repair(now, s.slot.t.out.replays.left(now), w.choices[:0])) {
		return false
	}
	s.repaired = true
	return true
}

// replayed queues a replay and sends its beginning; false if it is empty.
func (s *subscription) replayed(now time.Duration, choices []rtpfwd.Choice) bool {
	w, out := s.feed.w, s.slot.t.out
	w.choices = choices
	if len(choices) == 0 {
		return false
	}
	bytes := 0
	for i := range choices {
		bytes += len(choices[i].Packet.Raw)
	}
	s.burst = replayBurst
	if bytes > replayBytes {
		s.burst = deafBurst
	}
	out.replays.spent += bytes
	s.replayedAt = now
	s.queue = append(s.queue, choices...)
	w.mediaAt = now // the ticks that send the rest must come
	w.srv.metrics.replays.Inc()
	w.srv.metrics.replayedBytes.Add(float64(bytes))
	s.drain(now)
	return true
}

// drain sends what the tick permits of the queue.
func (s *subscription) drain(now time.Duration) {
	out := s.slot.t.out
	n := min(len(s.queue), s.burst, out.burst)
	if len(s.queue) > maxReplayQueue {
		n = len(s.queue)
	}
	out.burst = max(out.burst-n, 0)
	for i := range s.queue[:n] {
		s.slot.forward(now, s, s.queue[i])
	}
	if s.queue = s.queue[n:]; len(s.queue) == 0 {
		s.queue = nil
		return
	}
	s.feed.w.mediaAt = now
}

// restart begins at a keyframe again after a time in which nothing was sent.
func (s *subscription) restart(now time.Duration) {
	for i := range s.queue {
		s.slot.drop(s, s.queue[i])
	}
	s.queue = nil
	s.fwd.Restart()
	s.asked = false
	s.askKeyframe(now)
}

// pictureLost takes a subscriber's request for a keyframe. need says that there is a reason for it that we can see.
func (s *subscription) pictureLost(now time.Duration, encoding uint8, need bool) {
	if len(s.queue) > 0 || s.repair(now, encoding) {
		s.feed.w.srv.metrics.keyframesSuppressed.Inc()
		return
	}
	s.feed.askKeyframe(now, encoding, need)
}
