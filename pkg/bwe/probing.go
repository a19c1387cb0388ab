package bwe

import "time"

const (
	startFirst   = 3 // times the start rate
	startSecond  = 6
	furtherBy    = 2    // times the last probe, at the start and on demand
	probeGood    = 0.7  // a start probe that achieves this share of its rate is followed by a higher one
	probeClear   = 0.9  // below this share of what was sent the limit of the path was seen
	probeUse     = 0.95 // of the result is the new target
	probeLimited = 0.85 // of the result where the limit was seen: the probe has left a queue
	probeAbove   = 1.1  // the next step has to fit with room to spare

	recoverShare = 0.85
	wakeAfter    = 2 * time.Second
	probeBusy    = 400 * time.Millisecond  // for no longer such a probe may keep a path busy that carries no more than the target
	probeLossy   = 0.05                    // loss that makes a short probe tell little
	probePause   = 2400 * time.Millisecond // between probes on demand: a rise of the capacity is found within 3 s, for 20 kbit/s of padding
)

// Probe returns a probe that is to be sent now, once. Those of the start find 30 Mbit/s in 2.4 s instead of 12. It
// is asked for after OnPacketSent and OnFeedback.
func (e *Estimator) Probe(now time.Duration) (Probe, bool) {
	p := &e.prober
	if !p.started && e.history.latest >= 0 {
		p.started = true
		p.next = startSecond * e.config.Start
		e.probeFor(now, startFirst*e.config.Start)
	}
	if p.busy() && !p.offered && now >= p.current.Until {
		p.cancel() // nobody asked for it in time
	}
	if !e.silence.waiting {
		e.wake(now)
	}
	if !p.busy() || p.offered {
		return Probe{}, false
	}
	p.offered = true
	return p.current, true
}

// wake plans a probe while nothing is sent, so that no feedback calls for it. After a while what was known of queue and
// losses is old.
func (e *Estimator) wake(now time.Duration) {
	if now-e.silence.latest > wakeAfter {
		e.policing, e.rival, e.mode = policing{}, rival{}, Track
	}
	e.planProbe(now)
}

// probeFor plans a probe of a rate, or of what there is a use for, if that is more than the target.
func (e *Estimator) probeFor(now time.Duration, rate Bitrate) {
	if rate = min(rate, e.useful()); rate > e.target {
		e.plan(now, rate)
	}
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
	packets, acked, asked := p.packets, p.acked, e.policing.asks == p.current.ID
	got = min(sent, got.scale(1/(1-e.losses.always()))) // what is always lost says nothing of the rate
	next, beside := p.next, p.rateBeside()
	p.cancel()
	p.again = now + probePause
	if asked {
		e.answered(now, packets, acked)
		return
	}
	p.ended, p.shown = p.ended+1, 0
	if !ok || e.mode != Track {
		return
	}
	proven := min(sent, got, rate)
	p.shown = min(proven+beside, rate)
	share := probeUse
	if float64(got) < probeClear*float64(min(sent, rate)) {
		share = probeLimited
	}
	e.proven = max(e.proven, proven)
	result := p.shown.scale(share) // with what went out beside: the target is for that, too
	if e.policing.freed(p.shown) {
		result = min(result, e.useful()) // so short a burst tells that the limit is gone, and not what the path carries
	}
	e.target = max(e.target, result)
	e.capacity = max(e.capacity, e.target)
	// One that found room is followed by a higher one, up to what there is a use for.
	if next = min(next, e.useful()); next > rate && p.goesOn(got, rate) {
		p.next = furtherBy * next
		e.plan(now, next)
	}
}

// planProbe starts a probe if there is a use for it. There is none while a queue drains or others fill it: a probe would add to
// what is too much already.
func (e *Estimator) planProbe(now time.Duration) {
	p := &e.prober
	if p.busy() || e.mode != Track || now-e.busyAt < busyMemory || !e.mayAsk(now) {
		return
	}
	if p.wish > 0 {
		e.probeFor(now, p.wish)
		p.wish = 0
		return
	}
	if now >= p.again && e.demand.NextStep > 0 {
		// Also below the target: what a source that sends less has made of it is not proven.
		step := min(e.demand.NextStep, mostRate).scale(probeAbove)
		p.next, p.demanded = furtherBy*step, true
		e.plan(now, min(step, e.useful()))
	}
}

// recoverAfter asks for a probe of what the path carried before feedback stopped.
func (e *Estimator) recoverAfter() {
	if old := e.capacity.scale(recoverShare); old > e.target {
		e.prober.wish = old
	}
}

// plan makes a probe, of more packets where chance takes some of them.
func (e *Estimator) plan(now time.Duration, rate Bitrate) {
	if e.policing.phase == policeGrowing {
		e.prober.planPackets(now, max(rate, policeBurst), policeBucket, probeSmall)
		e.asksWhetherGone(now)
		return
	}
	if packets := min(policePackets, e.target.Bytes(probeBusy)/probePacket); e.losses.always() > probeLossy && packets > probePackets {
		e.prober.planPackets(now, rate, packets, probePacket)
		return
	}
	e.prober.plan(now, rate, e.target)
}
