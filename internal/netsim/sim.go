package netsim

import (
	"math/rand/v2"
	"time"
)

// Sim is a clock in virtual time with the events that are due. It is not safe for concurrent use: everything in a
// simulation happens in Run.
type Sim struct {
	seed   uint64
	now    time.Duration
	made   uint64
	events []event // a binary heap, the next event first
}

type event struct {
	at   time.Duration
	made uint64
	do   func()
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.made < o.made }

// NewSim returns a simulation at time 0. All chance in it is derived from seed.
func NewSim(seed uint64) *Sim { return &Sim{seed: seed} }

// Now returns the virtual time since the start.
func (s *Sim) Now() time.Duration { return s.now }

// Rand returns a generator of its own for one use. The same seed and use give the same numbers, whoever else draws.
func (s *Sim) Rand(use uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, use)) }

// At calls do at the given time, or next if that time has passed.
func (s *Sim) At(at time.Duration, do func()) {
	s.made++
	s.events = append(s.events, event{max(at, s.now), s.made, do})
	i := len(s.events) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !s.events[i].before(s.events[parent]) {
			return
		}
		s.events[i], s.events[parent] = s.events[parent], s.events[i]
		i = parent
	}
}

// After calls do after d.
func (s *Sim) After(d time.Duration, do func()) { s.At(s.now+d, do) }

// Next returns the time of the next event; ok is false if there is none.
func (s *Sim) Next() (at time.Duration, ok bool) {
	if len(s.events) == 0 {
		return 0, false
	}
	return s.events[0].at, true
}

// Run handles all events before the given time and leaves the clock there.
func (s *Sim) Run(until time.Duration) {
	for len(s.events) > 0 && s.events[0].at < until {
		next := s.pop()
		s.now = next.at
		next.do()
	}
	s.now = max(s.now, until)
}

func (s *Sim) pop() event {
	first, last := s.events[0], len(s.events)-1
	s.events[0] = s.events[last]
	s.events[last] = event{}
	s.events = s.events[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && s.events[child+1].before(s.events[child]) {
			child++
		}
		if !s.events[child].before(s.events[i]) {
			return first
		}
		s.events[i], s.events[child] = s.events[child], s.events[i]
		i = child
	}
}
