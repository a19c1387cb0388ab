package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

var redMicrophone = Format{Source: signaling.SourceMicrophone, RED: true}

// hears is a subscriber of sound that does not ask for what is lost.
func hears(red bool) Plan { return Plan{Audio: 2, Video: -1, RED: red, NoNACK: true} }

// Who publishes RED and who publishes Opus is heard by who takes RED and by who does not. Where a fifth of the packets is lost on the
// way down, RED brings most of it back.
func TestREDIsPassedStrippedAndMade(t *testing.T) {
	t.Parallel()
	var since time.Duration
	length := 20 * time.Second
	from := Checks("the count begins", func(w *World) error { since = w.now(); return nil })
	gets := func(who string, pt uint8, least, most float64) Step {
		return Checks(fmt.Sprintf("%s gets %.2f to %.2f of the sound, all of it by payload type %d", who, least, most, pt), func(w *World) error {
			p := w.P(who)
			for _, of := range []string{"alice", "carol"} {
				share := float64(len(p.Frames(of, signaling.SourceMicrophone, since))) * float64(audioFrame) / float64(length)
				t.Logf("RED: %s hears %.1f %% of %s", who, 100*share, of)
				if share < least || share > most {
					return fmt.Errorf("%.1f %% of %s", 100*share, of)
				}
			}
			return p.onlyType(pt)
		})
	}
	lossy := func(lose bool) Step {
		return Checks(fmt.Sprintf("the network loses a fifth: %v", lose), func(w *World) error {
			for _, who := range []string{"bob", "dave"} {
				w.P(who).link.Lose(Down, nil)
				if lose {
					w.P(who).link.Lose(Down, randomly(20))
				}
			}
			return nil
		})
	}
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{redMicrophone}, Audio: -1, Video: -1}, "alice"),
		Joins(Plan{Publish: []Format{Microphone}, Audio: -1, Video: -1}, "carol"),
		Joins(hears(true), "bob"),
		Joins(hears(false), "dave"),
		Runs(2 * time.Second),
		from, Runs(length),
		gets("bob", redPT, 0.99, 1.01),
		gets("dave", opusPT, 0.99, 1.01),
		lossy(true),
		from, Runs(length),
		gets("bob", redPT, 0.90, 0.98), // two packets in a row are lost at times, and the newest ones are waited for
		gets("dave", opusPT, 0.70, 0.85),
		lossy(false), Runs(time.Second),
	}}.Play(t)
}

// A tenth of what alice sends is lost, and nothing is asked for again: what RED repeats, the server restores for everybody.
func TestREDIsRestored(t *testing.T) {
	var since time.Duration
	length := 20 * time.Second
	heard := func(of string, least, most float64) Step {
		return Checks(fmt.Sprintf("%.2f to %.2f of the sound of %s is heard", least, most, of), func(w *World) error {
			for _, who := range []string{"bob", "dave"} {
				share := float64(len(w.P(who).Frames(of, signaling.SourceMicrophone, since))) * float64(audioFrame) / float64(length)
				t.Logf("RED: %s hears %.1f %% of %s, of whose packets %d were lost", who, 100*share, of, w.P(of).link.Lost(Up))
				if share < least || share > most {
					return fmt.Errorf("%s hears %.1f %%", who, 100*share)
				}
			}
			return nil
		})
	}
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: signaling.SourceMicrophone, RED: true, Deaf: true}}, Audio: -1, Video: -1}, "alice"),
		Joins(Plan{Publish: []Format{{Source: signaling.SourceMicrophone, Deaf: true}}, Audio: -1, Video: -1}, "carol"),
		Joins(hears(true), "bob"),
		Joins(hears(false), "dave"),
		Runs(2 * time.Second),
		Checks("the network loses a tenth of what is sent", func(w *World) error {
			since = w.now()
			for _, who := range []string{"alice", "carol"} {
				w.P(who).link.Lose(Up, randomly(10))
			}
			return nil
		}),
		Runs(length),
		heard("alice", 0.97, 1),
		heard("carol", 0.85, 0.93),
	}}.Play(t)
}

// onlyType checks that sound came on each audio slot, by this payload type alone.
func (p *Participant) onlyType(pt uint8) error {
	for _, s := range p.Slots(signaling.KindAudio) {
		s.mu.Lock()
		got := fmt.Sprint(s.types)
		all := s.types[pt] == s.packets && s.packets > 0
		s.mu.Unlock()
		if !all {
			return fmt.Errorf("slot %s got packets of the types %s", s.MID(), got)
		}
	}
	return nil
}

// What is repeated is never of another source than what plays, however often the slot changes its source.
func TestREDOverSwitches(t *testing.T) {
	say := func(alice, carol int) []Step {
		return []Step{Checks(fmt.Sprintf("alice speaks at %d, carol at %d dB below the loudest", alice, carol), func(w *World) error {
			for who, level := range map[string]int{"alice": alice, "carol": carol} {
				pub, err := w.P(who).Publication(signaling.SourceMicrophone)
				if err != nil {
					return err
				}
				pub.Level(level)
			}
			return nil
		}), Runs(3 * time.Second)}
	}
	steps := []Step{
		Joins(Plan{Publish: []Format{redMicrophone}, Audio: -1, Video: -1}, "alice"),
		Joins(Plan{Publish: []Format{Microphone}, Audio: -1, Video: -1}, "carol"),
		Joins(Plan{Audio: 1, Video: -1, RED: true}, "bob"),
	}
	for range 4 {
		steps = append(steps, say(20, silence)...)
		steps = append(steps, say(silence, 20)...)
	}
	steps = append(steps, Checks("the slot has changed its source with each of them", func(w *World) error {
		if n := len(w.P("bob").Slots(signaling.KindAudio)[0].Switches()); n < 8 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	}))
	Scenario{Conditions: Conditions{AudioSlots: 1}, Steps: steps}.Play(t)
}

// A pause of discontinuous transmission stays one: the timestamps leap, and no number is missing.
func TestDTXStays(t *testing.T) {
	for _, red := range []bool{false, true} {
		var since time.Duration
		level := func(dBov int) Step {
			return Checks(fmt.Sprintf("the level is %d", dBov), func(w *World) error {
				pub, err := w.P("alice").Publication(signaling.SourceMicrophone)
				if err != nil {
					return err
				}
				pub.Level(dBov)
				since = w.now()
				return nil
			})
		}
		frames := func(least, most int) Step {
			return Checks(fmt.Sprintf("%d to %d frames came", least, most), func(w *World) error {
				for _, who := range []string{"bob", "dave"} {
					n := len(w.P(who).Frames("alice", signaling.SourceMicrophone, since))
					if lost, _ := w.P(who).Loss(); n < least || n > most || lost > 0 {
						return fmt.Errorf("%s got %d, and waited for %d numbers", who, n, lost)
					}
				}
				return nil
			})
		}
		Scenario{Steps: []Step{
			Joins(Plan{Publish: []Format{{Source: signaling.SourceMicrophone, RED: red, DTX: true}}, Audio: -1, Video: -1}, "alice"),
			Joins(hears(true), "bob"),
			Joins(hears(false), "dave"),
			Runs(2 * time.Second),
			level(silence), Runs(4 * time.Second), frames(9, 12),
			level(20), Runs(2 * time.Second), frames(98, 102),
			level(silence), Runs(4 * time.Second), frames(9, 12),
		}}.Play(t)
	}
}
