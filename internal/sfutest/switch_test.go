package sfutest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// switching is a call in which bob changes at random what he wants of alice's three encodings, and encodings stop.
type switching struct {
	w      *World
	random *rand.Rand
	wanted int
	begins durations // from the keyframe at the server to the first frame of the new encoding at bob
	leaves durations // from the end of an encoding to the request for a keyframe of the next one
}

// The sizes for which bob gets each encoding.
var switchSizes = [...]Tile{{Of: "alice", Width: 320, Height: 180}, {Of: "alice", Width: 640, Height: 360}, {Of: "alice", Width: 1280, Height: 720}}

// want asks for another encoding.
func (s *switching) want(ctx context.Context) error {
	s.wanted = (s.wanted + 1 + s.random.IntN(2)) % 3
	since, seen := s.w.now(), s.sees()
	if err := s.w.P("bob").View(ctx, switchSizes[s.wanted]); err != nil {
		return err
	}
	time.Sleep(1500*time.Millisecond + time.Duration(s.random.IntN(200))*time.Millisecond)
	if seen == s.wanted {
		return nil // its predecessor never came back for what keyframes may cost
	}
	first, err := s.first(s.wanted, since)
	s.begins.add(first.At - first.Captured - s.w.network.delay)
	return err
}

// stop ends the encoding that bob sees for a while. T-25: it is left for another one.
func (s *switching) stop() error {
	pub, err := s.w.P("alice").Publication(signaling.SourceCamera)
	if err != nil {
		return err
	}
	since := s.w.now()
	if s.sees() != s.wanted {
		return nil
	}
	pub.Pause(s.wanted, true)
	time.Sleep(1500 * time.Millisecond)
	other := max(s.wanted-1, 0)
	if s.wanted == 0 {
		other = 1
	}
	_, err = s.first(other, since)
	for _, at := range pub.KeyframeRequests(other) {
		if at > since {
			s.leaves.add(at - since)
			break
		}
	}
	pub.Pause(s.wanted, false)
	time.Sleep(1500 * time.Millisecond)
	return err
}

// sees is the encoding that bob sees.
func (s *switching) sees() int {
	frames := s.w.P("bob").Frames("alice", signaling.SourceCamera, s.w.now()-500*time.Millisecond)
	if len(frames) == 0 {
		return -1
	}
	return int(frames[len(frames)-1].Encoding)
}

// first is the first frame of an encoding at bob. It starts with a keyframe.
func (s *switching) first(encoding int, since time.Duration) (Frame, error) {
	for _, f := range s.w.P("bob").Frames("alice", signaling.SourceCamera, since) {
		if int(f.Encoding) != encoding || f.Captured < since {
			continue
		}
		if !f.Key {
			return f, fmt.Errorf("encoding %d begins with a frame that is no keyframe", encoding)
		}
		return f, nil
	}
	return Frame{}, fmt.Errorf("encoding %d never came", encoding)
}

// Simulcast switches at random under loss: no wrong frame (each scenario checks that), a quick start, no jump of the timestamps, and an
// encoding that stops is left. The keyframe is at the server when it was captured and has crossed the network, for alice's path is good.
func TestRandomSwitches(t *testing.T) {
	t.Parallel()
	const fps = 30
	const switchCount = 120 // so many that the 95th percentile is no chance
	simulcast := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}, Delta: 2}
	for _, percent := range []int{0, 5, 20} {
		t.Run(fmt.Sprint(percent, " % loss"), func(t *testing.T) {
			s := &switching{random: rand.New(rand.NewPCG(uint64(percent), 1)), wanted: 2}
			var jump time.Duration
			Scenario{Conditions: Conditions{Pushed: true}, Steps: []Step{
				Joins(Plan{Publish: []Format{simulcast, Microphone}}, "alice"),
				Joins(Plan{Eager: true}, "bob"),
				Runs(2 * time.Second),
				step("bob changes his mind, and encodings stop", func(ctx context.Context, w *World) error {
					s.w = w
					for _, d := range []Direction{Up, Down} {
						w.P("bob").link.Turn(d, Weather{Loss: float64(percent) / 100, Seed: uint64(d)})
					}
					var errs []error
					for i := range switchCount {
						errs = append(errs, s.want(ctx))
						if i%4 == 3 {
							errs = append(errs, s.stop())
						}
					}
					return errors.Join(errs...)
				}),
				Checks("timestamps", func(w *World) error {
					for _, slot := range w.P("bob").Slots(signaling.KindVideo) {
						jump = max(jump, slot.Jump())
					}
					return nil
				}),
			}}.Play(t)
			t.Logf("switches under %d %% loss: first frame after the keyframe is at the server: %v; a stopped encoding is left after %v", percent, &s.begins, &s.leaves)
			if n := len(s.begins.all) + len(s.leaves.all); n < switchCount*7/8 {
				t.Errorf("only %d switches were measured", n)
			}
			under := fmt.Sprintf("switches under %d %% loss: ", percent)
			atMost("switch", under+"first frame after the keyframe is at hand, p95", ms(s.begins.quantile(0.95)), 150, " ms").report(t)
			atMost("switch", under+"jump of the timestamps", ms(jump), 1000.0/fps+0.1, " ms").report(t)
			atMost("T-25", under+"a stopped encoding is left", ms(s.leaves.max()), 500, " ms").report(t)
		})
	}
}

func ms(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
