package sfutest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// amongBystanders plays what mallory does while alice and bob see and hear each other, and checks that they miss nothing. Only they
// are left afterwards, if mallory is to be closed.
func amongBystanders(t *testing.T, steps ...Step) {
	t.Helper()
	var since time.Duration
	all := []Step{
		Joins(publishing, "alice", "bob"),
		Runs(100 * time.Millisecond),    // they hear of each other
		Views("alice", Tile{Of: "bob"}), // and nobody else
		Views("bob", Tile{Of: "alice"}),
		Runs(2 * time.Second),
		Checks("alice and bob see each other", func(w *World) error { since = w.now(); return nil }),
	}
	all = append(all, steps...)
	Scenario{Steps: append(all,
		Runs(2*time.Second),
		Checks("alice and bob missed nothing", func(w *World) error { return undisturbed(w, since, "alice", "bob") }),
	)}.Play(t)
}

// onlyBystanders checks that nobody else is in the room or has a Transport, and that nothing panicked.
var onlyBystanders = Checks("only alice and bob are there", func(w *World) error {
	time.Sleep(3 * time.Second) // a Transport has 2 s to close
	if p, tr, panics := w.Metric("participants"), w.Metric("transports"), w.Metric("panics_total"); p != 2 || tr != 2 || panics != 0 {
		return fmt.Errorf("%v participants, %v Transports, %v panics", p, tr, panics)
	}
	return nil
})

// closedWith checks that a participant's websocket was closed with a code.
func closedWith(identity string, code signaling.CloseCode) Step {
	return Checks(fmt.Sprintf("%s is closed with %d", identity, code), func(w *World) error {
		if c := w.P(identity).signal.closeCode(); c != int(code) {
			return fmt.Errorf("code %d", c)
		}
		return nil
	})
}

// refused checks that err is the server's refusal with a code.
func refused(err error, code signaling.Code) error {
	var e *RequestError
	if !errors.As(err, &e) || e.Code != string(code) {
		return fmt.Errorf("%v, want %s", err, code)
	}
	return nil
}

// provoked is one conversation with its end.
type provoked struct {
	name  string
	texts func(w *World) ([][]byte, error)
	want  Refusal
}

// provokes plays conversations and compares how the server ends them.
func provokes(cases []provoked) Step {
	return step(fmt.Sprintf("%d conversations", len(cases)), func(ctx context.Context, w *World) error {
		var errs []error
		for _, c := range cases {
			texts, err := c.texts(w)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			got, err := w.Provoke(ctx, texts...)
			if err == nil && got != c.want {
				err = fmt.Errorf("ended with %+v, want %+v", got, c.want)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
			}
		}
		return errors.Join(errs...)
	})
}
