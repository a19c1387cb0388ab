package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A path gets slow, then too slow for any video, then good again: bob gets less of alice and then only hears her, he is told so, and
// why, and all of it comes back. The encodings take some 150, 450 and 1400 kbit/s, sound 65.
func TestSlowPathIsTold(t *testing.T) {
	t.Parallel()
	simulcast := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}, Steep: 3}
	turn := func(kbps float64, wait time.Duration) Step {
		return Checks(fmt.Sprintf("bob's path carries %v kbit/s for %v", kbps, wait), func(w *World) error {
			w.P("bob").link.Turn(Down, Weather{Rate: kbps * 1000, Queue: 300 * time.Millisecond})
			time.Sleep(wait)
			return nil
		})
	}
	Scenario{Conditions: Conditions{Delay: 20 * time.Millisecond}, Steps: []Step{
		Joins(Plan{Publish: []Format{simulcast, Microphone}}, "alice"),
		Joins(watching, "bob"),
		Views("bob", Tile{Of: "alice", Width: 1280, Height: 720}),
		turn(5000, 15*time.Second),
		told("all is there", func(n NetworkEvent, s signaling.Slot) bool {
			return !n.Limited && grants(n, 2, signaling.GrantDemand) && n.Feedback == signaling.FeedbackTransportCC && n.RTTMs >= 40 && n.RTTMs < 100 &&
				n.Estimate > 1_300_000 && n.Sending > 1_300_000 && s.State == signaling.SlotLive && s.Reason == ""
		}),
		turn(700, 10*time.Second),
		told("there is less", func(n NetworkEvent, s signaling.Slot) bool {
			return n.Limited && grants(n, 1, signaling.GrantBudget, signaling.GrantProbe, signaling.GrantHysteresis) && n.Estimate < 800_000 &&
				s.State == signaling.SlotLive && s.Reason == ""
		}),
		stillHears(5 * time.Second),
		turn(120, 15*time.Second),
		told("only sound fits", func(n NetworkEvent, s signaling.Slot) bool {
			return n.Limited && grants(n, -1, signaling.GrantPaused) && s.State == signaling.SlotPaused && s.Reason == signaling.SlotBandwidth
		}),
		stillHears(5 * time.Second),
		Checks("the metrics count who has no video", func(w *World) error {
			if n := w.Metric("transports_paused"); n != 1 {
				return fmt.Errorf("%v", n)
			}
			return nil
		}),
		turn(5000, 20*time.Second),
		told("all is back", func(n NetworkEvent, s signaling.Slot) bool {
			return !n.Limited && grants(n, 2, signaling.GrantDemand) && s.State == signaling.SlotLive && s.Reason == ""
		}),
		Checks("the metrics tell it too", func(w *World) error {
			for _, c := range []struct {
				name        string
				least, most float64
			}{
				{"transport_target_bytes_per_second", 100, 125}, {"transport_sending_bytes_per_second", 100, 125},
				{"pacer_queue_seconds", 50, 1000}, {"probes_total", 3, 40}, {"probes_achieved_total", 1, 30}, {"transports_paused", 0, 0},
				{"transports_by_mode", 2, 2}, {"transports_by_feedback", 2, 2}, {"slots_by_grant", 1, 1},
			} {
				if v := w.Metric(c.name); v < c.least || v > c.most {
					return fmt.Errorf("%s is %v, want %v to %v", c.name, v, c.least, c.most)
				}
			}
			return nil
		}),
		Checks("events are rare", func(w *World) error {
			all := w.P("bob").Networks(0)
			for i := range all[1:] {
				if gap := all[i+1].At - all[i].At; gap < 450*time.Millisecond {
					return fmt.Errorf("%v after another", gap)
				}
			}
			if len(all) > 50 {
				return fmt.Errorf("%d in a minute", len(all))
			}
			return nil
		}),
	}}.Play(t)
}

// grants tells whether bob's only slot with video is granted an encoding, for one of the reasons.
func grants(n NetworkEvent, spatial int, why ...signaling.GrantReason) bool {
	if len(n.Slots) != 1 || n.Slots[0].Spatial != spatial {
		return false
	}
	for _, w := range why {
		if n.Slots[0].Why == w {
			return true
		}
	}
	return false
}

// told checks what bob was told last.
func told(what string, ok func(NetworkEvent, signaling.Slot) bool) Step {
	return Checks(what, func(w *World) error {
		all, slot := w.P("bob").Networks(0), w.P("bob").Mapping("alice", signaling.SourceCamera)
		if len(all) == 0 {
			return fmt.Errorf("nothing was told")
		}
		if last := all[len(all)-1]; !ok(last, slot) {
			return fmt.Errorf("%+v, slot %+v", last, slot)
		}
		return nil
	})
}

// stillHears checks that bob lately heard alice: without a gap of more than 500 ms, and nearly all of it. A probe for more fills the queue of
// such a path for a moment.
func stillHears(lately time.Duration) Step {
	return Checks("bob hears alice", func(w *World) error {
		since := w.now() - lately
		if gap := w.P("bob").Gap("alice", signaling.SourceMicrophone, since, w.now()); gap > 500*time.Millisecond {
			return fmt.Errorf("a gap of %v", gap)
		}
		if n, all := len(w.P("bob").Frames("alice", signaling.SourceMicrophone, since)), int(lately/audioFrame); n < all*95/100 {
			return fmt.Errorf("%d frames of %d", n, all)
		}
		return nil
	})
}
