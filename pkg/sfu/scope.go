package sfu

import (
	"context"
	"sync"
)

// scope owns goroutines: it starts them, tells them to end, and waits for them.
type scope struct {
	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup

	// Guarded by mu, so that nothing is started while close waits.
	mu      sync.Mutex
	closing bool
	tasks   sync.WaitGroup
}

func (s *scope) init(parent context.Context) { s.ctx, s.cancel = context.WithCancel(parent) }

// run starts a loop, which returns soon after its context is done.
func (s *scope) run(f func(context.Context)) {
	s.loops.Go(func() { f(s.ctx) })
}

// task starts f, which ends by itself while the loops still run. Once the scope closes nothing is started any more.
func (s *scope) task(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.tasks.Go(f)
	}
}

// close waits for the tasks, tells the loops to end and waits for them.
func (s *scope) close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.tasks.Wait()
	s.cancel()
	s.loops.Wait()
}
