package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// On a path that stays as it is a picture that is given stays, too: probes that look for more take nothing away. The encodings
// take some 150, 450 and 1400 kbit/s, sound 65.
func TestPictureStaysOnConstantPaths(t *testing.T) {
	t.Parallel()
	const fps, settle, watched = 30, 15 * time.Second, 60 * time.Second
	for kbps, encoding := range map[float64]uint8{400: 0, 600: 1, 700: 1, 1650: 2} {
		path := fmt.Sprintf("%v kbit/s", kbps)
		t.Run(path, func(t *testing.T) {
			call{delay: 20 * time.Millisecond, rids: []string{"q", "h", "f"}, before: 3 * time.Second}.play(t, "the picture stays", func(w *World) error {
				w.P("bob").link.Turn(Down, Weather{Rate: 1000 * kbps, Queue: 300 * time.Millisecond})
				time.Sleep(settle)
				since := w.now()
				time.Sleep(watched)
				frames := w.P("bob").Frames("alice", signaling.SourceCamera, since)
				if n := int(fps * watched.Seconds()); len(frames) < n-2 {
					return fmt.Errorf("%d frames of %d", len(frames), n)
				}
				falls := 0
				for i := range frames[1:] {
					if frames[i+1].Encoding < frames[i].Encoding {
						falls++
					}
				}
				if last := frames[len(frames)-1].Encoding; last != encoding {
					return fmt.Errorf("encoding %d is shown at the end, %d fits", last, encoding)
				}
				atMost("constant", path+": falls to a smaller encoding in a minute", float64(falls), 0, "").report(t)
				return nil
			})
		})
	}
}

// A slow path that loses some of all packets is not taken for a policer's for long: what was lost before there was a reason to suspect one is
// lost in the test, too.
func TestPictureOnASlowLossyPath(t *testing.T) {
	t.Parallel()
	const fps, settle, watched = 30, 15 * time.Second, 60 * time.Second
	call{delay: 20 * time.Millisecond, rids: []string{"q", "h", "f"}, before: 3 * time.Second}.play(t, "most of the picture comes", func(w *World) error {
		w.P("bob").link.Turn(Down, Weather{Rate: 300_000, Queue: 300 * time.Millisecond, Loss: 0.03})
		time.Sleep(settle)
		since := w.now()
		time.Sleep(watched)
		frames := w.P("bob").Frames("alice", signaling.SourceCamera, since)
		atLeast("lossy", "300 kbit/s, 3 % lost: frames of the smallest picture", 100*float64(len(frames))/(fps*watched.Seconds()), 60, " %").report(t)
		return nil
	})
}
