package sfutest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Who is muted is not seen or heard, even if the browser goes on sending; nothing is missed when that ends.
func TestMutedIsNotForwarded(t *testing.T) {
	both := []signaling.Source{signaling.SourceMicrophone, signaling.SourceCamera}
	say := func(muted bool) Step {
		return step(fmt.Sprintf("alice says that mute is %v", muted), func(ctx context.Context, w *World) error {
			return errors.Join(w.P("alice").SayMuted(ctx, both[0], muted), w.P("alice").SayMuted(ctx, both[1], muted))
		})
	}
	var since time.Duration
	Scenario{Steps: []Step{
		Joins(publishing, "alice"),
		Joins(watching, "bob"),
		Runs(time.Second),
		say(true),
		Runs(time.Second),
		Checks("nothing of her comes although she sends", func(w *World) error {
			for _, source := range both {
				if f := w.P("bob").Frames("alice", source, w.now()-800*time.Millisecond); len(f) > 0 {
					return fmt.Errorf("%d frames of her %s", len(f), source)
				}
			}
			return nil
		}),
		Checks("she is about to unmute", func(w *World) error { since = w.now(); return nil }),
		say(false),
		Runs(time.Second),
		Checks("all is back", func(w *World) error {
			for _, source := range both {
				if wait, ok := w.P("bob").First("alice", source, since); !ok || wait > 300*time.Millisecond {
					return fmt.Errorf("her %s is back after %v (%v)", source, wait, ok)
				}
			}
			return nil
		}),
	}}.Play(t)
}
