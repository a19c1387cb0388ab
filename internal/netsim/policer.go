package netsim

import "time"

// Policer is a token bucket that drops what exceeds it and delays nothing, as operators use to hold a tariff. The zero
// value lets everything pass.
type Policer struct {
	Rate   int64 // bit/s
	Bucket int   // bytes
}

type policerState struct {
	Policer
	tokens float64 // bytes
	last   time.Duration
}

func newPolicer(p Policer) policerState { return policerState{Policer: p, tokens: float64(p.Bucket)} }

func (p *policerState) drops(now time.Duration, size int) bool {
	if p.Rate == 0 {
		return false
	}
	p.tokens = min(float64(p.Bucket), p.tokens+float64(p.Rate)/8*(now-p.last).Seconds())
	p.last = now
	if p.tokens < float64(size) {
		return true
	}
	p.tokens -= float64(size)
	return false
}
