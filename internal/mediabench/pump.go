package mediabench

import (
	"context"
	"sync"
	"time"
)

// pump reads the sockets of the load and lets viewers send their feedback.
type pump struct {
	// Fixed after construction.
	kicks chan struct{} // one place: read now
	done  chan struct{}

	// Guarded by mu.
	mu      sync.Mutex
	drained []drained
}

// drained is what a pump serves.
type drained interface {
	// drain reads all that waits.
	drain(d *drainer)
	// tick runs every 20 ms after a drain. n counts the ticks.
	tick(n int)
}

const (
	pumpEvery     = 20 * time.Millisecond
	pumpJoinEvery = 2 * time.Millisecond // handshakes wait for it
	feedbackTicks = 5                    // a tenth of a second
	reportTicks   = 50
)

// startPump runs a pump until ctx ends.
func startPump(ctx context.Context) *pump {
	p := &pump{kicks: make(chan struct{}, 1), done: make(chan struct{})}
	go p.run(ctx)
	return p
}

func (p *pump) add(d drained) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drained = append(p.drained, d)
}

// kick makes the pump read at once.
func (p *pump) kick() {
	select {
	case p.kicks <- struct{}{}:
	default:
	}
}

// hurry kicks the pump so often that handshakes do not wait, until ctx ends.
func (p *pump) hurry(ctx context.Context) {
	every := time.NewTicker(pumpJoinEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			p.kick()
		case <-ctx.Done():
			return
		}
	}
}

func (p *pump) run(ctx context.Context) {
	defer close(p.done)
	every := time.NewTicker(pumpEvery)
	defer every.Stop()
	d := newDrainer()
	for n := 0; ; {
		ticked := false
		select {
		case <-every.C:
			ticked = true
			n++
		case <-p.kicks:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		all := p.drained
		p.mu.Unlock()
		for i, one := range all {
			one.drain(d)
			if ticked {
				one.tick(n + i) // not all of them at one time
			}
		}
	}
}
