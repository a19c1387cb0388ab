package bwe

import "time"

const (
	startFirst   = 3 // times the start rate
	startSecond  = 6
	startFurther = 2    // times the last probe
	probeGood    = 0.7  // a start probe that achieves this share of its rate is followed by a higher one
	probeClear   = 0.9  // below this share of what was sent the limit of the path was seen
	probeUse     = 0.95 // of the result is the new target
	probeLimited = 0.85 // of the result where the limit was seen: the probe has left a queue
	probeAbove   = 1.1  // the next step has to fit with room to spare

	recoverShare = 0.85
	pauseFirst   = 2 * time.Second // between probes on demand, doubled after each that failed up to
	pauseMost    = 30 * time.Second
)

// Probe returns a probe that is to be sent now, once. It is asked for after OnPacketSent and OnFeedback.
func (e *Estimator) Probe(now time.Duration) (Probe, bool) {
	p := &e.prober
	if !p.started && e.history.latest >= 0 {
		p.started = true
		p.next = startSecond * e.config.Start
		p.plan(now, min(startFirst*e.config.Start, e.useful()))
	}
	if !p.busy() || p.offered {
		return Probe{}, false
	}
	p.offered = true
	return p.current, true
}

// useful is the highest rate that is worth a probe.
func (e *Estimator) useful() Bitrate {
	if e.demand.Wanted > 0 {
		return min(e.config.Max, e.demand.Wanted)
	}
	return e.config.Max
}

// judgeProbe raises the target to what a probe has shown. It never lowers it: a short burst sees the capacity, not the
// share that is left by others, and too low a result is more often chance.
func (e *Estimator) judgeProbe(now time.Duration) {
	p := &e.prober
	if !p.busy() || !p.over(now, e.rtt) {
		return
	}
	rate := p.current.Rate
	sent, got, ok := p.result()
	next := p.next
	p.cancel()
	p.again = now + p.pause
	if !ok || e.mode != Track {
		p.pause = min(max(2*p.pause, pauseFirst), pauseMost)
		return
	}
	share := probeUse
	if limited := float64(got) < probeClear*float64(min(sent, rate)); limited {
		share = probeLimited
		p.pause = min(max(2*p.pause, pauseFirst), pauseMost)
	} else {
		p.pause = pauseFirst
	}
	proven := min(sent, got, rate)
	e.proven = max(e.proven, proven)
	e.target = max(e.target, proven.scale(share))
	e.capacity = max(e.capacity, e.target)
	if next > 0 && float64(got) >= probeGood*float64(rate) && rate < e.useful() {
		p.plan(now, min(next, e.useful()))
		p.next = max(next, startFurther*rate)
		if next <= p.current.Rate {
			p.next = startFurther * next
		}
	}
}

// planProbe starts a probe if there is a use for it. There is none while a queue drains or others fill it: a probe would add to
// what is too much already.
func (e *Estimator) planProbe(now time.Duration) {
	p := &e.prober
	if p.busy() || e.mode != Track || now-e.busyAt < busyMemory || e.policing.phase != unlimited {
		return
	}
	if p.wish > 0 {
		p.plan(now, min(p.wish, e.config.Max))
		p.wish = 0
		return
	}
	if step := e.demand.NextStep.scale(probeAbove); step > e.target && e.target < e.useful() && now >= p.again {
		p.plan(now, min(step, e.config.Max))
	}
}

// recoverAfter asks for a probe of what the path carried before feedback stopped.
func (e *Estimator) recoverAfter() {
	if old := e.capacity.scale(recoverShare); old > e.target {
		e.prober.wish = old
	}
}
