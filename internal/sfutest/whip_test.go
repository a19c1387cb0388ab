package sfutest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// The plans of a broadcaster and of a player.
var (
	broadcaster = Plan{Over: "whip", Audio: -1, Video: -1, Publish: []Format{Camera, Microphone}}
	player      = Plan{Over: "whep", Audio: 1, Video: 1}
)

// sees checks that somebody sees and hears another one without a break since a time.
func sees(w *World, who, whom string, since time.Duration) error {
	p, now := w.P(who), w.now()
	for source, gap := range map[signaling.Source]time.Duration{signaling.SourceCamera: 100 * time.Millisecond, signaling.SourceMicrophone: 50 * time.Millisecond} {
		if got := p.Gap(whom, source, since, now); got > gap {
			return fmt.Errorf("%s misses the %s of %s for %v", who, source, whom, got)
		}
	}
	return nil
}

// seesFor runs the call and wants all of that time seen.
func seesFor(d time.Duration, whom string, who ...string) Step {
	return Step{fmt.Sprintf("%v see %s for %v", who, whom, d), func(w *World) error {
		since := w.now()
		time.Sleep(d)
		var all []error
		for _, p := range who {
			all = append(all, sees(w, p, whom, since))
		}
		return errors.Join(all...)
	}}
}

func TestWHIPIsSeenByWHEPAndByAParticipant(t *testing.T) {
	Scenario{Steps: []Step{
		Joins(broadcaster, "studio"),
		Joins(player, "tv", "tv2"),
		Joins(Plan{Audio: 1, Video: 1}, "ann"),
		Runs(time.Second),
		seesFor(5*time.Second, "studio", "tv", "tv2", "ann"),
		Leaves("studio"),
		Runs(time.Second),
		Checks("ann was told", func(w *World) error {
			if got := w.P("ann").LeftBecause("studio"); got != signaling.LeaveLeft {
				return fmt.Errorf("left because %q", got)
			}
			return nil
		}),
		Leaves("tv"),
		Checks("tv2 closes its connection without a request", func(w *World) error { return w.P("tv2").pc.Close() }),
		Runs(time.Second),
		Checks("ann is left", func(w *World) error {
			if n := w.Metric("participants"); n != 1 {
				return fmt.Errorf("%v participants", n)
			}
			return nil
		}),
	}}.Play(t)
}

// A player may come before anybody publishes, and follows a publisher that comes back, or another one.
func TestWHEPFollowsThePublisher(t *testing.T) {
	Scenario{Steps: []Step{
		Joins(player, "tv"),
		Runs(3 * time.Second),
		Joins(broadcaster, "studio"),
		Runs(time.Second),
		seesFor(2*time.Second, "studio", "tv"),
		step("studio comes back as a new session", func(ctx context.Context, w *World) error {
			old := w.P("studio")
			_, err := w.Join(ctx, "studio", broadcaster)
			old.Drop()
			return err
		}),
		Runs(2 * time.Second),
		seesFor(2*time.Second, "studio", "tv"),
		Joins(broadcaster, "second"),
		Leaves("studio"),
		Runs(2 * time.Second),
		seesFor(2*time.Second, "second", "tv"),
	}}.Play(t)
}

// In a conference a player sees who speaks, and a shared screen before any face.
func TestWHEPFollowsAConference(t *testing.T) {
	speaks := func(who string, level int) Step {
		return Step{fmt.Sprintf("%s speaks at %d", who, level), func(w *World) error {
			for _, pub := range w.P(who).published() {
				if pub.format.Source == signaling.SourceMicrophone {
					pub.Level(level)
				}
			}
			return nil
		}}
	}
	talker := Plan{Publish: []Format{Camera, Microphone}}
	Scenario{Steps: []Step{
		Joins(talker, "ann", "bob"),
		Joins(player, "tv"),
		speaks("ann", 20), speaks("bob", 127),
		Runs(3 * time.Second),
		seesFor(2*time.Second, "ann", "tv"),
		speaks("ann", 127), speaks("bob", 20),
		Runs(4 * time.Second),
		seesFor(2*time.Second, "bob", "tv"),
		Publishes("ann", Screen),
		Runs(2 * time.Second),
		Checks("the screen is seen, bob is heard", func(w *World) error {
			since := w.now() - time.Second
			if gap := w.P("tv").Gap("ann", signaling.SourceScreen, since, w.now()); gap > 250*time.Millisecond {
				return fmt.Errorf("a gap of %v in the screen", gap)
			}
			if gap := w.P("tv").Gap("bob", signaling.SourceMicrophone, since, w.now()); gap > 50*time.Millisecond {
				return fmt.Errorf("a gap of %v in the sound", gap)
			}
			return nil
		}),
	}}.Play(t)
}

// The largest of simulcast is what a player gets, whatever the encodings are called.
func TestWHIPSimulcast(t *testing.T) {
	for _, rids := range [][]string{{"q", "h", "f"}, {"0", "1", "2"}} {
		t.Run(strings.Join(rids, ""), func(t *testing.T) {
			best := uint8(2)
			if rids[0] == "0" {
				best = 0 // OBS names the largest one 0; here it is the first that is made, and its size does not matter
			}
			camera := Camera
			camera.RIDs = rids
			Scenario{Steps: []Step{
				Joins(Plan{Over: "whip", Audio: -1, Video: -1, Publish: []Format{camera, Microphone}}, "studio"),
				Runs(2 * time.Second),
				Joins(player, "tv"),
				Runs(3 * time.Second),
				seesFor(2*time.Second, "studio", "tv"),
				Checks("the best is seen", func(w *World) error {
					for _, f := range w.P("tv").Frames("studio", signaling.SourceCamera, w.now()-time.Second) {
						if f.Encoding != best {
							return fmt.Errorf("encoding %d, want %d", f.Encoding, best)
						}
					}
					return nil
				}),
			}}.Play(t)
		})
	}
}

// Who is gone without a word is removed by the consent clock, and its URL with it.
func TestExchangesEndWithTheirMedia(t *testing.T) {
	Scenario{Steps: []Step{
		Joins(broadcaster, "studio"),
		Joins(player, "tv"),
		Joins(Plan{}, "ann"),
		Runs(2 * time.Second),
		Checks("the media of both stops", func(w *World) error {
			for _, who := range []string{"studio", "tv"} {
				w.P(who).link.Silence(Media, true)
			}
			return nil
		}),
		Runs(32 * time.Second),
		step("both are removed", func(ctx context.Context, w *World) error {
			if got := w.P("ann").LeftBecause("studio"); got != signaling.LeaveLost {
				return fmt.Errorf("studio left because %q", got)
			}
			if n := w.Metric("participants"); n != 1 {
				return fmt.Errorf("%v participants", n)
			}
			for _, who := range []string{"studio", "tv"} {
				var refused *StatusError
				if err := w.P(who).endExchange(ctx); !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
					return fmt.Errorf("the end of %s: %v, want 404", who, err)
				}
			}
			return nil
		}),
	}}.Play(t)
}

func TestExchangesEndWithTheServer(t *testing.T) {
	Scenario{Steps: []Step{
		Joins(broadcaster, "studio"),
		Joins(player, "tv"),
		Runs(time.Second),
		Checks("the server closes within a second", func(w *World) error {
			start := w.now()
			if err := w.CloseServer(); err != nil {
				return err
			}
			if took := w.now() - start; took > time.Second {
				return fmt.Errorf("it took %v", took)
			}
			return nil
		}),
	}}.Play(t)
}

// Offers that do not fit are refused as RFC 9725 says, and leave nothing behind.
func TestExchangesRefuseBadOffers(t *testing.T) {
	post := func(over string, plan Plan, status int, change func(sdp string) string) Step {
		return step(fmt.Sprintf("%s answers %d", over, status), func(ctx context.Context, w *World) error {
			link, err := w.network.join()
			if err != nil {
				return err
			}
			p := newParticipant(w, "mallory", link)
			p.plan = plan
			defer p.vanish()
			if err := p.openTransport(); err != nil {
				return err
			}
			p.loops.Go(p.run)
			var pubs []*Publication
			for _, f := range plan.Publish {
				pubs = append(pubs, newPublication(p, f))
			}
			offer, err := p.offer(plan.slots(), pubs)
			if err != nil {
				return err
			}
			_, _, err = p.request(ctx, http.MethodPost, "/v1/"+over+"/room", change(offer.SDP), nil)
			var refused *StatusError
			if !errors.As(err, &refused) || refused.Status != status {
				return fmt.Errorf("got %v, want %d", err, status)
			}
			return nil
		})
	}
	same := func(s string) string { return s }
	replace := func(a, b string) func(string) string {
		return func(s string) string { return strings.ReplaceAll(s, a, b) }
	}
	mute := Plan{Publish: []Format{Camera, Microphone}, Audio: -1, Video: -1, Grants: &signaling.Grants{Publish: []signaling.Source{signaling.SourceMicrophone}}}
	deaf := Plan{Audio: 1, Video: 1, Grants: &signaling.Grants{Publish: []signaling.Source{signaling.SourceMicrophone}}}
	two := Plan{Publish: []Format{Camera, Screen}, Audio: -1, Video: -1}
	send, receive := Plan{Publish: []Format{Camera}, Audio: -1, Video: -1}, Plan{Audio: 1, Video: 1}
	Scenario{Steps: []Step{
		post("whip", send, 400, func(string) string { return "hello" }),
		post("whip", send, 400, func(string) string { return "" }),
		post("whip", send, 406, func(string) string { return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" }),
		post("whip", send, 400, replace("a=ice-pwd", "a=nothing")),
		post("whip", send, 400, replace("a=mid", "a=nothing")),
		post("whip", send, 413, func(s string) string { return s + strings.Repeat("a=x\r\n", 60000) }),
		post("whip", send, 406, replace("VP8", "VPX")),
		post("whip", two, 406, same),
		post("whep", Plan{Audio: 1, Video: 2}, 406, same),
		post("whip", receive, 406, same),
		post("whep", send, 406, same),
		post("whip", mute, 403, same),
		post("whep", deaf, 403, same),
		Checks("nobody is there", func(w *World) error {
			if n := w.Metric("participants") + w.Metric("transports") + w.Metric("signaling_sessions") + w.Metric("signaling_pending"); n != 0 {
				return fmt.Errorf("%v left", n)
			}
			return nil
		}),
	}}.Play(t)
}
