package netsim

import "time"

// LinkConfig describes a bottleneck.
type LinkConfig struct {
	Rate    Schedule
	Queue   int           // bytes that may wait; 0 is no limit
	Delay   time.Duration // propagation, added to every packet
	Loss    Loss
	Jitter  Jitter
	Policer Policer
	Use     uint64 // tells the chance of this link from that of others of the same simulation
}

// QueueBytes returns the size of a queue that takes the given time to empty at a rate in bit/s.
func QueueBytes(rate int64, wait time.Duration) int { return int(float64(rate) / 8 * wait.Seconds()) }

// Fate is what happened to a packet that was given to a link.
type Fate struct {
	Lost   bool
	Full   bool          // lost because the queue had no room
	Queued time.Duration // between its arrival and the start of its transmission; 0 if lost
}

// Link is a bottleneck with a drop-tail queue. Random loss and the policer come before the queue, as in Linux's netem: what
// they drop takes no capacity.
type Link struct {
	config  LinkConfig
	sim     *Sim
	loss    lossState
	jitter  jitterState
	policer policerState

	busyUntil time.Duration // when all that waits will be sent
	waiting   []departure   // what is not yet sent, oldest first from index sent
	sent      int
	queued    int // bytes in waiting[sent:]
	arrived   time.Duration
}

type departure struct {
	end  time.Duration
	size int
}

// NewLink returns an idle link.
func NewLink(sim *Sim, config LinkConfig) *Link {
	return &Link{
		config:  config,
		sim:     sim,
		loss:    lossState{Loss: config.Loss, chance: sim.Rand(config.Use<<8 | 1)},
		jitter:  jitterState{config.Jitter, sim.Rand(config.Use<<8 | 2)},
		policer: newPolicer(config.Policer),
	}
}

// Change makes the link another one for what is sent from now on. What is on it arrives when it would have.
func (l *Link) Change(config LinkConfig) {
	l.config = config
	l.loss.Loss, l.jitter.Jitter = config.Loss, config.Jitter
	if l.policer.Policer != config.Policer {
		l.policer = newPolicer(config.Policer)
	}
}

// Send puts a packet of size bytes onto the link now and calls deliver when it arrives, unless it is lost. The queue is
// first in, first out and the schedule is known, so that the fate of a packet is certain at once.
func (l *Link) Send(size int, deliver func()) Fate {
	now := l.sim.Now()
	if l.loss.loses() || l.policer.drops(now, size) {
		return Fate{Lost: true}
	}
	l.advance(now)
	if l.config.Queue > 0 && l.queued+size > l.config.Queue {
		return Fate{Lost: true, Full: true}
	}
	start := max(now, l.busyUntil)
	end := l.config.Rate.finish(start, size)
	if end == never {
		return Fate{Lost: true}
	}
	l.busyUntil = end
	l.waiting = append(l.waiting, departure{end, size})
	l.queued += size
	l.arrived = max(l.arrived, end+l.config.Delay+l.jitter.draw())
	l.sim.At(l.arrived, deliver)
	return Fate{Queued: start - now}
}

// advance forgets what has been sent by now. A packet in transmission still takes room, as in a network card's ring.
func (l *Link) advance(now time.Duration) {
	for l.sent < len(l.waiting) && l.waiting[l.sent].end <= now {
		l.queued -= l.waiting[l.sent].size
		l.sent++
	}
	if l.sent > 64 && l.sent > len(l.waiting)/2 {
		l.waiting = append(l.waiting[:0], l.waiting[l.sent:]...)
		l.sent = 0
	}
}

// Wait returns how long a packet that arrived now would wait before its transmission.
func (l *Link) Wait() time.Duration { return max(0, l.busyUntil-l.sim.Now()) }
