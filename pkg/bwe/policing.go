package bwe

import "time"

const (
	policeShare    = 0.98                    // of what arrived while it lost
	policeSettle   = 300 * time.Millisecond  // and a round trip: the bucket is empty, losses of before are reported
	policeTest     = 1500 * time.Millisecond // long enough that chance does not decide
	policeHold     = 15 * time.Second        // a confirmed limit is held for, twice as long each time up to
	policeHoldMost = 80 * time.Second
	policeGrowth   = 0.03 // per second after that
	policeLess     = 0.35 // of the loss may be left if the lower rate was the cure
	policeCalm     = 0.5  // of what was lost before anything happened is lost by the link
	policeEvidence = 20   // packets that a test would lose if nothing had changed: fewer may be missing by chance
	policeLongest  = 5 * time.Second

	policeSudden  = 2                // windows in a row with losses are reason enough for a test
	policeUses    = 0.6              // of the target: who sends less has met no limit of late, and asks before it gives up anything
	policeShown   = 3                // answers of this kind in a row are believed
	policePackets = 25               // that it asks with
	policeBucket  = 125              // packets of probeSmall that ask whether a policer is gone: fewer would pass by its bucket, and larger ones overdraw it,
	policeBurst   = 20 * Mbps        // so fast that it takes the padding, and hardly any sound: the bucket has refilled when the next voice packet comes
	policeRest    = 10 * time.Second // from one such probe to the next,
	policeRestful = 20 * time.Second // where it costs sound: where what is sent takes more than
	policeFull    = 0.84             // of the limit
	policeAsks    = 2                // times what it sends
	policeShows   = 0.25             // of the way from the loss of before to all lost: half of it is what a policer would take of twice as much
)

// policing finds out why packets are lost while the queue is empty. A policer drops what exceeds a rate; a bad radio link
// drops what it likes. Sending a little less than what arrived tells them apart: the policer's losses stop, and what
// arrived is its rate; the others go on, and are inherent to the path. What arrived before the first test may be more than
// the rate, because the bucket was full: only a second test decides (with one, half of the runs lose 16 %). A policer of
// 1 Mbit/s costs 0.8 % of the packets with this and 27 % without.
type policing struct {
	phase   policePhase
	limit   Bitrate
	until   time.Duration
	hold    time.Duration
	before  float64 // loss that began the test
	calm    float64 // what was usually lost before it began: a policer lost nothing then
	bad     int     // windows in a row with excessive loss
	asks    int     // the probe that is on its way to find out, 0 for none
	shown   int     // how often in a row more was lost of more
	target  Bitrate // what was sent for then
	lost    float64 // packets in the test
	packets int
	second  bool          // the running test is the second
	again   time.Duration // no test before that: the last one was in vain
	vain    time.Duration // how long that lasts
	deaf    time.Duration // until then losses are those of a probe that asks whether the policer is gone
	held    Bitrate       // the limit while it was held
	askedAt time.Duration // when a probe last asked whether the policer is gone
	last    time.Duration
}

type policePhase uint8

const (
	policeNothing policePhase = iota
	policeSettling
	policeTesting
	policeHolding
	policeGrowing
)

// police limits the target to what a policer lets pass.
func (e *Estimator) police(now time.Duration) {
	p := &e.policing
	if e.losses.fresh {
		e.judgeLoss(now)
	}
	switch {
	case p.phase == policeSettling && now >= p.until:
		p.phase, p.until, p.lost, p.packets = policeTesting, now+policeTest, 0, 0
	case p.phase == policeTesting && now >= p.until && (p.evident() || now >= p.until+policeLongest):
		e.endTest(now)
	case p.phase == policeGrowing && now < p.deaf && e.delay.queue > drainQueue:
		*p = policing{} // what was asked for waits: a policer has no queue
	case p.phase == policeHolding && now >= p.until:
		p.phase, p.last, p.held, p.askedAt = policeGrowing, now, p.limit, p.until-policeRest
	case p.phase == policeGrowing:
		p.limit = p.limit.scale(1 + policeGrowth*(now-p.last).Seconds())
		p.last = now
		if p.limit > e.config.Max {
			*p = policing{}
		}
	}
	if p.phase != policeNothing {
		e.target = min(e.target, p.limit)
	}
}

// mayAsk tells whether a probe may be made. Once a limit was held for long enough the policer may be gone, and who sends little finds out by
// a probe only: what arrives tells it nothing.
func (e *Estimator) mayAsk(now time.Duration) bool {
	p := &e.policing
	switch p.phase {
	case policeNothing:
		return true
	case policeGrowing:
		if e.sending.over(controlWindow) >= p.held.scale(policeFull) {
			return now-p.askedAt >= policeRestful
		}
		return now-p.askedAt >= policeRest
	}
	return false
}

// asksWhetherGone notes that a probe asks whether the policer is gone. If it is not its bucket is empty then, and repairs beyond the rate that was held would
// cost more sound than they mend.
func (e *Estimator) asksWhetherGone(now time.Duration) {
	p := &e.policing
	p.askedAt, p.last, p.deaf = now, now, e.prober.current.Until+e.rtt+4*lossWindow
	p.limit = min(p.limit, max(p.held, e.delivered.over(controlWindow)))
}

// freed ends the limit if more has arrived, and tells whether it did.
func (p *policing) freed(shown Bitrate) bool {
	if p.phase != policeGrowing || shown <= p.limit {
		return false
	}
	*p = policing{}
	return true
}

// judgeLoss looks at a window of losses.
func (e *Estimator) judgeLoss(now time.Duration) {
	p := &e.policing
	if p.phase == policeTesting {
		p.lost += e.losses.recent * float64(e.losses.packets)
		p.packets += e.losses.packets
		return
	}
	if now < p.deaf {
		p.bad = 0
		return
	}
	idle := now-e.busyAt >= lossWindow && e.mode == Track
	severe := e.losses.recent > inherentMost // no link is that bad and of use
	excessive := e.losses.excessive()
	if idle && !excessive {
		p.calm = e.losses.usual
	}
	if !idle || !severe && (now < p.again || !excessive) {
		p.bad = 0
		return
	}
	p.bad++
	switch sending := e.sending.over(controlWindow); {
	case p.phase == policeSettling || p.bad < policeSudden:
		return
	case p.phase == policeNothing && !severe && sending < max(e.target, e.capacity).scale(policeUses):
		e.ask(now, sending)
		return
	case p.phase == policeHolding && !severe:
		e.acquit(now) // a policer loses nothing below its limit
		return
	}
	p.second, p.bad, p.target = false, 0, e.target
	e.startTest(now, e.losses.recent)
}

// ask sends more for a moment: of that a policer takes a larger share, a bad link the same.
func (e *Estimator) ask(now time.Duration, sending Bitrate) {
	p := &e.policing
	if e.prober.busy() {
		return
	}
	e.prober.planPackets(now, policeAsks*sending, policePackets, probePacket)
	p.asks, p.bad, p.before = e.prober.current.ID, 0, e.losses.recent
}

// answered takes what came of a probe by which ask has asked.
func (e *Estimator) answered(now time.Duration, sent, came int) {
	p := &e.policing
	p.asks = 0
	if sent < policePackets/2 {
		return
	}
	lost := 1 - float64(came)/float64(sent)
	if before := max(p.before, e.losses.usual); lost < before+policeShows*(1-before) {
		e.losses.inherent = max(e.losses.inherent, e.losses.always())
		e.acquit(now)
		return
	}
	if p.shown++; p.shown < policeShown {
		return // that may be chance: the next loss asks again
	}
	p.shown, p.second, p.bad, p.target = 0, true, 0, e.target
	e.startTest(now, p.before)
}

// startTest sends a little less than what arrives, because so much is lost.
func (e *Estimator) startTest(now time.Duration, loss float64) {
	p := &e.policing
	p.phase, p.until, p.before = policeSettling, now+e.rtt+policeSettle, loss
	p.limit = e.delivered.over(controlWindow).scale(policeShare)
}

// evident tells whether enough packets were sent in the test to see the loss that began it, and that of before.
func (p *policing) evident() bool {
	loss := p.before
	if p.calm > lossUnsure {
		loss = min(loss, p.calm)
	}
	return float64(p.packets)*loss >= policeEvidence
}

// asBefore tells whether as much is lost in the test as was when there was no reason for one. The loss that begins a test is more often one by
// chance than not: without this half of the paths of 300 kbit/s that lose 3 % are taken for policers.
func (p *policing) asBefore(left float64) bool {
	return p.calm > lossUnsure && left >= p.calm*policeCalm
}

// goesOn tells whether the lower rate was no cure, with what share of the packets of the test was left to be lost. Where some were lost before, it
// is those that decide, however few there were.
func (p *policing) goesOn(left, inherent float64) bool {
	return !p.evident() && p.calm <= lossUnsure || left-inherent > policeLess*(p.before-inherent) || p.asBefore(left)
}

func (e *Estimator) endTest(now time.Duration) {
	p := &e.policing
	left := p.lost / float64(max(p.packets, 1))
	switch lossy := p.goesOn(left, e.losses.inherent); {
	case lossy && !p.second:
		p.second = true
		e.startTest(now, left)
		return
	case lossy:
		e.losses.inherent = min(left, inherentMost)
		e.acquit(now)
		return
	}
	if left > e.losses.inherent+lossMargin {
		p.limit = min(p.limit, e.delivered.over(controlWindow).scale(policeShare)) // the bucket was not empty when the test began
	}
	p.hold = min(max(2*p.hold, policeHold), policeHoldMost)
	p.phase, p.until, p.bad = policeHolding, now+p.hold, 0
	e.capacity = p.limit
}

// acquit gives back what was taken away, as it was no cure, and leaves the path alone for a while.
func (e *Estimator) acquit(now time.Duration) {
	p := &e.policing
	e.target = max(e.target, p.target)
	vain := min(max(2*p.vain, policeHold), policeHoldMost)
	*p = policing{again: now + vain, vain: vain}
}
