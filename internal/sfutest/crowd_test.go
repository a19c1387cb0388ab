package sfutest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// waysOut are the ways of leaving.
var waysOut = []struct {
	name  string
	leave func(ctx context.Context, p *Participant) error
}{
	{"leaves", func(ctx context.Context, p *Participant) error { return p.Leave(ctx) }},
	{"drops", func(_ context.Context, p *Participant) error { p.Drop(); return nil }},
	{"vanishes", func(_ context.Context, p *Participant) error { p.Vanish(); return nil }},
	{"falls silent", func(_ context.Context, p *Participant) error {
		p.link.Silence(Media, true)
		p.link.Silence(Signaling, true)
		return nil
	}},
}

// waysIn are the points at which a join is given up.
var waysIn = []struct {
	name  string
	after time.Duration
}{
	{"before its hello", 15 * time.Millisecond},
	{"before its welcome", 27 * time.Millisecond},
	{"before ICE", 33 * time.Millisecond},
	{"in DTLS", 60 * time.Millisecond},
}

// A hundred participants join, publish, see a few others, and go in every way there is, while others give up on the way in. What they
// cost is given back.
func TestCrowdLeavesNothingBehind(t *testing.T) {
	const crowd = 150 // every third gives up
	var before, at, after usage
	Scenario{Steps: []Step{
		step("a few fill what is kept: pools, maps, the certificate", func(ctx context.Context, w *World) error {
			return together(upTo(24), func(i int) error { return liveOnce(ctx, w, i) })
		}),
		Runs(40 * time.Second),
		Checks("the runtime has as many dead goroutines as it will need: it never frees them", func(*World) error {
			return together(upTo(6000), func(int) error { time.Sleep(time.Millisecond); return nil })
		}),
		Checks("the base is measured", func(w *World) error { before = measure(w); return nil }),
		step("the crowd comes and goes", func(ctx context.Context, w *World) error {
			time.AfterFunc(1900*time.Millisecond, func() { at = measure(w) })
			return together(upTo(crowd), func(i int) error { return liveOnce(ctx, w, i) })
		}),
		Runs(30 * time.Second),
		Checks("goroutines, rooms, Transports and memory are at the base within 30 s", func(w *World) error {
			after = measure(w)
			return after.above(before)
		}),
	}}.Play(t)
	t.Logf("crowd: Transports %d, %d, %d; goroutines %d, %d, %d; heap %.1f, %.1f, %.1f MB (before, at the height, after)",
		before.transports, at.transports, after.transports, before.goroutines, at.goroutines, after.goroutines, before.heap, at.heap, after.heap)
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// liveOnce is the life of participant i.
func liveOnce(ctx context.Context, w *World, i int) error {
	identity := fmt.Sprint("p", i)
	time.Sleep(time.Duration(i) * 5 * time.Millisecond)
	plan := Plan{Fixed: i%10 != 0, Publish: []Format{{Source: signaling.SourceMicrophone}, {Source: signaling.SourceCamera, FPS: 5}}}
	if i%3 == 2 {
		return giveUp(ctx, w, identity, plan, waysIn[i/3%len(waysIn)].after)
	}
	p, err := w.Join(ctx, identity, plan)
	if err != nil {
		return err
	}
	tiles := neighbours(p, i)
	if err := p.View(ctx, tiles...); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	for _, tile := range tiles {
		if _, ok := p.First(tile.Of, signaling.SourceCamera, 0); !ok {
			return fmt.Errorf("%s never saw %s", identity, tile.Of)
		}
	}
	way := waysOut[i/3%len(waysOut)]
	if err := way.leave(ctx, p); err != nil {
		return fmt.Errorf("%s %s: %w", identity, way.name, err)
	}
	time.Sleep(15 * time.Second) // who falls silent is told apart from who is slow
	p.Vanish()
	return nil
}

// neighbours are tiles of up to three who joined shortly before i.
func neighbours(p *Participant, i int) []Tile {
	var out []Tile
	for j := i - 1; j >= 0 && j > i-30 && len(out) < 3; j-- {
		if id := fmt.Sprint("p", j); p.Knows(id) && j%3 != 2 {
			out = append(out, Tile{Of: id, Width: 320, Height: 180})
		}
	}
	return out
}

func giveUp(ctx context.Context, w *World, identity string, plan Plan, after time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	p, err := w.Join(ctx, identity, plan)
	if err == nil { // hello was answered, the Transport was not up
		time.Sleep(after - 30*time.Millisecond)
		p.Vanish()
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// usage is what a World costs at one moment.
type usage struct {
	goroutines int
	heap       float64 // MB
	rooms      int
	transports int
}

func measure(w *World) usage {
	synctest.Wait()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		goroutines: runtime.NumGoroutine(), heap: float64(m.HeapAlloc) / 1e6,
		rooms: int(w.Metric("rooms")), transports: int(w.Metric("transports")),
	}
}

const heapSlack = 1.0 // MB

func (u usage) above(base usage) error {
	if u.goroutines > base.goroutines+2 || u.rooms != base.rooms || u.transports != base.transports || u.heap > base.heap+heapSlack {
		return fmt.Errorf("%+v, and %+v before", u, base)
	}
	return nil
}
