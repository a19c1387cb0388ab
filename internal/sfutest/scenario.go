package sfutest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Scenario is a test as data: a World and steps.
type Scenario struct {
	Conditions Conditions
	Steps      []Step
}

// Step is one thing that happens, or one thing that must be so.
type Step struct {
	What string
	Do   func(w *World) error
}

// Play plays a Scenario in virtual time. Whatever it is about, it ends with nothing left behind and without faults.
func (s Scenario) Play(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, err := NewWorld(s.Conditions)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range s.Steps {
			if err := step.Do(w); err != nil {
				t.Errorf("%v: %s: %v", w.now(), step.What, err)
				break
			}
		}
		s.end(t, w)
	})
}

// end ends the World. A goroutine that is left makes the bubble panic.
func (s Scenario) end(t *testing.T, w *World) {
	for _, f := range w.Faults() {
		t.Error("fault:", f)
	}
	limit := 5 * time.Second // the longest that anything takes to close
	for _, p := range w.all() {
		if p.plan.Over != "" {
			limit = 40 * time.Second // it has no websocket that breaks: consent must run out
		}
		p.Drop()
	}
	time.Sleep(limit)
	synctest.Wait()
	if n := w.Dropped("send_before_dtls"); n != 0 {
		t.Errorf("%v packets were sent before there were keys", n)
	}
	for path, made := range w.MediaPaths() {
		if path != w.path && made > 0 && !s.Conditions.AnyPath {
			t.Errorf("%v transports were %s, want %s ones only", made, path, w.path)
		}
	}
	for _, name := range []string{"rooms", "participants", "transports", "panics_total", "transport_slow_closes_total"} {
		if v := w.Metric(name); v != 0 {
			t.Errorf("%s is %v after all have left", name, v)
		}
	}
	if err := w.Close(); err != nil {
		t.Error("close:", err)
	}
}

// stepTimeout bounds a step that asks the server for something, so that a lost answer does not hang a test.
const stepTimeout = 10 * time.Minute

// step makes a Step of a function that asks the server for something.
func step(what string, f func(ctx context.Context, w *World) error) Step {
	return Step{what, func(w *World) error {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		return f(ctx, w)
	}}
}

// Joins lets participants join at the same time, by the same plan.
func Joins(plan Plan, identities ...string) Step {
	return step(fmt.Sprintf("%v join", identities), func(ctx context.Context, w *World) error {
		return together(identities, func(id string) error {
			_, err := w.Join(ctx, id, plan)
			return err
		})
	})
}

// Publishes lets a participant publish.
func Publishes(identity string, f Format) Step {
	return step(fmt.Sprintf("%s publishes %s", identity, f.Source), func(ctx context.Context, w *World) error {
		_, err := w.P(identity).Publish(ctx, f)
		return err
	})
}

// Views lets a participant say what it sees.
func Views(identity string, tiles ...Tile) Step {
	return step(fmt.Sprintf("%s views %v", identity, tiles), func(ctx context.Context, w *World) error {
		return w.P(identity).View(ctx, tiles...)
	})
}

// Leaves lets a participant leave.
func Leaves(identity string) Step {
	return step(identity+" leaves", func(ctx context.Context, w *World) error { return w.P(identity).Leave(ctx) })
}

// Runs lets the call go on.
func Runs(d time.Duration) Step {
	return Step{fmt.Sprintf("%v pass", d), func(*World) error {
		time.Sleep(d)
		return nil
	}}
}

// Checks states what must be so now.
func Checks(what string, f func(w *World) error) Step { return Step{what, f} }

// together runs f for each of them at once and joins the errors.
func together[T any](them []T, f func(T) error) error {
	errs := make(chan error, len(them))
	for _, one := range them {
		go func() { errs <- f(one) }()
	}
	var all []error
	for range them {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
