package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

const (
	// replayTime is how long a path may be busy with what is sent of the past.
	replayTime = 300 * time.Millisecond

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

// left is how many bytes may be replayed at once on a path that carries rate.
func (b *replayBudget) left(now time.Duration, rate bwe.Bitrate) int {
	b.spent = max(b.spent-rate.Bytes(min(now-b.at, time.Minute)), 0)
	b.at = now
	return max(rate.Bytes(replayTime)-b.spent, 0)
}

// replayRoom is how many bytes of the past may be sent to a participant.
func (e *egress) replayRoom(now time.Duration) int { return e.replays.left(now, e.pacing.target()) }

// replay starts the selection at a keyframe of the past, if one is at hand.
func (s *subscription) replay(now time.Duration) bool {
	w := s.feed.w
	return s.replayed(now, s.fwd.Replay(now, s.out.replayRoom(now), w.choices[:0]))
}

// repair starts it anew for a subscriber that asks for a keyframe: once for one that has just come, and may have seen nothing yet; and
// now and then where keyframes are not to be had.
func (s *subscription) repair(now time.Duration, encoding uint8) bool {
	fresh := !s.repaired && !s.seen && now-s.startedAt < repairSpacing
	scarce := s.feed.replicas[encoding].Supply() != rtpfwd.OnRequest && now-s.replayedAt >= repairSpacing
	if !fresh && !scarce {
		return false
	}
	w := s.feed.w
	if !s.replayed(now, s.fwd.Repair(now, s.out.replayRoom(now), w.choices[:0])) {
		return false
	}
	s.repaired = true
	return true
}

// replayed queues a replay and sends its beginning; false if it is empty.
func (s *subscription) replayed(now time.Duration, choices []rtpfwd.Choice) bool {
	w, out := s.feed.w, s.out
	w.choices = choices
	if len(choices) == 0 {
		return false
	}
	bytes := 0
	for i := range choices {
		bytes += len(choices[i].Packet.Raw)
	}
	s.burst = replayBurst
	if bytes > out.pacing.target().Bytes(replayTime) {
		s.burst = deafBurst
	}
	out.replays.spent += bytes
	s.replayedAt = now
	s.queue = append(s.queue, choices...)
	s.attend()
	w.mediaAt = now // the ticks that send the rest must come
	w.srv.metrics.replays.Inc()
	w.srv.metrics.replayedBytes.Add(float64(bytes))
	s.drain(now)
	return true
}

// drain sends what the tick permits of the queue.
func (s *subscription) drain(now time.Duration) {
	out := s.out
	if at := s.feed.w.tickedAt; at != out.burstAt {
		out.burst, out.burstAt = replayBurst, at
	}
	n := min(len(s.queue), s.burst, out.burst)
	if out.pacing.backlog() > replayBacklog {
		n = 0
	}
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
	s.requested = false
	s.askKeyframe(now)
}

// rest ends the selection with the picture that is being sent, to begin at a keyframe again.
func (s *subscription) rest(now time.Duration) {
	kept := s.queue[:0]
	for _, c := range s.queue {
		if s.slot.frameOf(c.Packet) == s.frame {
			kept = append(kept, c)
		} else {
			s.slot.drop(s, c)
		}
	}
	s.queue = kept
	s.resting = true
	s.attend()
	s.retarget(now)
}

// pictureLost takes a subscriber's request for a keyframe. need says that there is a reason for it that we can see.
func (s *subscription) pictureLost(now time.Duration, encoding uint8, need bool) {
	if len(s.queue) > 0 || s.repair(now, encoding) {
		s.feed.w.srv.metrics.keyframesSuppressed.Inc()
		return
	}
	s.feed.askKeyframe(now, encoding, need)
}
