package netsim

import "math/rand/v2"

// Loss decides which packets a link loses for reasons other than congestion. The zero value loses nothing. With Recover 0
// each packet is lost with probability P (Bernoulli). Otherwise it is a Gilbert-Elliott model: a good state that loses
// nothing turns bad with probability P at each packet, a bad state that loses everything turns good with probability
// Recover.
type Loss struct {
	P       float64
	Recover float64 // 0 for single losses
}

type lossState struct {
	Loss
	chance *rand.Rand
	bad    bool
}

func (l *lossState) loses() bool {
	if l.P == 0 {
		return false
	}
	draw := l.chance.Float64()
	switch {
	case l.Recover == 0:
		return draw < l.P
	case l.bad:
		l.bad = draw >= l.Recover
	default:
		l.bad = draw < l.P
	}
	return l.bad
}
