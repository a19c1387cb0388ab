package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// A server that stops in the middle of a call tells everybody, and is gone within three seconds, with those who do not answer too.
func TestServerCloses(t *testing.T) {
	var took time.Duration
	names := []string{"alice", "bob", "carol", "dave"}
	Scenario{Steps: []Step{
		Joins(publishing, names...),
		Runs(2 * time.Second),
		Checks("dave falls silent", func(w *World) error {
			w.P("dave").link.Silence(Media, true)
			w.P("dave").link.Silence(Signaling, true)
			return nil
		}),
		Checks("the server closes within 3 s", func(w *World) error {
			since := w.now()
			err := w.CloseServer()
			took = w.now() - since
			if err != nil || took > 3*time.Second {
				return fmt.Errorf("after %v: %v", took, err)
			}
			return nil
		}),
		Runs(time.Second),
		Checks("the others were told to come back", func(w *World) error {
			for _, n := range names[:3] {
				if c := w.P(n).signal.closeCode(); c != int(signaling.CloseRestart) {
					return fmt.Errorf("%s: code %d", n, c)
				}
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("server closes in the middle of a call: after %v", took)
}
