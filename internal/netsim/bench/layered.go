package bench

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// Layered is a Transport through which an SFU forwards tracks that have layers: an Allocator says which. It also sends
// audio of 20 kbit/s.
type Layered struct {
	Duration time.Duration
	Forward  Path
	Delay    time.Duration // one way; 0 for 50 ms
	First    bwe.Bitrate   // the start rate of the estimator; 0 for 300 kbit/s
	Silent   bool          // without audio
	Ladders  []bwe.Ladder  // temporal layers 0, 1 and 2 have 7.5, 15 and 30 frames per second
	Views    []View        // by rising time
}

// View is what a receiver asks for from a time on.
type View struct {
	From    time.Duration
	Ladders []bwe.Ladder
}

// Moment is what was so at a time. There is one for every 50 ms.
type Moment struct {
	At       time.Duration
	State    bwe.State
	Grants   []bwe.Grant
	Paused   bool
	Granted  bwe.Bitrate // all of them together
	Capacity bwe.Bitrate
}

// LayeredResult is what came of it.
type LayeredResult struct {
	Moments           []Moment
	QueueP95          time.Duration // of all media, and
	AudioP99          time.Duration // of audio, in the bottleneck
	AudioLoss, Loss   float64       // shares of the packets
	Padding           float64       // share of what was sent
	Delivered, Wanted bwe.Bitrate   // of media, and what was granted, on average
}

const (
	allocateTime = 50 * time.Millisecond
	keyframeWait = 200 * time.Millisecond // from asking for a keyframe until it is there
)

// forwarder sends what an Allocator grants.
type forwarder struct {
	*flow
	spec      Layered
	ladders   []bwe.Ladder
	estimator *bwe.Estimator
	allocator bwe.Allocator
	moments   []Moment
	wires     map[int64]*wire
	pictures  int
}

// wire is what of a ladder is on its way to the receiver.
type wire struct {
	current  bwe.Option // Rate 0 for none
	target   bwe.Option
	keyAt    time.Duration // when the keyframe for the target is there
	spending float64       // bytes that the frames so far were smaller than the rate
}

// RunLayered plays a Layered. The same seed gives the same result to the bit.
func RunLayered(l Layered, seed uint64) LayeredResult {
	sim := netsim.NewSim(seed)
	c := &Case{Duration: l.Duration, Forward: l.Forward}
	spec := Flow{Delay: l.Delay}
	l.First = orElse(l.First, usualFirst)
	f := &forwarder{spec: l, ladders: l.Ladders, wires: map[int64]*wire{}, flow: &flow{
		spec: spec, c: c, sim: sim, out: newLink(sim, l.Forward, 1), back: newLink(sim, Path{}, 2), seq: -1, reported: 68,
		video: video{chance: sim.Rand(10<<8 | 5)},
	}}
	b := bounds{least: 30 * bwe.Kbps, most: 50 * bwe.Mbps, first: l.First}
	f.control = newOurs(b, f.send)
	f.estimator = f.control.(*ours).estimator
	sim.At(0, f.allocate)
	sim.At(0, f.nextPicture)
	if !l.Silent {
		sim.At(0, f.nextAudio)
	}
	sim.At(feedbackLeast, func() { f.report(feedbackLeast) })
	sim.Run(l.Duration)
	return f.result()
}

// allocate asks the Allocator, and tells the estimator of the demand.
func (f *forwarder) allocate() {
	now := f.sim.Now()
	f.sim.After(allocateTime, f.allocate)
	for _, v := range f.spec.Views {
		if v.From <= now {
			f.ladders = v.Ladders
		}
	}
	state := f.estimator.State()
	reserve := audioRate
	if f.spec.Silent {
		reserve = 0
	}
	grants := f.allocator.Allocate(now, state, reserve, f.ladders, nil)
	f.estimator.SetDemand(now, f.allocator.Demand())
	m := Moment{At: now, State: state, Grants: grants, Paused: f.allocator.Paused(), Capacity: bwe.Bitrate(f.c.Forward.Rate.At(now))}
	for id, w := range f.wires {
		if !slices.ContainsFunc(grants, func(g bwe.Grant) bool { return g.ID == id }) {
			w.aim(now, bwe.Option{})
		}
	}
	for i, g := range grants {
		option := bwe.Option{}
		if g.Option != bwe.Off {
			option = f.ladders[i].Options[g.Option]
		}
		if f.wires[g.ID] == nil {
			f.wires[g.ID] = &wire{}
		}
		f.wires[g.ID].aim(now, option)
		m.Granted += option.Rate
	}
	f.moments = append(f.moments, m)
	f.pump()
}

// aim switches at once to fewer layers of what is sent, or off, and else waits for a keyframe.
func (w *wire) aim(now time.Duration, o bwe.Option) {
	switch {
	case o.Rate == 0:
		*w = wire{}
	case w.current.Rate > 0 && o.Spatial == w.current.Spatial:
		w.current, w.target = o, o
	case w.target.Spatial != o.Spatial || w.target.Rate == 0:
		w.target, w.keyAt = o, now+keyframeWait
	default:
		w.target = o
	}
}

// nextPicture sends a frame of every track that has one now: temporal layers follow each other as 0 2 1 2.
func (f *forwarder) nextPicture() {
	now := f.sim.Now()
	f.sim.After(frameTime, f.nextPicture)
	temporal := [...]int8{0, 2, 1, 2}[f.pictures%4]
	f.pictures++
	for i := range f.ladders {
		w := f.wires[f.ladders[i].ID]
		if w == nil {
			continue
		}
		size := w.frame(now, temporal, f.noise())
		if size == 0 {
			continue
		}
		f.frame++
		packets, each := split(size)
		for range packets {
			f.control.push(now, bwe.Item{Kind: bwe.Video, Size: each, Frame: f.frame, Temporal: uint8(temporal)})
		}
	}
	f.pump()
}

// noise is a factor of the sizes of frames, as in RFC 8593.
func (f *forwarder) noise() float64 {
	f.video.min, f.video.max = bwe.Mbps, bwe.Mbps
	return float64(f.video.frame(f.sim.Now(), bwe.Mbps)) / float64(bwe.Mbps.Bytes(frameTime))
}

// frame returns the size of the frame of a temporal layer, 0 if there is none.
func (w *wire) frame(now time.Duration, temporal int8, noise float64) int {
	if w.current.Spatial != w.target.Spatial || w.current.Rate == 0 && w.target.Rate > 0 {
		if now >= w.keyAt {
			w.current = w.target
			w.spending = -float64(w.current.Keyframe) / 2 // an encoder saves half of a keyframe at the frames after it
			return max(w.current.Keyframe, w.current.Rate.Bytes(frameTime))
		}
	}
	if w.current.Rate == 0 || temporal > w.current.Temporal {
		return 0
	}
	every := frameTime << (2 - w.current.Temporal)
	size := float64(w.current.Rate.Bytes(every)) * noise
	saved := min(-w.spending, size/4)
	if w.spending < 0 {
		size, w.spending = size-saved, w.spending+saved
	}
	return max(100, int(size))
}

func (f *forwarder) result() LayeredResult {
	m := &f.meter
	r := LayeredResult{Moments: f.moments, Loss: float64(m.lost) / float64(max(1, m.sent)), Padding: float64(m.pad) / float64(max(1, m.pad+m.media))}
	w := world{flows: []*flow{f.flow}}
	all, audio := w.waits()
	r.QueueP95, r.AudioP99 = percentile(all, 0.95), percentile(audio, 0.99)
	sent := int(f.spec.Duration / audioTime)
	r.AudioLoss = 1 - float64(len(audio))/float64(sent)
	r.Delivered = bwe.Bitrate(float64(bytesIn(m.bins, 0, f.spec.Duration)*8) / f.spec.Duration.Seconds())
	for _, moment := range f.moments {
		r.Wanted += moment.Granted / bwe.Bitrate(len(f.moments))
	}
	return r
}
