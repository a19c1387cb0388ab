package sfu

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// speakers follows who is heard in a room, from the audio levels that publishers send (RFC 6464).
type speakers struct {
	room *Room

	// Guarded by mu; the workers of the publishers write, run reads.
	mu     sync.Mutex
	levels *rtpfwd.Speakers

	// Owned by run.
	loudest  []uint32
	speaking []rtpfwd.SpeakerLevel
	told     []uint32
	toldAt   time.Duration
}

func (s *speakers) init(rm *Room) {
	s.room = rm
	s.levels = rtpfwd.NewSpeakers()
}

func (s *speakers) observe(now time.Duration, csrc uint32, level uint8, voice bool) {
	s.mu.Lock()
	s.levels.Observe(now, csrc, level, voice)
	s.mu.Unlock()
}

func (s *speakers) remove(csrc uint32) {
	s.mu.Lock()
	s.levels.Remove(csrc)
	s.mu.Unlock()
}

// run looks at the levels ten times a second until the room is closed.
func (s *speakers) run(ctx context.Context) {
	tick := time.NewTicker(speakerTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.step(s.room.srv.now())
		}
	}
}

func (s *speakers) step(now time.Duration) {
	before := slices.Clone(s.loudest)
	s.mu.Lock()
	s.loudest = s.levels.Loudest(now, s.room.srv.cfg.AudioSlots, s.loudest[:0])
	s.speaking = s.levels.Speaking(now, s.speaking[:0])
	s.mu.Unlock()

	// The order counts too: a participant may have fewer audio slots than there are names on the list.
	if !slices.Equal(before, s.loudest) {
		s.room.setLoudest(slices.Clone(s.loudest))
	}
	ids := make([]uint32, 0, len(s.speaking))
	for _, l := range s.speaking {
		ids = append(ids, l.ID)
	}
	// Levels alone are told at a slow beat; a change of who speaks is told at once.
	if !slices.Equal(ids, s.told) || len(ids) > 0 && now-s.toldAt >= speakersEventTick {
		s.told, s.toldAt = ids, now
		s.room.tellSpeakers(s.speaking)
	}
}
