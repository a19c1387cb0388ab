package netsim

import "time"

// packetSize is the size of a full TCP packet on the wire and segment what it carries, in bytes.
const (
	packetSize = 1500
	segment    = 1448
	ackSize    = 52
)

// TCPConfig describes a TCP sender and its path.
type TCPConfig struct {
	Congestion Congestion
	Forward    *Link
	Back       *Link         // for acknowledgements
	Extra      time.Duration // propagation in each direction besides that of the links
	OnDeliver  func(bytes int)
	OnDone     func() // after the last byte of a transfer was acknowledged
}

// TCP is a sender that always has something to send until the transfer is done. Every packet is acknowledged at once
// and by its own number (ideal SACK); a packet is lost when three later ones were acknowledged or its timeout has
// passed.
type TCP struct {
	config TCPConfig
	sim    *Sim
	window window

	left     int // packets never sent yet; negative is no end
	next     int64
	flight   []flying // ascending by number
	recovery int64    // losses of packets below this number belong to a reduction that was made
	rtt      time.Duration
	rttVar   time.Duration
	backoff  int
	alarm    uint64 // tells the latest timeout from those that it replaced
	stopped  bool
}

type flying struct {
	number int64
	at     time.Duration
	later  int // acknowledgements of packets sent after it
}

// NewTCP returns a sender that sends nothing yet.
func NewTCP(sim *Sim, config TCPConfig) *TCP {
	return &TCP{config: config, sim: sim, window: newWindow(config.Congestion)}
}

// Start begins a transfer of the given bytes in slow start, as on a new connection; negative is without end.
func (t *TCP) Start(bytes int) {
	t.window = newWindow(t.config.Congestion)
	t.left = (bytes + segment - 1) / segment
	if bytes < 0 {
		t.left = -1
	}
	t.flight, t.recovery, t.rtt, t.backoff, t.stopped = t.flight[:0], t.next, 0, 0, false
	t.fill()
}

// Stop ends the transfer.
func (t *TCP) Stop() { t.stopped = true }

func (t *TCP) fill() {
	for !t.stopped && t.left != 0 && len(t.flight) < int(t.window.size) {
		t.left--
		t.send()
	}
	t.arm()
}

// send puts one packet on its way. A packet that was lost is sent again under a new number: what it carries does not matter.
func (t *TCP) send() {
	number, at := t.next, t.sim.Now()
	t.next++
	t.flight = append(t.flight, flying{number: number, at: at})
	t.sim.After(t.config.Extra, func() {
		t.config.Forward.Send(packetSize, func() {
			if t.config.OnDeliver != nil {
				t.config.OnDeliver(packetSize)
			}
			t.config.Back.Send(ackSize, func() { t.sim.After(t.config.Extra, func() { t.acked(number) }) })
		})
	})
}

func (t *TCP) acked(number int64) {
	i := t.find(number)
	if i < 0 || t.stopped {
		return
	}
	now := t.sim.Now()
	t.measure(now - t.flight[i].at)
	t.flight = append(t.flight[:i], t.flight[i+1:]...)
	t.backoff = 0
	if number >= t.recovery {
		t.window.acked(now, t.rtt)
	}
	t.findLost(i)
	if len(t.flight) == 0 && t.left == 0 {
		t.stopped = true
		if t.config.OnDone != nil {
			t.config.OnDone()
		}
		return
	}
	t.fill()
}

// find returns the index of a packet in flight, or -1.
func (t *TCP) find(number int64) int {
	for i := range t.flight {
		if t.flight[i].number == number {
			return i
		}
	}
	return -1
}

// findLost counts an acknowledgement for the packets sent before it, and takes those for lost that have three.
func (t *TCP) findLost(before int) {
	kept := t.flight[:0]
	for i, f := range t.flight {
		if i < before {
			f.later++
		}
		if f.later < 3 {
			kept = append(kept, f)
			continue
		}
		t.giveBack()
		if f.number >= t.recovery {
			t.window.lost()
			t.recovery = t.next
		}
	}
	t.flight = kept
}

// giveBack makes a lost packet one that is still to be sent.
func (t *TCP) giveBack() {
	if t.left >= 0 {
		t.left++
	}
}

// measure follows RFC 6298, section 2.
func (t *TCP) measure(rtt time.Duration) {
	if t.rtt == 0 {
		t.rtt, t.rttVar = rtt, rtt/2
		return
	}
	t.rttVar = (3*t.rttVar + (rtt - t.rtt).Abs()) / 4
	t.rtt = (7*t.rtt + rtt) / 8
}

// arm sets the retransmission timeout of RFC 6298: at least 200 ms as in Linux, doubled with every one that passes.
func (t *TCP) arm() {
	t.alarm++
	if t.stopped || len(t.flight) == 0 {
		return
	}
	wait := time.Second
	if t.rtt > 0 {
		wait = max(200*time.Millisecond, t.rtt+4*t.rttVar)
	}
	mine := t.alarm
	t.sim.After(wait<<min(t.backoff, 6), func() {
		if mine == t.alarm && !t.stopped {
			t.timedOut()
		}
	})
}

func (t *TCP) timedOut() {
	for range t.flight {
		t.giveBack()
	}
	t.flight = t.flight[:0]
	t.recovery = t.next
	t.backoff++
	t.window.timedOut()
	t.fill()
}
