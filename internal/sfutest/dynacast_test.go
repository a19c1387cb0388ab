package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// dynacast is a scenario's publisher of simulcast: how many packets of each encoding came in a second, and what was asked of them.
type dynacast struct {
	since       time.Duration
	wakes       durations
	joinerWaits time.Duration // from the connection to the first picture
}

// sends checks in the next second which encodings alice sends: the lowest n.
func (d *dynacast) sends(n int) Step {
	return Checks(fmt.Sprintf("alice sends %d encodings", n), func(w *World) error {
		pub, err := w.P("alice").Publication(signaling.SourceCamera)
		if err != nil {
			return err
		}
		var before [3]int
		for e := range before {
			before[e], _ = pub.Sent(e)
		}
		since := w.now()
		time.Sleep(time.Second)
		for e := range before {
			packets, _ := pub.Sent(e)
			if packets -= before[e]; (packets > 0) != (e < n) {
				return fmt.Errorf("encoding %d sent %d packets", e, packets)
			}
			requests := pub.KeyframeRequests(e)
			if last := len(requests) - 1; e >= n && last >= 0 && requests[last] > since {
				return fmt.Errorf("a keyframe of encoding %d was asked for, which sleeps", e)
			}
		}
		return nil
	})
}

// views makes bob's tile so large, and checks that he gets the encoding within the limit and keeps it; 0: he has it.
func (d *dynacast) views(width, height, want int, limit time.Duration) Step {
	return step(fmt.Sprintf("bob's tile has %d x %d pixels: he gets encoding %d", width, height, want), func(ctx context.Context, w *World) error {
		d.since = w.now()
		if err := w.P("bob").View(ctx, Tile{Of: "alice", Width: width, Height: height}); err != nil {
			return err
		}
		time.Sleep(1500 * time.Millisecond)
		wait, err := arrives(w, want, d.since, limit)
		if limit > 0 {
			d.wakes.add(wait)
		}
		return err
	})
}

// unasked checks that no keyframe was asked for since the latest view.
func (d *dynacast) unasked(w *World) error {
	pub, err := w.P("alice").Publication(signaling.SourceCamera)
	if err != nil {
		return err
	}
	for e := range 3 {
		for _, at := range pub.KeyframeRequests(e) {
			if at > d.since {
				return fmt.Errorf("of encoding %d at %v", e, at)
			}
		}
	}
	return nil
}

// carolIsServed lets somebody join while the larger encodings sleep.
func carolIsServed(ctx context.Context, w *World) error {
	since := w.now()
	carol, err := w.Join(ctx, "carol", watching)
	if err != nil {
		return err
	}
	if err := carol.View(ctx, Tile{Of: "alice", Width: 1280, Height: 720}); err != nil {
		return err
	}
	time.Sleep(3 * time.Second)
	frames := carol.Frames("alice", signaling.SourceCamera, since)
	if len(frames) == 0 || frames[len(frames)-1].Encoding != 2 {
		return fmt.Errorf("after %d frames she does not have the largest encoding", len(frames))
	}
	for _, f := range frames {
		if age := f.At - f.Captured; age > time.Second {
			return fmt.Errorf("a picture is %v old", age)
		}
	}
	return nil
}

// Encodings that nobody looks at sleep after five seconds, and are there again at once when somebody does.
func TestDynacast(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d workers", workers), func(t *testing.T) { playDynacast(t, workers) })
	}
}

func playDynacast(t *testing.T, workers int) {
	simulcast := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}}
	d := &dynacast{}
	const wake = 200 * time.Millisecond
	Scenario{Conditions: Conditions{Workers: workers}, Steps: []Step{
		Joins(Plan{Publish: []Format{simulcast, Microphone}, Dynacast: true}, "alice"),
		Runs(3 * time.Second),
		d.sends(3),
		Runs(2500 * time.Millisecond),
		d.sends(0), // she is alone
		Runs(time.Minute),
		step("bob joins: he gets a picture as if it had been there", func(ctx context.Context, w *World) error {
			since := w.now()
			if _, err := w.Join(ctx, "bob", watching); err != nil {
				return err
			}
			time.Sleep(2 * time.Second)
			frames := w.P("bob").Frames("alice", signaling.SourceCamera, since)
			if len(frames) == 0 {
				return fmt.Errorf("no picture")
			}
			connected := time.Duration(w.P("bob").connectedAt.Load())
			if d.joinerWaits = frames[0].At - connected; d.joinerWaits > 100*time.Millisecond {
				return fmt.Errorf("the picture came %v after the connection", d.joinerWaits)
			}
			return nil
		}),
		Runs(6 * time.Second),
		d.sends(2), // before a view tiles are taken to be of medium size
		d.views(1280, 720, 2, 500*time.Millisecond), // what it takes is not known yet: the path is probed
		d.sends(3),
		d.views(320, 180, 0, wake),
		d.sends(3),
		Runs(5 * time.Second),
		d.sends(1),
		Runs(time.Minute),
		step("carol joins and makes her tile large: what she gets is of now", carolIsServed),
		Leaves("carol"),
		Runs(6 * time.Second),
		d.sends(1),
		d.views(1280, 720, 2, wake),
		d.views(640, 360, 1, wake),
		d.sends(3),
		d.views(1280, 720, 2, wake), // nothing has slept
		Runs(6 * time.Second),
		d.sends(3),
		step("alice mutes for a while: nobody waits for her picture after it", func(ctx context.Context, w *World) error {
			if err := w.P("alice").Mute(ctx, signaling.SourceCamera, true); err != nil {
				return err
			}
			time.Sleep(20 * time.Second)
			return w.P("alice").Mute(ctx, signaling.SourceCamera, false)
		}),
		d.sends(3),
		step("bob looks away", func(ctx context.Context, w *World) error { return w.P("bob").View(ctx) }),
		d.sends(3),
		Runs(5 * time.Second),
		d.sends(0),
		d.views(640, 360, 1, wake),
		Checks("no keyframe was asked for, as what wakes begins with one", d.unasked),
		Checks("bob lost nothing", func(w *World) error {
			if lost, _ := w.P("bob").Loss(); lost > 0 {
				return fmt.Errorf("%d packets", lost)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("dynacast: a view is served after %v, a joiner %v after its connection", &d.wakes, d.joinerWaits)
}

// A participant of pkg/client obeys as well, if it is configured to.
func TestDynacastOfTheClient(t *testing.T) {
	simulcast := client.Format{
		Source: signaling.SourceCamera, Width: 1280, Height: 720, Encodings: []signaling.EncodingOffer{{RID: "q"}, {RID: "f"}},
	}
	idle := func(pub *client.Publication, want ...bool) error {
		for i, e := range pub.Encodings() {
			if e.Idle() != want[i] {
				return fmt.Errorf("encoding %d: idle is %v", i, e.Idle())
			}
		}
		return nil
	}
	Scenario{Steps: []Step{
		Joins(watching, "alice"),
		step("a bot publishes", func(ctx context.Context, w *World) error {
			b, err := joinBot(ctx, w, "bot", func(c *client.Config) { c.Dynacast = true })
			if err != nil {
				return err
			}
			defer b.Close()
			pub, err := b.Publish(ctx, simulcast)
			if err != nil {
				return err
			}
			if err := w.P("alice").View(ctx); err != nil {
				return err
			}
			time.Sleep(4 * time.Second)
			if err := idle(pub, false, false); err != nil {
				return err
			}
			time.Sleep(2 * time.Second)
			if err := idle(pub, true, true); err != nil {
				return fmt.Errorf("nobody looks: %w", err)
			}
			if err := w.P("alice").View(ctx, Tile{Of: "bot", Width: 320, Height: 180}); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond)
			if err := idle(pub, false, true); err != nil {
				return fmt.Errorf("a small tile: %w", err)
			}
			if !pub.Encoding(0).KeyframeWanted() {
				return fmt.Errorf("an encoding that is woken does not begin with a keyframe")
			}
			return nil
		}),
	}}.Play(t)
}
