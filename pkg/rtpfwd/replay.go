package rtpfwd

import "time"

// replayAge is how old a keyframe may be from which a subscription starts, as long as
// a new one can be had: more would take a viewer long to decode.
const replayAge = 6 * time.Second

// Replay starts the selection at the newest keyframe in the Ring of the wanted
// Encoding, or of the nearest one below, and appends what is to be sent now: the
// keyframe and all since. Nothing if something is selected already, or if no Encoding
// has a keyframe of the latest 6 s with all that followed in limit bytes, with fewer
// temporal layers if need be; then the keyframe that KeyframeWanted tells is needed.
// So it is too after a start below.
//
// The age does not matter where keyframes cannot be had at once (Supply), and where
// they are NotToBeHad the limit does not either if there is no other way: the caller
// has to pace what comes. All Choices of a replay must be given to the Outbound before
// later ones.
func (f *Forwarder) Replay(now time.Duration, limit int, out []Choice) []Choice {
	if !f.codec.Video() || f.current >= 0 {
		return out
	}
	for e := f.wanted; e >= 0; e-- {
		for temporal := f.mostTemporal(); temporal >= 0; temporal-- {
			if f.canReplay(now, e, limit, temporal) {
				return f.replayFrom(now, e, temporal, out)
			}
		}
	}
	if f.wanted >= 0 && f.canReplay(now, f.wanted, pictureCacheBytes, f.mostTemporal()) &&
		f.sources[f.wanted].replica.supply == NotToBeHad {
		return f.replayFrom(now, f.wanted, f.mostTemporal(), out)
	}
	return out
}

// Restart ends the selection, so that it starts anew at a keyframe: a Replay, or one
// that KeyframeWanted then asks for. What was chosen since the subscriber stopped to
// receive is no use to it.
func (f *Forwarder) Restart() { f.current = -1 }

// Repair is a Replay for a subscription that is running. If none is at hand it goes on
// as it is.
func (f *Forwarder) Repair(now time.Duration, limit int, out []Choice) []Choice {
	before, current := len(out), f.current
	f.current = -1
	out = f.Replay(now, limit, out)
	if len(out) == before {
		f.current = current
	}
	return out
}

// mostTemporal returns the highest temporal layer to replay.
func (f *Forwarder) mostTemporal() int8 { return min(max(f.target.Temporal, 0), maxTemporalLayers-1) }

// canReplay says whether a replay of encoding e up to a temporal layer is at hand and
// takes at most limit bytes.
func (f *Forwarder) canReplay(now time.Duration, e int8, limit int, temporal int8) bool {
	r := f.sources[e].replica
	layer := Layer{Spatial: f.inside().Spatial, Temporal: temporal}
	if r == nil || !r.recent.whole(r.Ring) || r.recent.bytes.upTo(layer) > limit {
		return false
	}
	if r.supply == OnRequest && now-r.recent.at > replayAge {
		return false
	}
	p := r.Ring.Get(r.recent.start)
	return p.Codec == f.codec && (!f.codec.headed() || p.Desc.HasTargets || !f.headless(p))
}

// replayFrom starts at the keyframe of encoding e, with the temporal layers that are
// left: those above are taken at their next switching point.
func (f *Forwarder) replayFrom(now time.Duration, e, temporal int8, out []Choice) []Choice {
	s := &f.sources[e]
	k := &s.replica.recent
	newest := s.replica.Ring.Get(k.newest)
	if !s.seen || s.highest < k.newest {
		s.seen, s.highest, s.time, s.last, s.silence = true, k.newest, k.time, newest.Arrival, 0
	}
	first := len(out)
	target := f.target.Temporal
	f.target.Temporal = min(temporal, target)
	out = f.start(s.replica.Ring.Get(k.start), out)
	f.target.Temporal = target
	until := k.clock(now, s.replica.Rate)
	for i := range out[first:] {
		out[first+i].until, out[first+i].since = until, now
	}
	return out
}
