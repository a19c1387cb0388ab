package sfutest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A receiver that knows RFC 8888 and nothing else is estimated as well as any other: it gets all that its path carries, less on a path
// that is slow, and all again.
func TestCongestionControlFeedback(t *testing.T) {
	t.Parallel()
	simulcast := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}, Steep: 3}
	turn := func(kbps float64) Step {
		return Checks(fmt.Sprintf("bob's path carries %v kbit/s", kbps), func(w *World) error {
			w.P("bob").link.Turn(Down, Weather{Rate: kbps * 1000, Queue: 300 * time.Millisecond})
			time.Sleep(15 * time.Second)
			return nil
		})
	}
	Scenario{Conditions: Conditions{Delay: 20 * time.Millisecond}, Steps: []Step{
		Joins(Plan{Publish: []Format{simulcast, Microphone}}, "alice"),
		Joins(Plan{CCFB: true}, "bob"),
		Views("bob", Tile{Of: "alice", Width: 1280, Height: 720}),
		Checks("the answer agrees to it", func(w *World) error {
			answer := w.P("bob").pc.RemoteDescription().SDP
			for _, pt := range []int{111, vp8PT, rtxPT} { // Chromium takes no notice of it unless all payload types have it
				if !strings.Contains(answer, fmt.Sprintf("a=rtcp-fb:%d ack ccfb", pt)) {
					return errors.New(answer)
				}
			}
			return nil
		}),
		turn(5000),
		told("all is there", func(n NetworkEvent, _ signaling.Slot) bool {
			return !n.Limited && grants(n, 2, signaling.GrantDemand) && n.Feedback == signaling.FeedbackCCFB && n.Estimate > 1_300_000
		}),
		turn(700),
		told("there is less", func(n NetworkEvent, _ signaling.Slot) bool {
			return n.Limited && n.Slots[0].Spatial == 1 && n.Feedback == signaling.FeedbackCCFB && n.Estimate < 800_000
		}),
		stillHears(5 * time.Second),
		turn(5000),
		told("all is back", func(n NetworkEvent, _ signaling.Slot) bool { return !n.Limited && grants(n, 2, signaling.GrantDemand) }),
	}}.Play(t)
}
