package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// The counters of a publisher wrap: sequence number, timestamp and picture id, and packets around the wrap are lost on the way in.
// Those who watch and those who join afterwards notice nothing.
func TestWraps(t *testing.T) {
	wraps := Format{
		Source: signaling.SourceCamera, Delta: 4,
		Numbers: Numbers{Seq: 65536 - 300, Time: 1<<32 - 4*videoRate, PictureID: 1<<15 - 60},
	}
	sound := Format{Source: signaling.SourceMicrophone, Numbers: Numbers{Seq: 65536 - 120, Time: 1<<32 - 4*audioRate}}
	var first uint16
	var since time.Duration
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{wraps, sound}}, "alice"),
		Joins(watching, "bob"),
		Checks("packets at the wrap are lost", func(w *World) error {
			w.P("alice").link.Lose(Up, func(h *rtp.Header) bool {
				return h.PayloadType == vp8PT && (h.SequenceNumber > 65530 || h.SequenceNumber < 3)
			})
			return nil
		}),
		Runs(time.Second),
		Checks("bob is there", func(w *World) error { since = w.now(); return nil }),
		Runs(9 * time.Second),
		Joins(watching, "carol"),
		Runs(2 * time.Second),
		Checks("bob missed nothing", func(w *World) error {
			if n := w.P("alice").link.Lost(Up); n != 8 {
				return fmt.Errorf("%d packets were lost at the wrap", n)
			}
			if gap := w.P("bob").Gap("alice", signaling.SourceCamera, since, w.now()); gap > 150*time.Millisecond {
				return fmt.Errorf("the picture stood still for %v", gap)
			}
			if lost, _ := w.P("bob").Loss(); lost > 0 {
				return fmt.Errorf("%d packets were given up", lost)
			}
			return nil
		}),
		Checks("carol gets both", func(w *World) error {
			for _, s := range []signaling.Source{signaling.SourceCamera, signaling.SourceMicrophone} {
				if n := len(w.P("carol").Frames("alice", s, 0)); n < 40 {
					return fmt.Errorf("%d frames of %s", n, s)
				}
			}
			return nil
		}),
		Checks("the server's own numbers start below 2^15", func(w *World) error {
			for _, s := range w.P("carol").allSlots() {
				if n, ok := s.FirstSeq(); ok {
					first = max(first, n)
				}
			}
			if first >= 1<<15 {
				return fmt.Errorf("at %d", first)
			}
			return nil
		}),
	}}.Play(t)
}
