package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Subscribers that keep asking for keyframes cost the publisher at most two a second, and a tenth of its bytes; those who join get a
// picture at once: from the ring while what came since the keyframe is little, and else by a keyframe that the storm has left.
func TestKeyframeStorm(t *testing.T) {
	t.Parallel()
	large := Camera
	large.Delta = 8
	t.Run("0.15 Mbit per second", func(t *testing.T) { playStorm(t, Camera) })
	t.Run("1.2 Mbit per second", func(t *testing.T) { playStorm(t, large) })
}

const (
	stormSubscribers = 30
	stormSteps       = 200 // of 100 ms
	stormJoins       = 7   // steps from one joiner to the next
)

func playStorm(t *testing.T, camera Format) {
	var names []string
	for i := range stormSubscribers {
		names = append(names, fmt.Sprint("s", i))
	}
	var since time.Duration
	var inSecond int
	var share, replays float64
	var waits durations
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{camera}, Audio: -1, Video: 1}, "alice"),
		Joins(Plan{Audio: -1, Video: 1}, names...),
		Runs(5 * time.Second),
		step("all ask ten times a second, while others join", func(ctx context.Context, w *World) error {
			since = w.now()
			asking(ctx, w, names)
			return nil
		}),
		Runs(time.Second),
		Checks("the publisher was asked at most twice a second, and keyframes were a tenth of what it sent", func(w *World) error {
			pub, err := w.P("alice").Publication(signaling.SourceCamera)
			if err != nil {
				return err
			}
			inSecond = mostInSecond(pub.KeyframeRequests(0), since)
			share, replays = keyframeShare(w.P("s0"), &camera, since), w.Metric("replays_total")
			if inSecond > 2 || inSecond == 0 || share > 0.1 {
				return fmt.Errorf("up to %d requests in a second, %.1f %% of the bytes", inSecond, 100*share)
			}
			return nil
		}),
		Checks("those who joined had a picture at once", func(w *World) error {
			for i := 0; i < stormSteps; i += stormJoins {
				p := w.P(fmt.Sprint("late", i))
				wait, ok := p.First("alice", signaling.SourceCamera, time.Duration(p.connectedAt.Load()))
				if !ok {
					return fmt.Errorf("late%d has no picture", i)
				}
				waits.add(wait)
			}
			if p95 := waits.quantile(0.95); p95 > 300*time.Millisecond {
				return fmt.Errorf("joiners' first frame after %v", &waits)
			}
			return nil
		}),
	}}.Play(t)
	under := fmt.Sprintf("%d ask 10 times a second: ", stormSubscribers)
	atMost("T-20", under+"keyframes in a second", float64(inSecond), 2, "").report(t)
	atMost("T-20", under+"part of all bytes that they cost", 100*share, 10, " %").report(t)
	atMost("T-20", under+"joiner's first frame, p95", ms(waits.quantile(0.95)), 300, " ms").report(t)
	t.Logf("%v joiners served from the ring", replays)
}

// asking lets all of them ask ten times a second, and others join.
func asking(ctx context.Context, w *World, names []string) {
	for i := range stormSteps {
		for _, n := range names {
			w.P(n).AskKeyframe(w.P(n).Slots(signaling.KindVideo)[0])
		}
		if i%stormJoins == 0 {
			go func() { _, _ = w.Join(ctx, fmt.Sprint("late", i), Plan{Audio: -1, Video: 1}) }() // who fails has no first frame
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// mostInSecond is the most of these times since a time that lie within one second.
func mostInSecond(at []time.Duration, since time.Duration) int {
	most := 0
	for i := range at {
		n := 0
		for n+i < len(at) && at[i] >= since && at[i+n]-at[i] < time.Second-time.Millisecond {
			n++
		}
		most = max(most, n)
	}
	return most
}

// keyframeShare is the part of the bytes of alice's camera that were keyframes since a time. A replay shows again what was sent before.
func keyframeShare(p *Participant, f *Format, since time.Duration) float64 {
	key, all := 0.0, 0.0
	seen := map[uint32]bool{}
	for _, frame := range p.Frames("alice", signaling.SourceCamera, since) {
		if seen[frame.Number] || frame.Captured < since {
			continue
		}
		seen[frame.Number] = true
		packets := float64(max(1, f.Delta))
		if frame.Key {
			packets += 3
			key += packets
		}
		all += packets
	}
	return key / all
}
