package sfutest

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/vnet"
)

// Weather is what the path to a host does to all datagrams of one direction, RTCP and STUN too. The zero value does nothing.
type Weather struct {
	Loss      float64       // share of the datagrams
	Burst     float64       // how many are lost in a row on average (Gilbert-Elliott: all in the bad state); 0: each by itself
	Reorder   float64       // share of the datagrams that come late, behind later ones
	Late      time.Duration // the longest that they come late
	Duplicate float64       // share of the datagrams that come twice
	Seed      uint64

	Rate   float64       // bit/s that the path carries, with the headers of UDP and IP; 0: any
	Queue  time.Duration // the longest that a datagram waits for the path; what would wait longer is lost
	Police bool          // nothing waits: the path is fast, and a policer whose bucket holds Queue at Rate loses what a queue would lose
}

// weather is Weather with its state.
type weather struct {
	Weather

	// Guarded by mu.
	mu     sync.Mutex
	random *rand.Rand
	bad    bool      // within a burst
	idleAt time.Time // when the path has sent all that waits
	lost   int
	passed int
}

func newWeather(w Weather) *weather {
	return &weather{Weather: w, random: rand.New(rand.NewPCG(w.Seed, 0x77656174686572))}
}

// fate says how often a datagram of so many bytes comes, and how much late each time. A nil weather is fair.
func (w *weather) fate(bytes int) []time.Duration {
	if w == nil {
		return []time.Duration{0}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	wait, fits := w.queue(bytes)
	if !fits || w.loses() {
		w.lost++
		return nil
	}
	w.passed++
	out := []time.Duration{wait}
	if w.random.Float64() < w.Reorder {
		out[0] += time.Duration(w.random.Float64() * float64(w.Late))
	}
	if w.random.Float64() < w.Duplicate {
		out = append(out, out[0])
	}
	return out
}

// ipBytes are the headers of UDP and IPv4.
const ipBytes = 28

// queue is how long a datagram takes to be through a path of the given rate; false if it finds the queue too long. mu is held.
func (w *weather) queue(bytes int) (time.Duration, bool) {
	if w.Rate == 0 {
		return 0, true
	}
	now := time.Now()
	if w.idleAt.Before(now) {
		w.idleAt = now
	}
	if w.idleAt.Sub(now) > w.Queue {
		return 0, false
	}
	w.idleAt = w.idleAt.Add(time.Duration(float64(8*(bytes+ipBytes)) / w.Rate * float64(time.Second)))
	if w.Police {
		return 0, true
	}
	return w.idleAt.Sub(now), true
}

// loses decides by the share alone, or by the state of the chain: bursts of mean length Burst make up the share Loss when a burst
// begins with probability Loss/(1-Loss)/Burst. mu is held.
func (w *weather) loses() bool {
	if w.Burst == 0 {
		return w.random.Float64() < w.Loss
	}
	if w.bad {
		w.bad = w.random.Float64() >= 1/w.Burst
	} else {
		w.bad = w.random.Float64() < w.Loss/(1-w.Loss)/w.Burst
	}
	return w.bad
}

// counts are how many datagrams were lost, and how many came.
func (w *weather) counts() (lost, passed int) {
	if w == nil {
		return 0, 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost, w.passed
}

// Turn changes the weather of a direction from now on.
func (l *Link) Turn(d Direction, w Weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.weather[d] = newWeather(w)
}

// Storm is how many datagrams of a direction were lost since Turn, and how many came.
func (l *Link) Storm(d Direction) (lost, passed int) { return l.weatherOf(d).counts() }

func (l *Link) weatherOf(d Direction) *weather {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.weather[d]
}

// windy is the Net of a host whose sockets send through the weather of its Link.
type windy struct {
	*vnet.Net
	link *Link
}

// ListenUDP implements transport.Net.
func (n *windy) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return &windyConn{c, func(net.Addr) *weather { return n.link.weatherOf(Up) }}, nil
}

// windyConn is a socket that sends through the weather.
type windyConn struct {
	transport.UDPConn
	weather func(to net.Addr) *weather
}

// WriteTo implements net.PacketConn. What is lost counts as sent.
func (c *windyConn) WriteTo(b []byte, to net.Addr) (int, error) {
	for _, late := range c.weather(to).fate(len(b)) {
		if late == 0 {
			if _, err := c.UDPConn.WriteTo(b, to); err != nil {
				return 0, err
			}
			continue
		}
		kept := append([]byte(nil), b...)
		time.AfterFunc(late, func() { _, _ = c.UDPConn.WriteTo(kept, to) }) // the socket may be closed by then
	}
	return len(b), nil
}

// weatherTo is the weather of the path from the server to a host.
func (n *Network) weatherTo(to net.Addr) *weather {
	n.mu.Lock()
	l := n.links[chunkIP(to)]
	n.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.weatherOf(Down)
}
