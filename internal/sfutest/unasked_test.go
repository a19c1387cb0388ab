package sfutest

import (
	"fmt"
	"testing"
	"time"
)

// A repair that is lost is sent again although nobody asks twice: transport-wide feedback tells of it.
func TestLostRepairsAreSentAgain(t *testing.T) {
	Scenario{Conditions: Conditions{Delay: 10 * time.Millisecond}, Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: "camera", Delta: 3}}}, "alice"),
		Joins(Plan{Audio: -1, Video: 1, Once: true}, "bob"),
		Runs(2 * time.Second),
		Checks("the network gets bad", func(w *World) error {
			w.P("bob").link.Lose(Down, randomly(20))
			return nil
		}),
		Runs(20 * time.Second),
		Checks("the network gets well", func(w *World) error {
			w.P("bob").link.Lose(Down, nil)
			return nil
		}),
		Runs(3 * time.Second),
		Checks("nearly nothing was given up", func(w *World) error {
			given, repaired := w.P("bob").Loss()
			t.Logf("20 %% lost, asked for once: %d packets given up, %d repaired", given, repaired)
			if repaired < 300 || float64(given) > 0.01*float64(repaired) {
				return fmt.Errorf("%d packets were given up, %d repaired", given, repaired)
			}
			return nil
		}),
	}}.Play(t)
}
