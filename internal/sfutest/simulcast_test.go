package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// The size of a tile chooses the encoding; an encoding that stops is left for the next one that lives, and taken again when it is back.
func TestSimulcast(t *testing.T) {
	simulcast := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}}
	names := [...]string{"q", "h", "f"}
	var waits, escapes durations
	var since time.Duration
	view := func(width, height, want int) Step {
		return step(fmt.Sprintf("bob's tile has %d x %d pixels: he gets encoding %s", width, height, names[want]), func(ctx context.Context, w *World) error {
			since = w.now()
			if err := w.P("bob").View(ctx, Tile{Of: "alice", Width: width, Height: height}); err != nil {
				return err
			}
			time.Sleep(1500 * time.Millisecond)
			wait, err := arrives(w, want, since, 700*time.Millisecond)
			waits.add(wait)
			return err
		})
	}
	pause := func(encoding int, paused bool, want int, limit time.Duration) Step {
		return Checks(fmt.Sprintf("encoding %s: pause is %v: bob gets %s", names[encoding], paused, names[want]), func(w *World) error {
			pub, err := w.P("alice").Publication(signaling.SourceCamera)
			if err != nil {
				return err
			}
			since = w.now()
			pub.Pause(encoding, paused)
			time.Sleep(3 * time.Second)
			wait, err := arrives(w, want, since, limit)
			if paused {
				escapes.add(wait)
			}
			return err
		})
	}
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{simulcast, Microphone}}, "alice"),
		Joins(watching, "bob"),
		Runs(time.Second),
		view(320, 180, 0), view(640, 360, 1), view(1280, 720, 2), view(200, 100, 0), view(0, 0, 2), view(640, 360, 1), view(1920, 1080, 2),
		// 500 ms until a silence counts, and the keyframe that is then asked for.
		pause(2, true, 1, 650*time.Millisecond),
		pause(1, true, 0, 650*time.Millisecond),
		pause(2, false, 2, 300*time.Millisecond),
		pause(1, false, 2, 0),
		view(640, 360, 1),
		pause(0, true, 1, 0),
		Checks("bob lost nothing", func(w *World) error {
			if lost, _ := w.P("bob").Loss(); lost > 0 {
				return fmt.Errorf("%d packets", lost)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("simulcast: a wanted encoding is there after %v; a stopped one is left after %v", &waits, &escapes)
}

// arrives checks that bob sees only the wanted encoding after a time that it returns. A limit of 0: it is the one that he saw.
func arrives(w *World, want int, since, limit time.Duration) (time.Duration, error) {
	frames := w.P("bob").Frames("alice", signaling.SourceCamera, since+1)
	first := -1
	for i, f := range frames {
		is := int(f.Encoding) == want
		if is && first < 0 {
			first = i
		}
		if !is && first >= 0 {
			return 0, fmt.Errorf("encoding %d after %d", f.Encoding, want)
		}
	}
	if first < 0 {
		return 0, fmt.Errorf("encoding %d never came, %d frames", want, len(frames))
	}
	if limit == 0 && first > 0 {
		return 0, fmt.Errorf("the encoding changed")
	}
	wait := frames[first].At - since
	if limit > 0 && wait > limit {
		return wait, fmt.Errorf("after %v", wait)
	}
	return wait, nil
}
