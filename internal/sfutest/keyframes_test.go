package sfutest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Subscribers that keep asking for keyframes cost the publisher at most two a second, and those who need one get it.
func TestKeyframeStorm(t *testing.T) {
	const (
		subscribers = 50
		length      = 20 * time.Second
	)
	var names []string
	for i := range subscribers {
		names = append(names, fmt.Sprint("s", i))
	}
	small := Plan{Audio: -1, Video: 1}
	var since time.Duration
	var requests []time.Duration
	var inSecond int
	var share float64
	var waits durations
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{Camera}, Audio: -1, Video: 1}, "alice"),
		Joins(small, names...),
		Runs(5 * time.Second),
		step("all ask ten times a second, while others join", func(ctx context.Context, w *World) error {
			since = w.now()
			for i := range int(length / (100 * time.Millisecond)) {
				for _, n := range names {
					w.P(n).AskKeyframe(w.P(n).Slots(signaling.KindVideo)[0])
				}
				if i%20 == 10 {
					go func() { _, _ = w.Join(ctx, fmt.Sprint("late", i), small) }() // who fails has no first frame
				}
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}),
		Runs(time.Second),
		Checks("the publisher was asked at most twice a second, and keyframes were a small part of what it sent", func(w *World) error {
			pub, err := w.P("alice").Publication(signaling.SourceCamera)
			if err != nil {
				return err
			}
			for _, at := range pub.KeyframeRequests(0) {
				if at >= since {
					requests = append(requests, at)
				}
			}
			for i := range requests {
				n := 1
				for n+i < len(requests) && requests[i+n]-requests[i] < time.Second-time.Millisecond {
					n++
				}
				inSecond = max(inSecond, n)
			}
			share = keyframeShare(w.P("s0"), since)
			if inSecond > 2 || len(requests) == 0 || share > 0.15 { // a tenth, and the burst
				return fmt.Errorf("%d requests in one second, %d in all, %.1f %% of the bytes", inSecond, len(requests), 100*share)
			}
			return nil
		}),
		Checks("those who joined have a picture", func(w *World) error {
			for i := 10; i < int(length/(100*time.Millisecond)); i += 20 {
				p := w.P(fmt.Sprint("late", i))
				wait, ok := p.First("alice", signaling.SourceCamera, time.Duration(p.connectedAt.Load()))
				if !ok || wait > 5*time.Second { // the storm has spent what keyframes may cost
					return fmt.Errorf("late%d: after %v (%v)", i, wait, ok)
				}
				waits.add(wait)
			}
			return nil
		}),
	}}.Play(t)
	t.Logf("keyframe storm: %d x 10 PLI/s: %d requests in %v, at most %d in a second, keyframes were %.1f %% of the bytes; joiners' first frame after %v",
		subscribers, len(requests), length, inSecond, 100*share, &waits)
}

// keyframeShare is the part of the bytes of alice's camera that were keyframes since a time.
func keyframeShare(p *Participant, since time.Duration) float64 {
	key, all := 0.0, 0.0
	for _, f := range p.Frames("alice", signaling.SourceCamera, since) {
		packets := 1.0
		if f.Key {
			packets = 4
			key += packets
		}
		all += packets
	}
	return key / all
}
