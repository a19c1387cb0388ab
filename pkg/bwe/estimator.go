package bwe

import "time"

// Mode is what an Estimator is doing.
type Mode uint8

// The modes.
const (
	Track   Mode = iota // follows the capacity with a short queue
	Drain               // lets a long queue run empty
	Compete             // shares with traffic that fills every queue
)

// Feedback is what an Estimator hears of what has arrived.
type Feedback uint8

// The kinds of feedback.
const (
	Silent  Feedback = iota // nothing yet, or it is overdue
	Packets                 // of each packet: transport-wide feedback or RFC 8888
	Reports                 // receiver reports and REMB only: some browsers send nothing else for some codecs
)

// Config bounds an Estimator. Rates count whole IP packets; 0 < Min <= Start <= Max.
type Config struct {
	Min, Max, Start Bitrate
}

// State is what an Estimator knows.
type State struct {
	Target   Bitrate       // what may be sent, within Min and Max
	Pacing   Bitrate       // how fast it may leave
	Capacity Bitrate       // what arrives while the path is full; before it was seen full, the most that arrived
	Queue    time.Duration // in the bottleneck, above the least delay of the last 16 s
	RTT      time.Duration // smoothed; the receiver's feedback interval is part of it
	Loss     float64       // share of packets lost lately, 0 to 1; by the latest report while there are Reports only
	Policed  bool          // what exceeds Target is taken to be lost, as behind a policer, or that is tested
	Mode     Mode
	Feedback Feedback
	Probing  bool    // a probe is under way
	Probes   int     // how many have ended
	Probed   Bitrate // what the last of them has shown to arrive, 0 if it told nothing
}

// Estimator finds out how much one Transport may send. It is not safe for concurrent use. Calls must come in the order of
// their times.
type Estimator struct {
	config Config // fixed after construction

	// What each packet touches that is sent lies together: see Hot.
	history history
	silence silence
	prober  prober

	delay     delayMeter
	delivered deliveredMeter // by time of arrival
	sending   deliveredMeter // the same packets by time of sending
	losses    lossMeter
	policing  policing
	rival     rival
	fallback  fallback
	demand    Demand

	mode     Mode
	target   Bitrate
	capacity Bitrate
	proven   Bitrate // the most that arrived, and was sent: a receiver that lies about times cannot raise it

	rtt       time.Duration
	lastAcked int64         // the highest number that has arrived
	busyAt    time.Duration // when the queue was last busy
	dipEnds   time.Duration
	ahead     time.Duration // the queue that was predicted at the latest feedback
}

// mostOverProven bounds the target by what acknowledgements have proven, whatever goes wrong elsewhere.
const mostOverProven = 1.5

// New returns an Estimator with config.Start as its target.
func New(config Config) *Estimator {
	return &Estimator{config: config, history: newHistory(), target: config.Start, proven: config.Start, lastAcked: -1}
}

// State returns what is known now.
func (e *Estimator) State() State {
	return State{
		Target: e.target, Pacing: e.pacing(), Capacity: e.capacity, Queue: e.delay.queue,
		RTT: e.rtt, Loss: e.loss(), Policed: e.policing.phase != policeNothing, Mode: e.mode, Feedback: e.feedback(),
		Probing: e.prober.busy(), Probes: e.prober.ended, Probed: e.prober.shown,
	}
}

// Target returns that of the State.
func (e *Estimator) Target() Bitrate { return e.target }

// OnPacketSent notes a packet. Numbers that do not grow and empty packets are ignored.
func (e *Estimator) OnPacketSent(s Sent) {
	if !e.history.add(s) {
		return
	}
	e.silence.sent(s.At)
	e.prober.sent(s)
}

// OnSentAgain notes that a packet was sent again with its number, because it was lost. When that is acknowledged nobody knows which of the
// two arrived, so that it says nothing of delays from now on (as in Karn's algorithm), but of what arrives: behind a policer that may be most
// of it.
func (e *Estimator) OnSentAgain(seq int64) {
	p := e.history.find(seq)
	if p == nil || p.fate == arrived {
		return
	}
	if p.fate == inFlight {
		e.losses.lost++ // who asked for it told of the loss before the feedback does
	}
	p.fate = repeated
}

// OnFeedback takes what a receiver said, in any order. What names packets that were never sent, are forgotten or have been
// acknowledged already is ignored, so that repeated and invented feedback has no effect.
func (e *Estimator) OnFeedback(now time.Duration, acks []Ack) {
	e.delay.begin()
	heard := false
	for _, a := range acks {
		heard = e.take(now, a) || heard
	}
	if !heard {
		return
	}
	e.losses.end(now)
	if e.delay.end() {
		e.fallback = fallback{heard: true, heardAt: now}
		e.heard(now)
		e.step(now)
	}
}

// take tells whether an Ack is news.
func (e *Estimator) take(now time.Duration, a Ack) bool {
	p := e.history.find(a.Seq)
	if p == nil || p.fate == arrived || a.Lost && p.fate != inFlight {
		return false
	}
	if a.Lost {
		p.fate = missing
		e.losses.lost++
		return true
	}
	if p.fate == repeated {
		p.fate = arrived
		e.delivered.add(a.Recv, int(p.size))
		return false
	}
	if p.fate == missing {
		e.losses.lost--
	}
	p.fate = arrived
	e.losses.arrived++
	e.delay.add(p.at, a.Recv)
	e.delivered.add(a.Recv, int(p.size))
	e.sending.add(p.at, int(p.size))
	e.rival.pairs.add(p, a.Recv)
	e.prober.arrived(int(p.probe), a.Recv, int(p.size))
	if a.Seq > e.lastAcked {
		e.lastAcked = a.Seq
		e.measureRTT(now - p.at)
	}
	return true
}

func (e *Estimator) measureRTT(sample time.Duration) {
	if e.rtt == 0 {
		e.rtt = sample
	}
	e.rtt += (sample - e.rtt) / 16
}

// step sets the target after a feedback.
func (e *Estimator) step(now time.Duration) {
	e.proven = max(e.proven, min(e.delivered.over(controlWindow), e.sending.over(controlWindow)))
	if e.mode == Compete {
		e.compete(now)
	} else {
		e.track(now)
		e.watchRival(now)
	}
	e.ahead = e.predictedQueue(now)
	e.police(now)
	e.judgeProbe(now)
	e.planProbe(now)
	e.bound()
}

func (e *Estimator) bound() {
	e.target = min(e.target, e.config.Max, e.proven.scale(mostOverProven))
	e.target = max(e.target, e.config.Min)
}

// OnRouteChange forgets the path, because ICE has chosen another pair of candidates: half the rate, a new base delay.
func (e *Estimator) OnRouteChange(now time.Duration) {
	e.delay, e.losses = delayMeter{}, lossMeter{}
	e.delivered, e.sending = deliveredMeter{}, deliveredMeter{}
	e.policing, e.rival = policing{}, rival{}
	e.prober.cancel()
	e.mode, e.rtt, e.busyAt, e.dipEnds, e.ahead = Track, 0, now, now, 0
	e.lastAcked = e.history.latest // what was sent over the old path says nothing of the new one
	e.target /= 2
	e.capacity, e.proven = 0, e.target
	e.bound()
}
