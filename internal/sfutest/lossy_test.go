package sfutest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// storm is a call from alice to bob whose round trip takes 50 ms, in bad weather.
type storm struct {
	weather Weather  // where media goes; in the other direction as much is lost, each by itself
	paths   []string // whose
	length  time.Duration
	deaf    bool // Opus without NACK
	careful bool // with congestion control

	// What came of it.
	video          Playout
	frames, sound  float64 // share that came in time
	lost, repaired int     // packets at bob
}

const stormTail = time.Second // after the weather has cleared up, what was sent in it may still be repaired

func (s *storm) play(t *testing.T) {
	t.Helper()
	camera := Format{Source: signaling.SourceCamera, Delta: 3}
	plan := Plan{DeafAudio: s.deaf, Eager: true}
	var since time.Duration
	Scenario{Conditions: Conditions{Delay: 12500 * time.Microsecond, Pushed: !s.careful}, Steps: []Step{
		Joins(Plan{Publish: []Format{camera, Microphone}, DeafAudio: s.deaf}, "alice"),
		Joins(plan, "bob"),
		Runs(2 * time.Second),
		Checks("the weather gets bad", func(w *World) error {
			since = w.now()
			s.turn(w)
			return nil
		}),
		Runs(s.length),
		Checks("it clears up", func(w *World) error {
			bob := w.P("bob").link
			if lost, passed := bob.Storm(Down); slices.Contains(s.paths, "bob") {
				t.Logf("%d of %d datagrams to bob were lost", lost, lost+passed)
			}
			s.weather = Weather{}
			s.turn(w)
			return nil
		}),
		Runs(stormTail),
		Checks("what came is counted", func(w *World) error {
			s.count(w, since, since+s.length)
			return nil
		}),
	}}.Play(t)
	t.Logf("storm: video %.2f %%, sound %.2f %%, %d freezes, %v in all, longest %v, from capture to showing %v; %d packets repaired, %d given up",
		100*s.frames, 100*s.sound, s.video.Freezes, s.video.Frozen, s.video.Longest, s.video.Delay, s.repaired, s.lost)
}

// turn changes the weather.
func (s *storm) turn(w *World) {
	for i, id := range s.paths {
		media, back := Down, Up
		if id == "alice" {
			media, back = Up, Down
		}
		weather := s.weather
		weather.Seed += 2 * uint64(i)
		w.P(id).link.Turn(media, weather)
		w.P(id).link.Turn(back, Weather{Loss: weather.Loss, Seed: weather.Seed + 1})
	}
}

// count looks at what was captured between two times.
func (s *storm) count(w *World, since, until time.Duration) {
	bob := w.P("bob")
	video := bob.Frames("alice", signaling.SourceCamera, since)
	s.frames = captured(video, since, until, time.Second/30)
	s.sound = captured(bob.Frames("alice", signaling.SourceMicrophone, since), since, until, audioFrame)
	s.video = play(video, since, until, time.Second/30)
	s.lost, s.repaired = bob.Loss()
}

// inTime is how late sound may come to be heard, and a picture to be seen.
const inTime = 1000 * time.Millisecond

// captured is the share of what was captured in [since, until] that came in time.
func captured(frames []Frame, since, until, every time.Duration) float64 {
	n := 0
	for _, f := range frames {
		if f.Captured >= since && f.Captured < until && f.At-f.Captured <= inTime {
			n++
		}
	}
	return min(1, float64(n)/float64((until-since)/every))
}

// T-22: 30 % of all datagrams, RTCP and STUN too, are lost on the paths of both, both ways, each by itself.
func TestRandomLoss(t *testing.T) {
	t.Parallel()
	var frames, longest, frozen, sound []float64
	for seed := range seeds(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := storm{weather: Weather{Loss: 0.3, Seed: 100 * seed}, paths: []string{"alice", "bob"}, length: time.Minute}
			s.play(t)
			frames, longest = append(frames, 100*s.frames), append(longest, s.video.Longest.Seconds())
			frozen, sound = append(frozen, 100*s.video.Frozen.Seconds()/s.length.Seconds()), append(sound, 100*s.sound)
		})
	}
	atLeast("T-22", "30 % random loss, both ways, both participants, median of runs: frames of video", median(frames), 95, " %").report(t)
	atMost("T-22", "the same: longest freeze", median(longest), 1, " s").report(t)
	atMost("T-22", "the same: time frozen", median(frozen), 3, " %").report(t)
	atLeast("T-22", "the same: packets of sound with NACK", slices.Min(sound), 98, " %").report(t)
	t.Run("with congestion control", func(t *testing.T) {
		s := storm{weather: Weather{Loss: 0.3}, paths: []string{"alice", "bob"}, length: time.Minute, careful: true}
		s.play(t)
		what := "the same with congestion control, which may pause a video of one encoding"
		figure{"T-22", what + ": frames of video", "stated", number(100*s.frames) + " %", s.frames > 0.2}.report(t)
		atLeast("T-22", what+": packets of sound with NACK", 100*s.sound, 97, " %").report(t)
	})
	t.Run("Opus without NACK", func(t *testing.T) {
		s := storm{weather: Weather{Loss: 0.3}, paths: []string{"alice", "bob"}, length: 20 * time.Second, deaf: true}
		s.play(t)
		figure{"T-22", "the same: packets of sound without NACK", "stated", number(100*s.sound) + " %", s.sound > 0.4}.report(t)
	})
}

// T-23: bursts of ten packets on average, packets out of order, and packets that come twice, on the path of one of the two.
func TestBurstLoss(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"alice", "bob"} {
		for seed := range seeds(1) {
			t.Run(fmt.Sprint(path, " seed ", seed), func(t *testing.T) {
				weather := Weather{Loss: 0.3, Burst: 10, Reorder: 0.1, Late: 40 * time.Millisecond, Duplicate: 0.05, Seed: 100 * seed}
				s := storm{weather: weather, paths: []string{path}, length: time.Minute}
				s.play(t)
				whose := map[string]string{"alice": "publisher", "bob": "subscriber"}[path]
				atMost("T-23", "30 % loss in bursts on the path of the "+whose+": longest freeze", s.video.Longest.Seconds(), 2, " s").report(t)
				atMost("T-23", "the same: time frozen", 100*s.video.Frozen.Seconds()/s.length.Seconds(), 10, " %").report(t)
			})
		}
	}
}

// One packet of a hundred is lost, and comes by the first request or the second.
func TestOnePercentLoss(t *testing.T) {
	t.Parallel()
	for seed := range seeds(1) {
		s := storm{weather: Weather{Loss: 0.01, Seed: 100 * seed}, paths: []string{"alice", "bob"}, length: time.Minute}
		s.play(t)
		atLeast("loss", "1 % loss, both participants: lost packets that came by NACK", 100*recovered(s.repaired, s.lost), 99.9, " %").report(t)
	}
}

// recovered is the share of missing packets that came.
func recovered(repaired, lost int) float64 { return float64(repaired) / float64(max(1, repaired+lost)) }

// seeds is how many seeds a suite plays: a few, or as many as HELIOGRAPH_SEEDS says.
func seeds(usual uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv("HELIOGRAPH_SEEDS"), 10, 32); err == nil {
		return n
	}
	return usual
}

// median is the middle one of some values, the lower of two.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[(len(values)-1)/2]
}
