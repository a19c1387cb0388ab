package mediabench

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// subject is one that is measured, with its load.
type subject struct {
	*child
	receives  bool       // what it receives is counted, not what it sends
	publisher *publisher // of forwarding; nil: it needs none
	pattern   Pattern    // then
	audience  audience
	viewers   []*participant
	rounds    []round
}

// round is what one round showed.
type round struct {
	cost, allocs, rate, reached, cpu float64
	p50, p99                         time.Duration
}

func (s *subject) counted(c sample) uint64 {
	if s.receives {
		return c.Received
	}
	return c.Sent
}

// errIdle says that a subject had nothing to do.
var errIdle = errors.New("did nothing")

// idlePatience is how long a subject may have nothing to do. A server that had to give up pictures sends none until a keyframe comes,
// and its publisher makes two a second at most: a short span may lie in between, and tells nothing of what a packet costs.
const idlePatience = 5 * time.Second

// span measures a subject that is at work.
func (l *load) span(s *subject, warm, length time.Duration) (one round, err error) {
	if err := l.wait(warm); err != nil {
		return one, err
	}
	for began := time.Now(); ; {
		one, err = l.stretch(s, length)
		if !errors.Is(err, errIdle) || time.Since(began) >= idlePatience {
			return one, err
		}
	}
}

// stretch measures a subject once. The error is errIdle if it did nothing.
func (l *load) stretch(s *subject, length time.Duration) (one round, err error) {
	from, err := s.sample(l.ctx)
	if err != nil {
		return one, err
	}
	began, delays := time.Now(), s.audience.delays.snapshot()
	packets, messages := s.audience.packets.Load(), s.audience.messages.Load()
	if err := l.wait(length); err != nil {
		return one, err
	}
	to, err := s.sample(l.ctx)
	if err != nil {
		return one, err
	}
	took := time.Since(began)
	sent := float64(s.counted(to) - s.counted(from))
	if sent == 0 {
		return one, fmt.Errorf("%s %w in %v", s.name, errIdle, took.Round(time.Millisecond))
	}
	cpu := float64(to.Before.CPU - from.After.CPU)
	after := s.audience.delays.snapshot()
	return round{
		cost: cpu / sent / 1e3, allocs: float64(to.Before.Mallocs-from.After.Mallocs) / sent, rate: sent / took.Seconds(),
		reached: float64(s.audience.packets.Load()-packets) / float64(max(1, s.audience.messages.Load()-messages)),
		cpu:     cpu / float64(took.Nanoseconds()),
		p50:     percentile(delays, after, 0.5), p99: percentile(delays, after, 0.99),
	}, nil
}

func costOf(o *round) float64    { return o.cost }
func allocsOf(o *round) float64  { return o.allocs }
func rateOf(o *round) float64    { return o.rate }
func reachedOf(o *round) float64 { return o.reached }

// of is the median of one figure.
func of(rounds []round, figure func(*round) float64) float64 {
	var all []float64
	for i := range rounds {
		all = append(all, figure(&rounds[i]))
	}
	return median(all)
}

// median is the middle one, or the mean of the two in the middle; 0 of none.
func median(all []float64) float64 {
	n := len(all)
	if n == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}
