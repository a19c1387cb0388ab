package sfutest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Participants come, go, publish, mute and look around at random, all at once. When they rest, each sees and hears what is there.
func TestRandomCalls(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			var did atomic.Int32
			Scenario{Steps: []Step{
				step("six live at random for 8 s", func(ctx context.Context, w *World) error {
					return together(upTo(6), func(i int) error {
						l := &life{w: w, identity: fmt.Sprint("p", i), random: rand.New(rand.NewPCG(seed, uint64(i))), until: 8 * time.Second}
						err := l.live(ctx)
						did.Add(l.did)
						return err
					})
				}),
				Runs(3 * time.Second),
				Checks("each sees and hears what is published", rested),
			}}.Play(t)
			t.Logf("random calls, seed %d: %d actions", seed, did.Load())
		})
	}
}

// life is what one participant does.
type life struct {
	w        *World
	identity string
	random   *rand.Rand
	until    time.Duration
	p        *Participant // nil: not in the room
	did      int32
}

func (l *life) live(ctx context.Context) error {
	for l.w.now() < l.until {
		if err := l.act(ctx); err != nil {
			return fmt.Errorf("%v: %s: %w", l.w.now(), l.identity, err)
		}
		l.did++
		time.Sleep(time.Duration(l.random.IntN(300)) * time.Millisecond)
	}
	if l.p == nil {
		return l.join(ctx)
	}
	return l.p.View(ctx, l.tiles()...)
}

func (l *life) join(ctx context.Context) (err error) {
	plan := Plan{Audio: 5, Video: 5, Fixed: true}
	for _, f := range []Format{Camera, Microphone} {
		if l.random.IntN(2) == 0 {
			plan.Publish = append(plan.Publish, f)
		}
	}
	l.p, err = l.w.Join(ctx, l.identity, plan)
	return err
}

// act does one thing.
func (l *life) act(ctx context.Context) error {
	if l.p == nil {
		return l.join(ctx)
	}
	source := []signaling.Source{signaling.SourceCamera, signaling.SourceMicrophone}[l.random.IntN(2)]
	pub, err := l.p.Publication(source)
	switch n := l.random.IntN(20); {
	case n == 0:
		p := l.p
		l.p = nil
		return p.Leave(ctx)
	case n == 1:
		p := l.p
		l.p = nil
		[]func(){p.Drop, p.Vanish}[l.random.IntN(2)]()
		return nil
	case n < 8:
		return l.p.View(ctx, l.tiles()...)
	case errors.Is(err, ErrNotPublished):
		_, err := l.p.Publish(ctx, Format{Source: source})
		return err
	case n < 13:
		return l.p.Mute(ctx, source, !pub.muted.Load())
	default:
		return l.p.Unpublish(ctx, source)
	}
}

// tiles are those of everybody else, in any order and size.
func (l *life) tiles() []Tile {
	var out []Tile
	for i := range 6 {
		if id := fmt.Sprint("p", i); id != l.identity && l.p.Knows(id) {
			out = append(out, Tile{Of: id, Width: l.random.IntN(1280), Height: 720})
		}
	}
	l.random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// rested checks that everybody gets what everybody else sends.
func rested(w *World) error {
	var errs []error
	for _, to := range w.all() {
		if err := to.View(context.Background(), tilesOfOthers(w, to)...); err != nil {
			return err
		}
	}
	time.Sleep(time.Second)
	since := w.now() - 300*time.Millisecond
	for _, to := range w.all() {
		for _, from := range w.all() {
			for _, pub := range from.published() {
				sent := pub.id != "" && !pub.muted.Load()
				got := len(to.Frames(from.identity, pub.format.Source, since)) > 0
				if to != from && sent != got {
					errs = append(errs, fmt.Errorf("%s: %s of %s: sent %v, got %v", to.identity, pub.format.Source, from.identity, sent, got))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func tilesOfOthers(w *World, p *Participant) []Tile {
	others := slices.DeleteFunc(w.all(), func(o *Participant) bool { return o == p })
	out := make([]Tile, 0, len(others))
	for _, o := range others {
		out = append(out, Tile{Of: o.identity})
	}
	return out
}
