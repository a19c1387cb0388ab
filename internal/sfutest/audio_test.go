package sfutest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Six speakers share three audio slots: the loudest are heard, small differences change nothing, and silence keeps who was heard.
func TestLoudestAreHeard(t *testing.T) {
	t.Parallel()
	speakers := []string{"s1", "s2", "s3", "s4", "s5", "s6"}
	say := func(levels ...int) Step {
		return Checks(fmt.Sprintf("the levels are %v dB below the loudest", levels), func(w *World) error {
			for i, l := range levels {
				pub, err := w.P(speakers[i]).Publication(signaling.SourceMicrophone)
				if err != nil {
					return err
				}
				pub.Level(l)
			}
			return nil
		})
	}
	heard := func(want ...string) Step {
		return Checks(fmt.Sprintf("%v are heard", want), func(w *World) error {
			if got := heardBy(w.P("lea")); !slices.Equal(got, want) {
				return fmt.Errorf("%v are", got)
			}
			return nil
		})
	}
	changes := func(w *World) (n int) {
		for _, s := range w.P("lea").Slots(signaling.KindAudio) {
			n += len(s.Switches())
		}
		return n
	}
	var before int
	quiet := Checks("the slots are counted", func(w *World) error { before = changes(w); return nil })
	same := Checks("no slot has changed", func(w *World) error {
		if n := changes(w); n != before {
			return fmt.Errorf("%d have", n-before)
		}
		return nil
	})
	var waits durations
	begins := func(who string, dBov int) Step {
		return Checks(fmt.Sprintf("%s begins to speak at %d dB below the loudest", who, dBov), func(w *World) error {
			since := w.now()
			pub, err := w.P(who).Publication(signaling.SourceMicrophone)
			if err != nil {
				return err
			}
			pub.Level(dBov)
			time.Sleep(3 * time.Second)
			wait, ok := w.P("lea").First(who, signaling.SourceMicrophone, since)
			if !ok || wait > time.Second {
				return fmt.Errorf("heard after %v (%v)", wait, ok)
			}
			waits.add(wait)
			return nil
		})
	}
	Scenario{Conditions: Conditions{AudioSlots: 3}, Steps: []Step{
		Joins(Plan{Publish: []Format{Microphone}, Audio: 1, Video: -1}, speakers...),
		say(20, 25, 30, 60, 65, 70),
		Joins(Plan{Audio: 3, Video: -1}, "lea"),
		Runs(4 * time.Second),
		heard("s1", "s2", "s3"),
		quiet,
		say(22, 24, 31, 30, 65, 70), Runs(4 * time.Second), same, // s4 is no louder to speak of
		say(127, 127, 127, 127, 127, 127), Runs(10 * time.Second), same,
		say(20, 127, 127, 127, 127, 127), Runs(4 * time.Second), same,
		begins("s6", 15),
		Checks("s1 speaks on", func(w *World) error {
			if got := heardBy(w.P("lea")); !slices.Contains(got, "s1") || !slices.Contains(got, "s6") {
				return fmt.Errorf("%v are heard", got)
			}
			return nil
		}),
		Checks("speakers are told, loudest first", func(w *World) error {
			w.P("lea").mu.Lock()
			defer w.P("lea").mu.Unlock()
			if got := w.P("lea").room.speakers; !slices.Equal(got, []string{"s6", "s1"}) {
				return fmt.Errorf("%v", got)
			}
			return nil
		}),
		step("s6 mutes and all others speak", func(ctx context.Context, w *World) error {
			return errors.Join(w.P("s6").Mute(ctx, signaling.SourceMicrophone, true), say(20, 25, 30, 127, 127, 127).Do(w))
		}),
		Runs(4 * time.Second),
		heard("s1", "s2", "s3"),
		begins("s4", 10),
		heard("s1", "s2", "s4"),
	}}.Play(t)
	t.Logf("loudest: a newcomer who is louder than silence, and than three who speak, is heard after %v", &waits)
}

// heardBy lists, in order, whose microphone a participant got in the last 500 ms.
func heardBy(p *Participant) []string {
	var out []string
	since := p.world.now() - 500*time.Millisecond
	for i := 1; i <= 6; i++ {
		if id := fmt.Sprint("s", i); len(p.Frames(id, signaling.SourceMicrophone, since)) > 0 {
			out = append(out, id)
		}
	}
	return out
}
