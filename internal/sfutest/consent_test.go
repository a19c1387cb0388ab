package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A participant whose media path falls silent gets less and less, no video after 10 s, and is removed after 30 s, although its websocket lives;
// nobody else notices.
func TestConsent(t *testing.T) {
	t.Parallel()
	var since, stopped, removed time.Duration
	sent := func(w *World) float64 { return w.Metric("rtp_forwarded_packets_total") }
	var others float64
	Scenario{Steps: []Step{
		Joins(publishing, "alice", "bob"),
		Joins(watching, "mallory"),
		Runs(2 * time.Second),
		Checks("mallory's media path falls silent", func(w *World) error {
			w.P("mallory").link.Silence(Media, true)
			since = w.now()
			return nil
		}),
		Checks("it gets no more video after 10 s at the latest", func(w *World) error {
			// Two participants get a camera and a microphone each; mallory gets two of both.
			const video, audio = 30, 50
			for w.now()-since < 15*time.Second {
				before := sent(w)
				time.Sleep(time.Second)
				if rate := sent(w) - before; rate < 2*(video+audio)+2*audio+video {
					stopped, others = w.now()-since, rate
					break
				}
			}
			if stopped > 12*time.Second {
				return fmt.Errorf("it stopped after %v", stopped)
			}
			return nil
		}),
		Checks("it is removed after 30 s", func(w *World) error {
			for w.P("alice").Knows("mallory") && w.now()-since < 40*time.Second {
				time.Sleep(100 * time.Millisecond)
			}
			removed = w.now() - since
			if removed < 27*time.Second || removed > 33*time.Second { // the last sign of life is up to 2 s older
				return fmt.Errorf("after %v", removed)
			}
			if code := w.P("mallory").signal.closeCode(); code != int(signaling.CloseTransport) {
				return fmt.Errorf("its websocket was closed with %d", code)
			}
			if r := w.P("alice").LeftBecause("mallory"); r != signaling.LeaveLost {
				return fmt.Errorf("reason %q", r)
			}
			return nil
		}),
		Runs(time.Second),
		Checks("the others noticed nothing", func(w *World) error { return undisturbed(w, since, "alice", "bob") }),
	}}.Play(t)
	t.Logf("consent: video stopped after %v, removed after %v; %.0f packets/s went on", stopped.Round(time.Second), removed.Round(100*time.Millisecond), others)
}

// undisturbed checks that bystanders who see each other have missed nothing since a time.
func undisturbed(w *World, since time.Duration, bystanders ...string) error {
	for _, of := range bystanders {
		for _, by := range bystanders {
			if of == by {
				continue
			}
			for source, limit := range map[signaling.Source]time.Duration{
				signaling.SourceCamera: 70 * time.Millisecond, signaling.SourceMicrophone: 45 * time.Millisecond, // two frames
			} {
				if gap := w.P(by).Gap(of, source, since, w.now()); gap > limit {
					return fmt.Errorf("%s missed the %s of %s for %v", by, source, of, gap)
				}
			}
			if lost, _ := w.P(by).Loss(); lost > 0 {
				return fmt.Errorf("%s lost %d packets", by, lost)
			}
		}
	}
	return nil
}
