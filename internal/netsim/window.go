package netsim

import (
	"math"
	"time"
)

// Congestion names the congestion control of a TCP sender.
type Congestion uint8

// The congestion controls that there are.
const (
	Reno  Congestion = iota // RFC 5681 with the loss recovery of RFC 6675
	Cubic                   // RFC 9438
)

// window is a congestion window in packets.
type window struct {
	kind      Congestion
	size      float64
	threshold float64 // slow start ends here

	// CUBIC
	before   float64 // the window before the last loss
	epoch    time.Duration
	started  bool
	friendly float64 // what Reno would have by now
}

// The window starts with 10 packets (RFC 6928).
func newWindow(kind Congestion) window {
	return window{kind: kind, size: 10, threshold: math.Inf(1)}
}

// acked grows the window for one acknowledged packet.
func (w *window) acked(now, rtt time.Duration) {
	switch {
	case w.size < w.threshold:
		w.size++
	case w.kind == Reno:
		w.size += 1 / w.size
	default:
		w.grow(now, rtt)
	}
}

const (
	cubicScale = 0.4 // C of RFC 9438, section 4.1.2
	cubicBeta  = 0.7
)

// grow follows RFC 9438, sections 4.2 to 4.5.
func (w *window) grow(now, rtt time.Duration) {
	if !w.started {
		w.started, w.epoch, w.friendly = true, now, w.size
		w.before = max(w.before, w.size)
	}
	reachesBefore := math.Cbrt((w.before - w.before*cubicBeta) / cubicScale)
	at := func(t time.Duration) float64 {
		x := t.Seconds() - reachesBefore
		return cubicScale*x*x*x + w.before
	}
	w.friendly += 3 * (1 - cubicBeta) / (1 + cubicBeta) / w.size
	if target := at(now - w.epoch); target < w.friendly {
		w.size = w.friendly
		return
	}
	target := min(max(at(now-w.epoch+rtt), w.size), 1.5*w.size)
	w.size += (target - w.size) / w.size
}

// lost shrinks the window once per round trip with losses.
func (w *window) lost() {
	keep := 0.5
	if w.kind == Cubic {
		keep = cubicBeta
		if w.size < w.before { // fast convergence, section 4.7
			w.before = w.size * (1 + cubicBeta) / 2
		} else {
			w.before = w.size
		}
		w.started = false
	}
	w.size = max(2, w.size*keep)
	w.threshold = w.size
}

// timedOut starts again from one packet.
func (w *window) timedOut() {
	w.lost()
	w.size = 1
}
