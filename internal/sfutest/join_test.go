package sfutest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// A participant that joins between any two steps of a publish gets the track. There is one room for each millisecond between the
// start of a join and the start of a publish; every message takes 5 ms, so each is another interleaving.
func TestJoinAtEveryPointOfAPublish(t *testing.T) {
	t.Parallel()
	ways := []struct {
		name  string
		every int // milliseconds between two joins
		begin Plan
		more  []Format // published by requests, one after another
	}{
		{"by a request", 1, Plan{Audio: -1, Video: 1}, []Format{Camera}},
		{"by two requests", 5, Plan{Audio: -1, Video: 1}, []Format{Microphone, Camera}},
		{"with hello", 5, Plan{Audio: -1, Video: 1, Publish: []Format{Camera, Microphone}}, nil},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			var waits durations
			Scenario{Steps: []Step{
				step("joins from 60 ms before to 90 ms after the start of a publish get all that is published", func(ctx context.Context, w *World) error {
					var offsets []time.Duration
					for i := 0; i <= 150; i += way.every {
						offsets = append(offsets, time.Duration(i)*time.Millisecond)
					}
					return together(offsets, func(after time.Duration) error {
						wait, err := joinDuringPublish(ctx, w, way.begin, way.more, after)
						waits.add(wait)
						return err
					})
				}),
			}}.Play(t)
			t.Logf("join during a publish %s: all is there after %v", way.name, &waits)
		})
	}
}

// joinDuringPublish plays one room: a publish begins after 60 ms, a join after the given time. It returns how long the joiner waited
// for all that is published after both had begun.
func joinDuringPublish(ctx context.Context, w *World, begin Plan, more []Format, after time.Duration) (time.Duration, error) {
	begin.Room = "room" + after.String()
	publisher, joiner := "publisher"+after.String(), "joiner"+after.String()
	if len(more) > 0 {
		if _, err := w.Join(ctx, publisher, begin); err != nil {
			return 0, err
		}
		time.Sleep(500 * time.Millisecond) // its connection is up
	}
	const lead = 60 * time.Millisecond
	start := w.now()
	published := make(chan error, 1)
	go func() {
		time.Sleep(lead)
		published <- publishAll(ctx, w, publisher, begin, more)
	}()
	time.Sleep(after)
	j, err := w.Join(ctx, joiner, Plan{Room: begin.Room, Audio: 1, Video: 1})
	if err = errors.Join(err, <-published); err != nil {
		return 0, err
	}
	both := start + max(lead, after)
	time.Sleep(both + time.Second - w.now())
	var wait time.Duration
	for _, pub := range w.P(publisher).published() {
		first, ok := j.First(publisher, pub.format.Source, both)
		if !ok || first > time.Second {
			return 0, fmt.Errorf("%s: no %s within 1 s", joiner, pub.format.Source)
		}
		wait = max(wait, first)
	}
	j.Drop()
	w.P(publisher).Drop()
	return wait, nil
}

func publishAll(ctx context.Context, w *World, identity string, begin Plan, more []Format) error {
	if len(more) == 0 {
		_, err := w.Join(ctx, identity, begin)
		return err
	}
	for _, f := range more {
		if _, err := w.P(identity).Publish(ctx, f); err != nil {
			return err
		}
	}
	return nil
}
