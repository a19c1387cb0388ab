package mediabench

import (
	"context"
	"sync"
	"time"
)

// pump reads the sockets of those who have joined, and lets viewers send their feedback.
type pump struct {
	// Fixed after construction.
	kicks chan struct{} // one place: read now
	done  chan struct{}

	// Guarded by mu.
	mu      sync.Mutex
	members []*participant
	poller  poller // of members
}

const (
	pumpEvery     = 20 * time.Millisecond
	feedbackTicks = 5 // a tenth of a second
	reportTicks   = 50
)

// startPump runs a pump until ctx ends.
func startPump(ctx context.Context) *pump {
	p := &pump{kicks: make(chan struct{}, 1), done: make(chan struct{})}
	go p.run(ctx)
	return p
}

func (p *pump) add(one *participant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members = append(p.members, one)
	p.poller.add(one.link.socket)
}

// kick makes the pump read at once.
func (p *pump) kick() {
	select {
	case p.kicks <- struct{}{}:
	default:
	}
}

func (p *pump) run(ctx context.Context) {
	defer close(p.done)
	every := time.NewTicker(pumpEvery)
	defer every.Stop()
	d := newDrainer()
	for n := 0; ; {
		select {
		case <-every.C:
			p.read(d)
			p.tick(n)
			n++
		case <-p.kicks:
			p.read(d)
		case <-ctx.Done():
			return
		}
	}
}

// read drains all sockets that have something.
func (p *pump) read(d *drainer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.poller.wait(0)
	for i, one := range p.members {
		if p.poller.readable(i) {
			one.link.drain(d)
		}
	}
}

// tick lets the viewers tell what arrived, not all of them at one time.
func (p *pump) tick(n int) {
	p.mu.Lock()
	all := p.members
	p.mu.Unlock()
	for i, one := range all {
		one.tick(n + i)
	}
}
