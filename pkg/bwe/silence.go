package bwe

import "time"

const (
	silenceLeast    = 500 * time.Millisecond
	silenceRTTs     = 3
	silenceReports  = 5               // times the usual time between two feedbacks: where some of them are lost it is longer
	silenceUsual    = 2 * time.Second // a longer pause between two feedbacks is none of these
	silenceStart    = 2 * time.Second // before anything was heard: the first receiver report may take a second
	silenceFallback = 5 * time.Second // receiver reports may be that rare (RFC 3550, section 6.2)
	silenceStep     = 200 * time.Millisecond
	silenceKeep     = 0.7
)

// silence watches for feedback that does not come. A sender that pauses waits for none, even if its last packet was lost:
// only while packets go out does it mean something that none is acknowledged.
type silence struct {
	since   time.Duration // of this time is the oldest packet that waits for feedback
	latest  time.Duration // when a packet was last sent
	waiting bool
	heardAt time.Duration // when feedback last came
	usual   time.Duration // smoothed time between two
	due     time.Duration // of the next reduction, 0 for none so far
}

func (s *silence) sent(at time.Duration) {
	if !s.waiting {
		s.waiting, s.since = true, at
	}
	s.latest = at
}

// heard starts the wait anew after something has arrived: with the packet after it, if there is one.
func (e *Estimator) heard(now time.Duration) {
	s := &e.silence
	if s.due > 0 {
		e.recoverAfter()
	}
	if gap := now - s.heardAt; s.heardAt > 0 && gap < silenceUsual {
		s.usual += (gap - s.usual) / 8
	}
	s.heardAt = now
	s.due, s.waiting = 0, false
	if e.history.find(e.lastAcked+1) != nil {
		s.waiting, s.since = true, now
	}
}

// patience is how long feedback may take.
func (e *Estimator) patience() time.Duration {
	if e.fallback.used {
		return silenceFallback
	}
	if !e.fallback.heard {
		return silenceStart
	}
	return max(silenceLeast, silenceRTTs*e.rtt, silenceReports*e.silence.usual)
}

// Next returns when OnTimeout is due; ok is false if nothing is waited for.
func (e *Estimator) Next() (at time.Duration, ok bool) {
	s := &e.silence
	if s.due > 0 {
		return s.due, s.waiting
	}
	return s.since + e.patience(), s.waiting
}

// OnTimeout lowers the target by 30 % every 200 ms while feedback is overdue: after 2 s without any it is below 10 %. It
// may be called at any time.
func (e *Estimator) OnTimeout(now time.Duration) {
	at, ok := e.Next()
	if !ok || now < at {
		return
	}
	s := &e.silence
	if now-s.latest > e.patience() {
		s.waiting, s.due = false, 0
		return
	}
	s.due = now + silenceStep
	e.prober.cancel()
	e.target = max(e.config.Min, e.target.scale(silenceKeep))
}
