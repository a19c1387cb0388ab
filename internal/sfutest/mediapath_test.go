package sfutest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/sfu"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// otherPath is the media path that the other scenarios do not run over.
func otherPath() sfu.MediaPath {
	if defaultPath() == sfu.MediaPortable {
		return sfu.MediaFast
	}
	return sfu.MediaPortable
}

// seesAndHears checks that each of them sees and hears each other one since a time.
func seesAndHears(w *World, since time.Duration, them ...string) error {
	var errs []error
	for _, by := range them {
		for _, of := range them {
			if by == of {
				continue
			}
			if n := len(w.P(by).Frames(of, signaling.SourceCamera, since)); n < 20 {
				errs = append(errs, fmt.Errorf("%s has %d frames of %s", by, n, of))
			}
			if gap := w.P(by).Gap(of, signaling.SourceMicrophone, since, w.now()); gap > 100*time.Millisecond {
				errs = append(errs, fmt.Errorf("%s did not hear %s for %v", by, of, gap))
			}
		}
	}
	return errors.Join(errs...)
}

// A call with losses, a late joiner, one that leaves and a flood, over the media path that all other scenarios do not take.
func TestCallOverTheOtherMediaPath(t *testing.T) {
	var since time.Duration
	Scenario{Conditions: Conditions{MediaPath: otherPath()}, Steps: []Step{
		Joins(publishing, "alice", "bob"),
		Runs(time.Second),
		Checks("the weather turns", func(w *World) error {
			w.P("bob").link.Turn(Down, Weather{Loss: 0.02, Seed: 1})
			w.P("alice").link.Turn(Up, Weather{Loss: 0.02, Seed: 2})
			return nil
		}),
		Joins(publishing, "carol"),
		Runs(time.Second),
		Checks("now", func(w *World) error { since = w.now(); return nil }),
		Runs(3 * time.Second),
		Checks("all see and hear each other", func(w *World) error { return seesAndHears(w, since, "alice", "bob", "carol") }),
		Leaves("carol"),
		Checks("RTCP came through", func(w *World) error {
			for _, name := range []string{"rtp_nacked_packets_total", "rtp_resent_packets_total", "transport_feedback_total"} {
				if w.Metric(name) == 0 {
					return fmt.Errorf("%s is 0", name)
				}
			}
			return nil
		}),
	}}.Play(t)
}

// An offer that wants the server's part of DTLS gets a portable Transport, on a server whose others are fast, and a call with them.
func TestParticipantThatIsTheServerOfDTLS(t *testing.T) {
	passive := publishing
	passive.Passive = true
	var since time.Duration
	Scenario{Conditions: Conditions{MediaPath: sfu.MediaFast, AnyPath: true}, Steps: []Step{
		Joins(publishing, "alice"),
		Joins(passive, "bob"),
		Runs(2 * time.Second),
		Checks("one Transport is portable", func(w *World) error {
			since = w.now()
			if n := w.MediaPaths(); n[sfu.MediaPortable] != 1 || n[sfu.MediaFast] != 1 {
				return fmt.Errorf("%v", n)
			}
			return nil
		}),
		Runs(2 * time.Second),
		Checks("they see and hear each other", func(w *World) error { return seesAndHears(w, since, "alice", "bob") }),
	}}.Play(t)
}

// An ICE restart changes the path and not the keys: media goes on both ways, and every packet is understood.
func TestICERestart(t *testing.T) {
	for _, path := range []sfu.MediaPath{sfu.MediaFast, sfu.MediaPortable} {
		t.Run(string(path), func(t *testing.T) {
			var since time.Duration
			steps := []Step{Joins(publishing, "alice", "bob"), Runs(time.Second)}
			for range 3 {
				steps = append(steps, step("alice restarts ICE", func(ctx context.Context, w *World) error { return w.P("alice").RestartICE(ctx) }), Runs(2*time.Second))
			}
			Scenario{Conditions: Conditions{MediaPath: path}, Steps: append(steps,
				Checks("now", func(w *World) error { since = w.now(); return nil }),
				Runs(2*time.Second),
				Checks("they see and hear each other", func(w *World) error { return seesAndHears(w, since, "alice", "bob") }),
				Checks("nothing failed to decrypt", func(w *World) error {
					if n := w.Dropped("srtp_auth") + w.Dropped("srtcp_auth") + w.Dropped("srtp_replay"); n != 0 {
						return fmt.Errorf("%v packets", n)
					}
					return nil
				}),
			)}.Play(t)
		})
	}
}
