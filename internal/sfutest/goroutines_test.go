package sfutest

import (
	"bytes"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// maxGoroutines is what a participant may cost the server: most of them are Pion's.
const maxGoroutines = 15

// A participant that publishes and sees others costs the server a bounded number of goroutines. They are told from those of
// the test's own participants by a label that goroutines inherit.
func TestGoroutinesOfAParticipant(t *testing.T) {
	const more = 10
	plan := Plan{Publish: []Format{{Source: signaling.SourceMicrophone}, {Source: signaling.SourceCamera, FPS: 5}}}
	var identities []string
	for i := range more {
		identities = append(identities, fmt.Sprint("p", i))
	}
	var one, all int
	Scenario{Steps: []Step{
		Joins(plan, "first"),
		Runs(3 * time.Second),
		Checks("one is counted", func(w *World) (err error) { one, err = w.serverGoroutines(); return err }),
		Joins(plan, identities...),
		Runs(3 * time.Second),
		Checks("all are counted", func(w *World) (err error) { all, err = w.serverGoroutines(); return err }),
		Checks("each costs what is allowed", func(*World) error {
			if each := float64(all-one) / more; each > maxGoroutines || each < 5 {
				return fmt.Errorf("%.1f goroutines for each participant, at most %d are allowed; less than 5 are not counted right", each, maxGoroutines)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("goroutines: %.1f for each participant (at most %d), %d in all for %d", float64(all-one)/more, maxGoroutines, all, more+1)
}

var profileEntry = regexp.MustCompile(`(?m)^(\d+) @ .*\n# labels: \{"world":"([^"]*)"\}`)

// serverGoroutines counts the goroutines that the server has started, and those that they have started.
func (w *World) serverGoroutines() (int, error) {
	synctest.Wait()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return 0, err
	}
	n := 0
	for _, m := range profileEntry.FindAllStringSubmatch(b.String(), -1) {
		if m[2] == w.label() {
			k, err := strconv.Atoi(m[1])
			if err != nil {
				return 0, err
			}
			n += k
		}
	}
	return n, nil
}
