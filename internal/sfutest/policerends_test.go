package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A policer that left room for sound alone is gone after a while. Who sends so little learns it by a probe only, and video comes back.
func TestVideoComesBackAfterAPolicer(t *testing.T) {
	t.Parallel()
	const running = 20 // frames within 2 s
	for name, c := range map[string]struct {
		rids []string
		slow time.Duration
	}{
		"one encoding": {nil, 10 * time.Second},
		"simulcast":    {[]string{"q", "h", "f"}, 40 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			call{delay: 2 * time.Millisecond, rids: c.rids, before: 10 * time.Second}.play(t, "the policer comes and goes", func(w *World) error {
				w.P("bob").link.Turn(Down, Weather{Rate: 96_000, Queue: 833 * time.Millisecond, Police: true})
				time.Sleep(c.slow)
				w.P("bob").link.Turn(Down, Weather{})
				gone := w.now()
				time.Sleep(40 * time.Second)
				frames := w.P("bob").Frames("alice", signaling.SourceCamera, gone)
				for i := range len(frames) - running {
					if frames[i+running].At-frames[i].At < 2*time.Second {
						atMost("policer", name+": video is back after a policer of 96 kbit/s", (frames[i].At - gone).Seconds(), 30, " s").report(t)
						return nil
					}
				}
				return fmt.Errorf("%d frames in 40 s", len(frames))
			})
		})
	}
}
