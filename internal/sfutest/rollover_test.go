package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// atWraps loses what comes just before and after a wrap of the sequence numbers of video for the first time.
func atWraps(h *rtp.Header) bool {
	return h.PayloadType == vp8PT && (h.SequenceNumber > 65532 || h.SequenceNumber < 3)
}

// T-31: the sequence numbers of a publication and of its slot wrap five times, so the rollover counter of SRTP goes from 0 to 5 on both
// paths. Picture ids of 7 or 15 bits, TL0PICIDX, KEYIDX and timestamps wrap on the way. The packets around each wrap are lost once, on the way in
// and on the way out, and after each somebody joins. What is wrong in the numbers is a fault (see decode.go).
func TestRollover(t *testing.T) {
	t.Parallel()
	const (
		turns = 5
		parts = 130 // packets of a frame, small ones: 3,900 a second
		fps   = 30
	)
	turn := time.Duration(65536/parts+1) * time.Second / fps
	camera := Format{
		Source: signaling.SourceCamera, Delta: parts, Bytes: 1, ShortIDs: true,
		Numbers: Numbers{Seq: 1 << 15, Time: 1<<32 - 20*videoRate, TL0: 250, KeyIdx: 29},
	}
	watcher := Plan{Audio: -1, Video: 1, Eager: true}
	var since time.Duration
	var shown, captured, lost, around int
	steps := []Step{
		Joins(Plan{Publish: []Format{camera}, Audio: -1, Video: 1}, "alice"), Joins(watcher, "bob"), Runs(time.Second),
		Checks("packets at the wraps are lost once", func(w *World) error {
			since = w.now()
			w.P("alice").link.Lose(Up, atWraps)
			w.P("bob").link.Lose(Down, atWraps)
			return nil
		}),
	}
	for i := range turns {
		late := fmt.Sprint("late", i)
		steps = append(steps, Runs(turn-time.Second), Joins(watcher, late), Runs(time.Second), Checks(late+" sees alice", func(w *World) error {
			if n := len(w.P(late).Frames("alice", signaling.SourceCamera, w.now()-500*time.Millisecond)); n < 14 {
				return fmt.Errorf("%d frames in half a second", n)
			}
			return nil
		}), Leaves(late))
	}
	steps = append(steps, Checks("bob's numbers wrapped five times, and he got all", func(w *World) error {
		bob := w.P("bob")
		frames := bob.Frames("alice", signaling.SourceCamera, since)
		shown, captured = len(frames), int(frames[len(frames)-1].Number-frames[0].Number)+1
		lost, _ = bob.Loss()
		around = min(w.P("alice").link.Lost(Up), bob.link.Lost(Down))
		return nil
	}))
	Scenario{Steps: steps}.Play(t)
	atLeast("T-31", "five wraps of the sequence number: frames that decoded, in order", 100*float64(shown)/float64(captured), 100, " %").report(t)
	atMost("T-31", "five wraps: packets that were given up", float64(lost), 0, "").report(t)
	atLeast("T-31", "five wraps: packets lost around them on each path", float64(around), 6*turns, "").report(t)
}
