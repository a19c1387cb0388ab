package rtpfwd

import "time"

// SilenceLimit is how long an Encoding may send nothing, while others do, before it
// is left. With the time until the next packet of another one that stays below
// 500 ms from 20 pictures/s on.
const SilenceLimit = 450 * time.Millisecond

// source is what a Forwarder knows of one Encoding.
type source struct {
	replica *Replica
	seen    bool
	highest SeqNo         // of the packets seen
	time    RTPTime       // of the newest picture
	last    time.Duration // when the latest packet came
	silence int           // pictures of other encodings since then
}

// observe notes a sign of life.
func (f *Forwarder) observe(now time.Duration, p *Packet) {
	s := &f.sources[p.Encoding]
	picture := !s.seen || p.Seq > s.highest && p.Time != s.time
	if !s.seen || p.Seq > s.highest {
		s.highest, s.time = p.Seq, p.Time
	}
	s.seen, s.last, s.silence = true, now, 0
	if len(f.sources) == 1 || !picture {
		return
	}
	for i := range f.sources {
		if i != int(p.Encoding) {
			f.sources[i].silence++
		}
	}
	f.choose(now)
}

// lives says whether encoding e sends. Time alone does not tell: a still screen
// sends a picture now and then, so the others must have sent more pictures than
// they could within one round.
func (f *Forwarder) lives(now time.Duration, e int) bool {
	s := &f.sources[e]
	if s.replica == nil || !s.seen {
		return false
	}
	return now-s.last <= SilenceLimit || s.silence < f.known()
}

// choose sets the wanted encoding: the target, or the nearest one that lives if the
// target does not but others do.
func (f *Forwarder) choose(now time.Duration) {
	f.wanted = f.desired()
	if f.wanted < 0 || f.lives(now, int(f.wanted)) {
		return
	}
	for e := int(f.wanted) - 1; e >= 0; e-- {
		if f.lives(now, e) {
			f.wanted = int8(e)
			return
		}
	}
	for e := int(f.wanted) + 1; e < len(f.sources); e++ {
		if f.lives(now, e) {
			f.wanted = int8(e)
			return
		}
	}
}

// desired is the highest known encoding up to the target, else the lowest known
// one; -1 if the target is nothing or none is known.
func (f *Forwarder) desired() int8 {
	if f.target.None() {
		return -1
	}
	best := int8(-1)
	for e := range f.sources {
		if f.sources[e].replica == nil {
			continue
		}
		if best >= 0 && e > int(f.target.Spatial) {
			break
		}
		best = int8(e)
	}
	return best
}
