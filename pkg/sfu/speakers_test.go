package sfu

import (
	"slices"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// TestLoudestInOrder: in a room with fewer sources than names on the list only the order changes, and those with fewer slots
// than the list has names depend on it.
func TestLoudestInOrder(t *testing.T) {
	rm := newRoom(&Server{cfg: Config{AudioSlots: 8}}, "room")
	now, sources := time.Duration(0), uint32(4)
	talk := func(speaker uint32) {
		for end := now + 3*time.Second; now < end; now += 20 * time.Millisecond {
			for csrc := uint32(1); csrc <= sources; csrc++ {
				level := uint8(80)
				if csrc == speaker {
					level = 30
				}
				rm.speakers.observe(now, csrc, level, csrc == speaker)
			}
			if now%speakerTick == 0 {
				rm.speakers.step(now)
			}
		}
	}
	for _, speaker := range []uint32{4, 2, 3, 4} {
		talk(speaker)
		if got := *rm.loudest.Load(); len(got) != 4 || got[0] != speaker {
			t.Errorf("%d speaks, the reconcilers know %v", speaker, got)
		}
	}
	before := rm.loudest.Load()
	talk(4)
	if rm.loudest.Load() != before {
		t.Error("nothing changed, but the reconcilers were told")
	}
	sources = 3
	rm.speakers.remove(4)
	talk(3)
	if got := *rm.loudest.Load(); slices.Contains(got, 4) {
		t.Errorf("4 left, the reconcilers know %v", got)
	}
}

// TestPlanNeverHearsItself: also not when nobody else is there, or as the loudest.
func TestPlanNeverHearsItself(t *testing.T) {
	s := newStage()
	s.slot("a1", signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
	s.slot("a2", signaling.SlotAudio, signaling.KindAudio, rtpfwd.CodecNone, "")
	s.publish(s.me, "own", signaling.SourceMicrophone, rtpfwd.Opus)
	s.loud = []uint32{s.pubs["own"].csrc}
	s.expect(t, "alone")
	s.publish(&Participant{id: "pa"}, "a", signaling.SourceMicrophone, rtpfwd.Opus)
	s.expect(t, "own is the loudest", "a1=a")
}
