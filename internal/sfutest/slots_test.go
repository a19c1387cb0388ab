package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

var (
	publishing = Plan{Publish: []Format{Microphone, Camera}}
	watching   = Plan{}
)

// A slot changes its source without a negotiation: sequence numbers, timestamps and picture ids go on, the old picture stays until the new
// one is there, and CSRC tells which is which. What does not go on is a fault (see Slot).
func TestSlotSwitch(t *testing.T) {
	t.Parallel()
	publishers := []string{"alice", "bob", "carol", "dave"}
	const switches = 24
	var waits, gaps durations
	var drift time.Duration
	Scenario{Steps: []Step{
		Joins(publishing, publishers...),
		Joins(watching, "eve"),
		Views("eve", Tile{Of: "alice"}),
		Runs(2 * time.Second),
		step("the view goes from one to the next", func(ctx context.Context, w *World) error {
			eve := w.P("eve")
			slot, ok := eve.SlotOf("alice", signaling.SourceCamera)
			if !ok {
				return fmt.Errorf("no slot shows alice")
			}
			offers, ssrc := eve.Offers(), slot.SSRC()
			for i := range switches {
				was, is := publishers[i%4], publishers[(i+1)%4]
				since := w.now()
				if err := eve.View(ctx, Tile{Of: is, Slot: slot.MID()}); err != nil {
					return err
				}
				time.Sleep(400 * time.Millisecond)
				wait, err := switched(eve, slot, was, is, since)
				if err != nil {
					return err
				}
				waits.add(wait)
				gaps.add(gapBetween(eve, was, is, since))
			}
			drift = slot.Drift()
			switch {
			case eve.Offers() != offers:
				return fmt.Errorf("%d offers were asked for", eve.Offers()-offers)
			case slot.SSRC() != ssrc:
				return fmt.Errorf("the slot has another SSRC")
			case slot.Lost() != 0:
				return fmt.Errorf("%d sequence numbers are missing", slot.Lost())
			case waits.max() > 200*time.Millisecond:
				return fmt.Errorf("the first new frame came after %v", waits.max())
			case gaps.max() > 100*time.Millisecond:
				return fmt.Errorf("the picture stood still for %v", gaps.max())
			case drift.Abs() > 100*time.Millisecond:
				return fmt.Errorf("timestamps have run away by %v", drift)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("slot switch: first new frame after %v; still for %v; drift of timestamps %v", &waits, &gaps, drift)
}

// switched checks one switch and returns the time to the first new frame.
func switched(p *Participant, slot *Slot, was, is string, since time.Duration) (time.Duration, error) {
	now, ok := p.SlotOf(is, signaling.SourceCamera)
	if !ok || now != slot {
		return 0, fmt.Errorf("%s is not announced on the slot", is)
	}
	if s := p.Announced(slot.MID()); s.State != signaling.SlotLive {
		return 0, fmt.Errorf("the slot with %s is %s", is, s.State)
	}
	wait, ok := p.First(is, signaling.SourceCamera, since)
	if !ok {
		return 0, fmt.Errorf("%s is never seen", is)
	}
	if late := p.Frames(was, signaling.SourceCamera, since+wait+1); len(late) > 0 {
		return 0, fmt.Errorf("%d frames of %s came after the first one of %s", len(late), was, is)
	}
	return wait, nil
}

// gapBetween is the time from the last frame of one source to the first one of the next.
func gapBetween(p *Participant, was, is string, since time.Duration) time.Duration {
	last := since
	for _, f := range p.Frames(was, signaling.SourceCamera, since) {
		last = f.At
	}
	wait, _ := p.First(is, signaling.SourceCamera, since)
	return since + wait - last
}

// Sources of a low frame rate switch as well: their frames are far apart, and the slot's timestamps must not gain at each switch.
func TestSlotSwitchAtLowRates(t *testing.T) {
	slow := Plan{Publish: []Format{{Source: signaling.SourceCamera, FPS: 5}}}
	var drift time.Duration
	Scenario{Steps: []Step{
		Joins(slow, "alice", "bob"),
		Joins(watching, "eve"),
		Views("eve", Tile{Of: "alice"}),
		Runs(2 * time.Second),
		step("the view goes to and fro", func(ctx context.Context, w *World) error {
			slot, _ := w.P("eve").SlotOf("alice", signaling.SourceCamera)
			for i := range 40 {
				if err := w.P("eve").View(ctx, Tile{Of: []string{"bob", "alice"}[i%2], Slot: slot.MID()}); err != nil {
					return err
				}
				time.Sleep(time.Second + time.Duration(i*37%200)*time.Millisecond)
			}
			drift = slot.Drift()
			if drift.Abs() > 250*time.Millisecond { // one frame and a bit
				return fmt.Errorf("timestamps have run away by %v", drift)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("slot switch at 5 frames/s: drift of timestamps %v after 40", drift)
}

// What a publisher does with its publication shows on the slots of others, and all comes back on the same m-line.
func TestPublicationComesAndGoes(t *testing.T) {
	var mid string
	state := func(want signaling.SlotState) Step {
		return Checks(fmt.Sprintf("bob's slot is %s", want), func(w *World) error {
			if s := w.P("bob").Announced(mid); s.State != want {
				return fmt.Errorf("it is %s", s.State)
			}
			return nil
		})
	}
	var waits durations
	back := func(what string, since *time.Duration) Step {
		return Checks("the picture is back after "+what, func(w *World) error {
			wait, ok := w.P("bob").First("alice", signaling.SourceCamera, *since)
			if !ok || wait > 300*time.Millisecond {
				return fmt.Errorf("after %v (%v)", wait, ok)
			}
			waits.add(wait)
			return nil
		})
	}
	still := Checks("no frame comes", func(w *World) error {
		if f := w.P("bob").Frames("alice", signaling.SourceCamera, w.now()-500*time.Millisecond); len(f) > 0 {
			return fmt.Errorf("%d came", len(f))
		}
		return nil
	})
	var since time.Duration
	mute := func(muted bool) Step {
		return step(fmt.Sprintf("alice's camera: mute is %v", muted), func(ctx context.Context, w *World) error {
			since = w.now()
			return w.P("alice").Mute(ctx, signaling.SourceCamera, muted)
		})
	}
	unpublish := step("alice unpublishes her camera", func(ctx context.Context, w *World) error {
		return w.P("alice").Unpublish(ctx, signaling.SourceCamera)
	})
	publish := step("alice publishes it again", func(ctx context.Context, w *World) error {
		since = w.now()
		_, err := w.P("alice").Publish(ctx, Camera)
		return err
	})
	steps := []Step{
		Joins(publishing, "alice"),
		Joins(watching, "bob"),
		Runs(time.Second),
		Checks("bob sees alice", func(w *World) error {
			s, ok := w.P("bob").SlotOf("alice", signaling.SourceCamera)
			if !ok {
				return fmt.Errorf("no slot")
			}
			mid = s.MID()
			return nil
		}),
		Checks("the slot is live", func(w *World) error { return state(signaling.SlotLive).Do(w) }),
	}
	for range 3 {
		steps = append(steps,
			mute(true), Runs(time.Second), state(signaling.SlotPaused), still,
			mute(false), Runs(time.Second), state(signaling.SlotLive), back("unmute", &since),
			unpublish, Runs(time.Second), state(signaling.SlotIdle), still,
			publish, Runs(time.Second), state(signaling.SlotLive), back("publish", &since))
	}
	steps = append(steps,
		Checks("no m-line was added", func(w *World) error {
			if n := len(w.P("alice").pc.GetTransceivers()); n != 9 {
				return fmt.Errorf("%d m-lines", n)
			}
			return nil
		}),
		Leaves("alice"), Runs(100*time.Millisecond), state(signaling.SlotIdle),
		Checks("bob was told", func(w *World) error {
			if r := w.P("bob").LeftBecause("alice"); r != "left" || w.P("bob").Knows("alice") {
				return fmt.Errorf("reason %q", r)
			}
			return nil
		}))
	Scenario{Steps: steps}.Play(t)
	t.Logf("mute and unpublish: the picture is back after %v", &waits)
}
