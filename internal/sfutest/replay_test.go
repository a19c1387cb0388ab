package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// joinsLate lets a participant join and checks that it has a picture at once, and that it shows what is filmed now within a second.
func joinsLate(identity string, waits *durations) Step {
	return step(identity+" joins and has a picture at once", func(ctx context.Context, w *World) error {
		p, err := w.Join(ctx, identity, Plan{Audio: -1, Video: 1})
		if err != nil {
			return err
		}
		time.Sleep(time.Second)
		wait, ok := p.First("alice", signaling.SourceCamera, time.Duration(p.connectedAt.Load()))
		if waits.add(wait); !ok || wait > 300*time.Millisecond {
			return fmt.Errorf("after %v (%v)", wait, ok)
		}
		f := p.Frames("alice", signaling.SourceCamera, 0)
		if last := f[len(f)-1]; last.At-last.Captured > 50*time.Millisecond || !f[0].Key {
			return fmt.Errorf("after a second it sees what is %v old", last.At-last.Captured)
		}
		return nil
	})
}

// A source that makes a keyframe every ten seconds and hears no request is cached from its keyframe on, though nobody may watch: whoever
// joins has a picture at once, on any worker.
func TestDeafSource(t *testing.T) {
	deaf := Format{Source: signaling.SourceCamera, Every: 300, Delta: 4}
	var waits durations
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{deaf}, Audio: -1, Video: -1}, "alice"),
		Runs(time.Second),
		Joins(Plan{Audio: -1, Video: 1}, "bob"),
		Runs(14 * time.Second), // the request is not answered; then comes a keyframe
		joinsLate("carol", &waits),
		joinsLate("dave", &waits),
		Leaves("bob"), Leaves("carol"), Leaves("dave"),
		Runs(11 * time.Second), // 8 s after the next keyframe, which nobody watched
		joinsLate("erin", &waits),
		joinsLate("frank", &waits),
		Checks("replays served them", func(w *World) error {
			if n := w.Metric("replays_total"); n < 4 || w.Metric("replayed_bytes_total") < 4*400_000 {
				return fmt.Errorf("%v replays of %v bytes", n, w.Metric("replayed_bytes_total"))
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("a source with a keyframe every 10 s that is deaf to requests: joiners' first frame after %v", &waits)
}

// Nothing that is sent while a publication is muted is ever replayed, although the source is deaf and cached all the time.
func TestReplayAndMute(t *testing.T) {
	var muted, unmuted time.Duration
	mute := func(on bool, at *time.Duration) Step {
		return step(fmt.Sprintf("alice is muted: %v, and sends on", on), func(ctx context.Context, w *World) error {
			*at = w.now()
			return w.P("alice").SayMuted(ctx, signaling.SourceCamera, on)
		})
	}
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: signaling.SourceCamera, Every: 150}}, Audio: -1, Video: -1}, "alice"),
		Runs(1500 * time.Millisecond), // a keyframe that comes right after a request would pass for an answer
		Joins(Plan{Audio: -1, Video: 1}, "bob", "carol", "dave"),
		Runs(12 * time.Second),
		mute(true, &muted),
		Runs(4500 * time.Millisecond), // with a keyframe
		mute(false, &unmuted),
		Joins(Plan{Audio: -1, Video: 1}, "erin", "frank"),
		Runs(6 * time.Second),
		Checks("nobody saw what was filmed meanwhile", func(w *World) error {
			for _, id := range []string{"bob", "carol", "dave", "erin", "frank"} {
				after := 0
				for _, f := range w.P(id).Frames("alice", signaling.SourceCamera, 0) {
					if f.Captured > muted+100*time.Millisecond && f.Captured < unmuted {
						return fmt.Errorf("%s saw what was filmed %v after the mute", id, f.Captured-muted)
					}
					if f.Captured > unmuted {
						after++
					}
				}
				if after < 30 {
					return fmt.Errorf("%s saw %d frames since", id, after)
				}
			}
			return nil
		}),
	}}.Play(t)
}

// A participant whose path was cut for long gets video that decodes as soon as its consent is fresh, without asking for it.
func TestVideoAfterConsentPause(t *testing.T) {
	var back time.Duration
	var wait time.Duration
	silent := func(on bool) Step {
		return Checks(fmt.Sprintf("bob's path is silent: %v", on), func(w *World) error {
			w.P("bob").KeepQuiet()
			w.P("bob").link.Silence(Media, on)
			back = w.now()
			return nil
		})
	}
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{Camera}, Audio: -1, Video: -1}, "alice"),
		Joins(Plan{Audio: -1, Video: 1}, "bob"),
		Runs(2 * time.Second),
		silent(true),
		Runs(16 * time.Second),
		silent(false),
		Runs(6 * time.Second),
		Checks("bob sees alice again", func(w *World) error {
			var ok bool
			if wait, ok = w.P("bob").First("alice", signaling.SourceCamera, back); !ok || wait > 4*time.Second {
				return fmt.Errorf("after %v (%v)", wait, ok)
			}
			if gap := w.P("bob").Gap("alice", signaling.SourceCamera, back+wait, w.now()); gap > 100*time.Millisecond {
				return fmt.Errorf("and then not for %v", gap)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("video again %v after the path", wait)
}
