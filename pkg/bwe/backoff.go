package bwe

import "time"

const (
	dwellMost    = 30 * time.Second // the longest wait after rises that had to be undone
	undoneSoon   = 5 * time.Second  // a rise after which rate is missing so soon has been too much
	undoneFar    = 0.75             // of what was sent: a target that falls below it within 2 s is another network, not a fluctuation
	otherNetwork = 1.4              // times what was too much: more is another network, too
	forgiveTime  = 3 * time.Minute  // after which the wait is halved
)

// backoff is learned from rises that had to be undone. It is one for all tracks: which of them gives way when rate is
// missing has nothing to do with which of them rose. The zero value is one of a Transport that has never risen.
type backoff struct {
	factor  int           // the dwell is 3 s doubled so often
	rose    time.Duration // the last rise, 0 if it has been judged
	fell    time.Duration // when rate was last missing
	undone  time.Duration // when a rise last proved too much
	suspect time.Duration // when rate was missing and it is not clear yet whether a rise was too much, or 0
	total   Bitrate       // what all took at undone
	doubt   Bitrate       // and at suspect
}

// dwell is how long to wait after rate was missing, and for how long more must have been there.
func (b *backoff) dwell() time.Duration { return min(dwellLeast<<b.factor, dwellMost) }

// waits returns for how long a rise has to fit before it is made.
func (b *backoff) waits() time.Duration {
	if b.factor == 0 {
		return steadyTime
	}
	return b.dwell()
}

// dwells tells whether it is too early for any rise.
func (b *backoff) dwells(now time.Duration) bool { return b.fell > 0 && now-b.fell < dwellLeast }

// free returns up to what total nothing has to be waited for: it is far below what was too much.
func (b *backoff) free() Bitrate {
	if b.factor == 0 {
		return mostRate
	}
	return b.total.scale(undoneFar)
}

func (b *backoff) rise(now time.Duration) {
	b.rose = now
}

// fall notes that rate is missing for what has been granted, total.
func (b *backoff) fall(now time.Duration, total Bitrate) {
	b.fell = now
	if b.suspect > 0 {
		return
	}
	if b.rose > 0 && now-b.rose < undoneSoon {
		b.tooMuch(now, total)
	} else {
		b.suspect, b.doubt = now, total
	}
	b.rose = 0
}

func (b *backoff) tooMuch(at time.Duration, total Bitrate) {
	b.undone, b.total = at, total
	if b.dwell() < dwellMost {
		b.factor++
	}
}

// review ends a long dwell when the network has become another one: what was too much is far below what is there now, or
// it was undone by a fall that would have undone anything.
func (b *backoff) review(now time.Duration, r *room) {
	if b.suspect > 0 && now-b.suspect >= steadyTime {
		if r.steady(steadyTime).scale(probeAbove) >= b.doubt.scale(undoneFar) {
			b.tooMuch(b.suspect, b.doubt)
		}
		b.suspect = 0
	}
	if b.factor > 0 && now-b.undone > forgiveTime {
		b.factor, b.undone = b.factor-1, now
	}
	if b.factor > 0 && max(r.lasts(now, steadyTime), r.proven(now)) > b.total.scale(otherNetwork) {
		b.factor = 0
	}
}
