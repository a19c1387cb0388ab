package bwe

import "github.com/heliograph/heliograph/internal/prefetch"

// Hot adds what the next OnPacketSent touches.
func (e *Estimator) Hot(p *prefetch.Places) {
	const together = 4 // packets of a picture
	prefetch.Span(p, &e.config, &e.prober.pending)
	first, n := int(e.history.latest+1)&(len(e.history.ring)-1), len(e.history.ring)
	prefetch.Span(p, &e.history.ring[first], &e.history.ring[min(first+together, n)-1])
}

// Hot adds what the next Pass touches.
func (p *Pacer) Hot(places *prefetch.Places) { prefetch.Span(places, &p.waiting, &p.probing) }
