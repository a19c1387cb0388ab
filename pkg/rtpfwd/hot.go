package rtpfwd

import "github.com/heliograph/heliograph/internal/prefetch"

// Hot adds what the next Select touches.
func (f *Forwarder) Hot(p *prefetch.Places) {
	prefetch.Span(p, &f.codec, &f.silence)
	if f.current >= 0 && int(f.current) < len(f.sources) {
		prefetch.Add(p, &f.sources[f.current])
	}
	f.numbers.hot(p)
	if f.codec.Video() {
		l := &f.layers
		prefetch.Span(p, &l.limit, &l.count)
		prefetch.Add(p, &l.recent[l.at%rememberedFrames])
		f.pictures.numbers.hot(p)
		prefetch.Add(p, &f.pictures.highest)
	}
}

// Hot adds what the next Rewrites touch.
func (o *Outbound) Hot(p *prefetch.Places) {
	const together = 4 // packets of a picture
	prefetch.Span(p, &o.ssrc, &o.stats.Bytes)
	o.numbers.hot(p)
	prefetch.Add(p, &o.sources[o.epoch%rememberedSources])
	if n := len(o.history.entries); n > 0 {
		first := int(o.highest+1) & (n - 1)
		prefetch.Span(p, &o.history.entries[first], &o.history.entries[min(first+together, n)-1])
	}
}

func (r *renumbering) hot(p *prefetch.Places) {
	prefetch.Span(p, &r.newest, &r.next)
	prefetch.Add(p, &r.spans[r.newest])
}
