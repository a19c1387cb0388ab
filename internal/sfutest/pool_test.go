package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Who wants more pictures than there are slots is asked for an offer with more, once for each size of the pool.
func TestPoolGrows(t *testing.T) {
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprint("p", i))
	}
	var everybody []Tile
	for _, n := range names {
		everybody = append(everybody, Tile{Of: n, Width: 320, Height: 180})
	}
	var waits durations
	var since time.Duration
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{Camera}, Audio: 1, Video: 1, Fixed: true}, names...),
		Runs(time.Second),
		Joins(watching, "eve"),
		Runs(500 * time.Millisecond),
		Checks("before she says what she wants the newest fill the slots that there are", func(w *World) error {
			if n := len(w.P("eve").Slots(signaling.KindVideo)); n != 4 || w.P("eve").Offers() != 0 {
				return fmt.Errorf("%d slots after %d offers", n, w.P("eve").Offers())
			}
			return nil
		}),
		Checks("eve is about to say it", func(w *World) error { since = w.now(); return nil }),
		Views("eve", everybody...),
		Runs(2 * time.Second),
		Checks("eve sees all twelve, with sixteen slots", func(w *World) error {
			eve := w.P("eve")
			for _, n := range names {
				wait, ok := eve.First(n, signaling.SourceCamera, since)
				if !ok {
					return fmt.Errorf("%s is never seen", n)
				}
				waits.add(wait)
			}
			if n := len(eve.Slots(signaling.KindVideo)); n != 16 || eve.Offers() != 1 {
				return fmt.Errorf("%d slots after %d offers", n, eve.Offers())
			}
			return nil
		}),
		step("eve wants four", func(ctx context.Context, w *World) error {
			return w.P("eve").View(ctx, Tile{Of: "p0"}, Tile{Of: "p1"}, Tile{Of: "p2"}, Tile{Of: "p3"})
		}),
		Runs(time.Second),
		Checks("the others are not sent, and the pool stays", func(w *World) error {
			for _, n := range names[4:] {
				if f := w.P("eve").Frames(n, signaling.SourceCamera, w.now()-500*time.Millisecond); len(f) > 0 {
					return fmt.Errorf("%s is seen", n)
				}
			}
			if n := len(w.P("eve").Slots(signaling.KindVideo)); n != 16 || w.P("eve").Offers() != 1 {
				return fmt.Errorf("%d slots after %d offers", n, w.P("eve").Offers())
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("pool of slots: from 4 to 16 with one offer; each of twelve is seen after %v", &waits)
}

// A screen comes with its sound on a pair of slots that share a stream, and goes as a pair.
func TestScreenShare(t *testing.T) {
	sound := Format{Source: signaling.SourceScreenAudio}
	Scenario{Steps: []Step{
		Joins(publishing, "alice"),
		Joins(watching, "bob"),
		Runs(time.Second),
		Publishes("alice", Screen),
		Publishes("alice", sound),
		Runs(2 * time.Second),
		Checks("bob sees and hears it on a pair", func(w *World) error {
			bob := w.P("bob")
			picture, ok1 := bob.SlotOf("alice", signaling.SourceScreen)
			voice, ok2 := bob.SlotOf("alice", signaling.SourceScreenAudio)
			if !ok1 || !ok2 || picture.group == "" || picture.group != voice.group {
				return fmt.Errorf("no pair: %v, %v", ok1, ok2)
			}
			since := w.now() - time.Second
			for _, s := range []signaling.Source{signaling.SourceScreen, signaling.SourceScreenAudio, signaling.SourceCamera, signaling.SourceMicrophone} {
				if len(bob.Frames("alice", s, since)) == 0 {
					return fmt.Errorf("no frames of %s", s)
				}
			}
			return nil
		}),
		step("alice stops to share", func(ctx context.Context, w *World) error {
			if err := w.P("alice").Unpublish(ctx, signaling.SourceScreenAudio); err != nil {
				return err
			}
			return w.P("alice").Unpublish(ctx, signaling.SourceScreen)
		}),
		Runs(time.Second),
		Checks("both slots are idle", func(w *World) error {
			for _, s := range []signaling.Source{signaling.SourceScreen, signaling.SourceScreenAudio} {
				if _, ok := w.P("bob").SlotOf("alice", s); ok {
					return fmt.Errorf("%s has a slot", s)
				}
			}
			return nil
		}),
	}}.Play(t)
}

// An identity that joins again takes the place of its older session.
func TestReplaced(t *testing.T) {
	var old *Participant
	Scenario{Steps: []Step{
		Joins(publishing, "alice"),
		Joins(watching, "bob"),
		Runs(time.Second),
		Checks("the first session of alice is remembered", func(w *World) error { old = w.P("alice"); return nil }),
		Joins(publishing, "alice"),
		Runs(2 * time.Second),
		Checks("the first session is closed, and bob sees the second", func(w *World) error {
			if c := old.signal.closeCode(); c != int(signaling.CloseReplaced) {
				return fmt.Errorf("the first was closed with %d", c)
			}
			if r := w.P("bob").LeftBecause("alice"); r != "replaced" {
				return fmt.Errorf("bob was told %q", r)
			}
			if n := len(w.P("bob").Frames("alice", signaling.SourceCamera, w.now()-time.Second)); n < 29 || !w.P("bob").Knows("alice") {
				return fmt.Errorf("bob saw %d frames in the last second", n)
			}
			old.Drop()
			return nil
		}),
	}}.Play(t)
}

// The sender reports of a participant's picture and sound agree, on whatever slots they are: their captures are mapped to the
// server's clock with the same error.
func TestLipSync(t *testing.T) {
	publishers := []string{"alice", "bob"}
	var worst time.Duration
	together := Checks("picture and sound of each are in step", func(w *World) error {
		for _, of := range publishers {
			var offsets []time.Duration
			for _, s := range []signaling.Source{signaling.SourceCamera, signaling.SourceMicrophone} {
				f := w.P("eve").Frames(of, s, w.now()-time.Second)
				if len(f) == 0 || !f[len(f)-1].Synced {
					return fmt.Errorf("no reports on the %s of %s", s, of)
				}
				offsets = append(offsets, f[len(f)-1].Offset)
			}
			worst = max(worst, (offsets[0] - offsets[1]).Abs())
		}
		if worst > 15*time.Millisecond {
			return fmt.Errorf("they are %v apart", worst)
		}
		return nil
	})
	swap := func(a, b string) Step {
		return step("the tiles are exchanged", func(ctx context.Context, w *World) error {
			s, t := w.P("eve").Slots(signaling.KindVideo)[0].MID(), w.P("eve").Slots(signaling.KindVideo)[1].MID()
			return w.P("eve").View(ctx, Tile{Of: a, Slot: s}, Tile{Of: b, Slot: t})
		})
	}
	Scenario{Steps: []Step{
		Joins(publishing, publishers...),
		Joins(watching, "eve"),
		swap("alice", "bob"),
		Runs(5 * time.Second), together,
		swap("bob", "alice"),
		Runs(5 * time.Second), together,
		swap("alice", "bob"),
		Runs(5 * time.Second), together,
	}}.Play(t)
	t.Logf("lip sync: at most %v between picture and sound", worst)
}
