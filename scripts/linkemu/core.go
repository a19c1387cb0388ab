package main

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
)

// direction is a way through the emulator.
type direction int

const (
	down direction = iota // from the server to the browser
	up
)

func (d direction) String() string { return [...]string{"down", "up"}[d] }

const (
	headers    = 20 + 8  // of IPv4 and UDP
	mostWaits  = 1 << 14 // datagrams that are on their way
	sampleTime = 100 * time.Millisecond
)

// fate is what becomes of a datagram: it is lost at random, finds no room in the queue, or waits there.
type fate struct {
	lost, full bool
	waited     time.Duration
}

// core is both links and what they did. Times are since its start; it is for one goroutine.
type core struct {
	sim     *netsim.Sim
	links   [2]*netsim.Link
	configs [2]netsim.LinkConfig
	waits   int
	samples [2]sample
	sources [2][]source
	sampled time.Duration
	late    time.Duration // since sampled, at most: the machine is busy with other things
}

// newCore returns a core with perfect links.
func newCore(seed uint64) *core {
	c := &core{sim: netsim.NewSim(seed)}
	perfect := order{Steps: []step{{Rate: mostRate}}, Queue: mostQueue}
	c.obey(0, &perfect)
	return c
}

// obey changes the links.
func (c *core) obey(now time.Duration, o *order) {
	c.run(now)
	for d := range c.links {
		if o.Dir == "" || o.Dir == direction(d).String() {
			c.configs[d] = o.link(now, direction(d))
			if c.links[d] == nil {
				c.links[d] = netsim.NewLink(c.sim, c.configs[d])
				continue
			}
			c.links[d].Change(c.configs[d])
		}
	}
}

// arrive puts a datagram onto a link; deliver is called by run when it arrives.
func (c *core) arrive(now time.Duration, d direction, p []byte, deliver func()) {
	c.run(now)
	size := len(p) + headers
	f := c.send(d, size, deliver)
	c.samples[d].add(size, f)
	ssrc, payloadType, ok := sourceOf(p)
	if !ok {
		return
	}
	all := c.sources[d]
	i := slices.IndexFunc(all, func(s source) bool { return s.SSRC == ssrc })
	if i < 0 && len(all) < sources {
		i = len(all)
		c.sources[d] = append(all, source{Dir: d.String(), SSRC: ssrc, Type: payloadType})
	}
	if i >= 0 {
		c.sources[d][i].note(size, f)
	}
}

func (c *core) send(d direction, size int, deliver func()) fate {
	if c.waits >= mostWaits {
		return fate{full: true}
	}
	f := c.links[d].Send(size, func() {
		c.waits--
		deliver()
	})
	if f.Lost {
		return fate{lost: !f.Full, full: f.Full}
	}
	c.waits++
	return fate{waited: f.Queued}
}

// run delivers what has arrived by now.
func (c *core) run(now time.Duration) {
	c.late = max(c.late, now-c.next())
	c.sim.Run(now + 1)
}

// next returns when run is due.
func (c *core) next() time.Duration {
	due := c.sampled + sampleTime
	if at, ok := c.sim.Next(); ok {
		due = min(due, at)
	}
	return due
}

// sample returns the samples since the last ones, if it is time.
func (c *core) sample(now time.Duration, at time.Time) []sample {
	if now-c.sampled < sampleTime {
		return nil
	}
	c.run(now)
	var done []sample
	for d := range c.samples {
		s := &c.samples[d]
		s.At, s.Dir, s.Rate = at.UnixMilli(), direction(d).String(), c.configs[d].Rate.At(now)
		s.Queue = c.links[d].Wait().Seconds() * 1000
		s.Late = c.late.Seconds() * 1000
		s.end(now - c.sampled)
		done = append(done, *s)
		*s = sample{}
	}
	c.sampled, c.late = now, 0
	return done
}
