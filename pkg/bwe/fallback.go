package bwe

import (
	"math"
	"time"
)

const (
	fallbackAfter  = 2 * time.Second // without transport-wide feedback
	fallbackLow    = 0.02            // below this loss the target rises
	fallbackHigh   = 0.10            // above it the target falls
	fallbackGrowth = 0.08            // per second, without REMB
	fallbackFollow = 0.5             // per second, towards REMB
)

// ReceiverReport is what is left of a receiver's reports (RFC 3550, section 6.4) for congestion control.
type ReceiverReport struct {
	Lost float64       // share of the packets since the last report, 0 to 1, less what never reached the server
	RTT  time.Duration // 0 if not known
}

// fallback tells whether receiver reports are used for want of better.
type fallback struct {
	used    bool
	last    time.Duration
	heardAt time.Duration // when transport-wide feedback last came
	heard   bool
	lost    float64 // of the latest report
}

// feedback tells what the target comes from.
func (e *Estimator) feedback() Feedback {
	switch {
	case e.silence.due > 0:
		return Silent
	case e.fallback.used:
		return Reports
	case e.fallback.heard:
		return Packets
	}
	return Silent
}

// loss is the share of packets lost lately, by the feedback that there is.
func (e *Estimator) loss() float64 {
	if e.fallback.used {
		return e.fallback.lost
	}
	return e.losses.recent
}

// OnFallback takes a receiver report and the bitrate of the latest REMB (draft-alvestrand-rmcat-remb-03), 0 for none. It
// has an effect only while there has been no transport-wide feedback for 2 s: some browsers send none for some codecs.
// The loss must not contain what publishers lost on their way to the server, or one bad publisher would lower the target
// of all who watch.
func (e *Estimator) OnFallback(now time.Duration, rr ReceiverReport, remb Bitrate) {
	f := &e.fallback
	if f.heard && now-f.heardAt < fallbackAfter {
		return
	}
	seconds := min(now-f.last, time.Second).Seconds()
	if !f.used {
		f.used, seconds = true, 0
	}
	f.last, f.lost = now, min(max(0, rr.Lost), 1)
	if math.IsNaN(f.lost) {
		f.lost = 0
	}
	e.silence.due, e.silence.waiting = 0, false
	if rr.RTT > 0 {
		e.rtt = rr.RTT
	}
	target, growth := e.target, fallbackGrowth
	if remb > 0 {
		growth = fallbackFollow
	}
	switch {
	case rr.Lost > fallbackHigh:
		target = target.scale(1 - min(rr.Lost, 1)/2)
	case rr.Lost < fallbackLow:
		target = target.scale(1 + growth*max(0, seconds))
	}
	if remb > 0 {
		target = min(target, remb)
	}
	e.target = min(max(target, e.config.Min), e.config.Max)
	e.proven = max(e.proven, e.target.scale(1/mostOverProven)+1) // rounded up, or the first feedback would take it back
}
