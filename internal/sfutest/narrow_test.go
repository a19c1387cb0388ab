package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// call is one in which bob sees and hears alice, her camera large, for a time before something is done to his path.
type call struct {
	delay  time.Duration // each way
	rids   []string
	before time.Duration
}

func (c call) play(t *testing.T, what string, then func(*World) error) {
	t.Helper()
	Scenario{Conditions: Conditions{Delay: c.delay}, Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: signaling.SourceCamera, RIDs: c.rids, Steep: 3}, Microphone}}, "alice"),
		Joins(watching, "bob"),
		Views("bob", Tile{Of: "alice", Width: 1280, Height: 720}),
		Runs(c.before),
		Checks(what, then),
	}}.Play(t)
}

// narrowing is a call from alice to bob whose path gets slow after 10 s and stays so. Sound takes 65 kbit/s of it, the smallest picture 150. It
// is played a few times, each a little longer before: behind a policer one call in twenty loses some packets to a probe or a picture
// that its bucket let seem to pass.
type narrowing struct {
	weather Weather
	rids    []string

	// What came of it in each call: shares of the sound that came in time.
	first, settled []float64 // in the first 8 s of the slow path, and in 32 s after them
}

const (
	narrowPlays   = 5
	narrowShift   = 137 * time.Millisecond
	narrowFirst   = 8 * time.Second
	narrowSettled = 32 * time.Second
)

func (n *narrowing) play(t *testing.T) {
	t.Helper()
	for i := range narrowPlays {
		n.playOnce(t, 10*time.Second+time.Duration(i)*narrowShift)
	}
}

func (n *narrowing) playOnce(t *testing.T, before time.Duration) {
	t.Helper()
	call{delay: 20 * time.Millisecond, rids: n.rids, before: before}.play(t, "the path gets slow", func(w *World) error {
		since := w.now()
		w.P("bob").link.Turn(Down, n.weather)
		time.Sleep(narrowFirst + narrowSettled + stormTail)
		sound := w.P("bob").Frames("alice", signaling.SourceMicrophone, since)
		n.first = append(n.first, captured(sound, since, since+narrowFirst, audioFrame))
		n.settled = append(n.settled, captured(sound, since+narrowFirst, since+narrowFirst+narrowSettled, audioFrame))
		return nil
	})
}

// Sound comes through where there is room for it, whatever video, repairs and probes would like to have: behind a policer with a bucket of
// 0.8 s, which loses what a queue would keep, and in a queue of 300 ms.
func TestSoundOnNarrowPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kbps           float64
		police         bool
		first, settled float64 // least, in percent
	}{
		{60, true, 65, 85}, {80, true, 70, 99.9}, {96, true, 85, 99.9}, {120, true, 85, 99.9},
		{96, false, 85, 99.9}, {200, false, 90, 99.9},
	} {
		for name, rids := range map[string][]string{"one encoding": nil, "simulcast": {"q", "h", "f"}} {
			path := fmt.Sprintf("%v kbit/s, %s", c.kbps, name)
			weather := Weather{Rate: 1000 * c.kbps, Queue: 300 * time.Millisecond}
			if c.police {
				path = "policer of " + path
				weather.Queue, weather.Police = 833*time.Millisecond, true
			}
			t.Run(path, func(t *testing.T) {
				n := narrowing{weather: weather, rids: rids}
				n.play(t)
				atLeast("sound", path+": packets of sound in the first 8 s, median of calls", 100*median(n.first), c.first, " %").report(t)
				atLeast("sound", path+": the same after that", 100*median(n.settled), c.settled, " %").report(t)
			})
		}
	}
}

// On a path that carries the smallest picture and sound, and no more, the picture comes back after the fall: a probe that shows as much
// is believed, though sound takes its part of it.
func TestSmallestPictureOnNarrowPath(t *testing.T) {
	t.Parallel()
	const fps, seconds = 10, 30
	camera := Format{Source: signaling.SourceCamera, RIDs: []string{"q", "h", "f"}, Steep: 3, FPS: fps, Delta: 2} // 110, 320 and 970 kbit/s
	Scenario{Conditions: Conditions{Delay: 50 * time.Millisecond}, Steps: []Step{
		Joins(Plan{Publish: []Format{camera, Microphone}}, "alice"),
		Joins(watching, "bob"),
		Views("bob", Tile{Of: "alice", Width: 1280, Height: 720}),
		Runs(10 * time.Second),
		Checks("the path carries 200 kbit/s", func(w *World) error {
			w.P("bob").link.Turn(Down, Weather{Rate: 200_000, Queue: 800 * time.Millisecond})
			time.Sleep(10 * time.Second)
			since := w.now()
			time.Sleep(seconds * time.Second)
			frames := w.P("bob").Frames("alice", signaling.SourceCamera, since)
			sound := captured(w.P("bob").Frames("alice", signaling.SourceMicrophone, since), since, since+seconds*time.Second-stormTail, audioFrame)
			atLeast("narrow", "200 kbit/s: frames of the smallest picture, from 10 s after the fall", 100*float64(len(frames))/(fps*seconds), 90, " %").report(t)
			atLeast("narrow", "the same: packets of sound", 100*sound, 99.9, " %").report(t)
			return nil
		}),
	}}.Play(t)
}
