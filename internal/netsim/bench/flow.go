package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

const (
	leastVideo  = 150 * bwe.Kbps // below that rate the encoder does not go (RFC 8593)
	leastTarget = 50 * bwe.Kbps
	usualFirst  = 300 * bwe.Kbps
	audioRate   = 20 * bwe.Kbps
	probeRoom   = 2 // times all layers: up to there probes are of use
)

// flow is a sender and its receiver.
type flow struct {
	spec      Flow
	c         *Case
	sim       *netsim.Sim
	out, back *netsim.Link
	control   control
	receiver  receiver
	video     video
	meter     meter

	seq      int64
	frame    int64
	due      time.Duration // when pump is scheduled, 0 for not
	reported int           // size of the last feedback
}

func (w *world) newFlow(spec Flow, use uint64, out, back *netsim.Link) *flow {
	f := &flow{
		spec: spec, c: &w.c, sim: w.sim, out: out, back: back, seq: -1, reported: 68,
		video:    video{min: spec.min(), max: spec.max(), chance: w.sim.Rand(use<<8 | 5)},
		receiver: receiver{skew: spec.Skew, offset: time.Duration(use) * 1234567 * time.Microsecond},
	}
	b := bounds{least: leastTarget, most: spec.max() + spec.audio(), first: orElse(spec.First, usualFirst)}
	if len(spec.Layers) > 0 {
		b.most *= probeRoom // a probe has to exceed the step that it is for
	}
	b.least = min(b.least, b.most)
	b.first = min(max(b.first, b.least), b.most)
	f.control = w.make(b, f.send)
	w.sim.At(spec.Start, f.nextFrame)
	if !spec.Silent {
		w.sim.At(spec.Start, f.nextAudio)
	}
	w.sim.At(spec.Start+feedbackLeast, func() { f.report(feedbackLeast) })
	return f
}

func (f *flow) nextFrame() {
	now := f.sim.Now()
	if now >= f.spec.stop(f.c) {
		return
	}
	f.sim.After(frameTime, f.nextFrame)
	if !f.spec.active(f.c, now) {
		return
	}
	f.frame++
	packets, size := split(f.video.frame(now, f.videoTarget(now)))
	for range packets {
		f.control.push(now, bwe.Item{Kind: bwe.Video, Size: size, Frame: f.frame})
	}
	f.pump()
}

// videoTarget is what the video may take. Among layers it is the highest that fits, and the control is told of the next.
func (f *flow) videoTarget(now time.Duration) bwe.Bitrate {
	target := f.control.target() - f.spec.audio()
	if len(f.spec.Layers) == 0 {
		return target
	}
	layer := f.spec.layer(target)
	demand := bwe.Demand{Wanted: probeRoom * (f.spec.max() + f.spec.audio())}
	if layer+1 < len(f.spec.Layers) {
		demand.NextStep = f.spec.Layers[layer+1] + f.spec.audio()
	}
	f.control.demand(now, demand)
	return f.spec.Layers[layer]
}

func (f *flow) nextAudio() {
	now := f.sim.Now()
	if now >= f.spec.stop(f.c) {
		return
	}
	f.sim.After(audioTime, f.nextAudio)
	if f.spec.active(f.c, now) {
		f.control.push(now, bwe.Item{Kind: bwe.Audio, Size: audioSize})
		f.pump()
	}
}

// pump sends what may go out now.
func (f *flow) pump() {
	now := f.sim.Now()
	next := f.control.pump(now, f.spec.active(f.c, now))
	if next == 0 || f.due > now && f.due <= next {
		return
	}
	f.due = next
	f.sim.At(f.due, func() {
		if f.due == next {
			f.due = 0
			f.pump()
		}
	})
}

// send puts a packet on the link and returns its number.
func (f *flow) send(now time.Duration, item bwe.Item) int64 {
	f.seq++
	seq := f.seq
	f.sim.After(f.spec.delay(), func() {
		fate := f.out.Send(item.Size, func() {
			f.receiver.add(f.sim.Now(), seq, item.Size)
			f.meter.delivered(f.sim.Now(), item)
		})
		f.meter.passed(f.sim.Now(), item, fate)
	})
	return seq
}

// report sends feedback and schedules the next.
func (f *flow) report(since time.Duration) {
	wait := f.receiver.wait(since, f.reported)
	f.sim.After(wait, func() { f.report(wait) })
	raw, err := f.receiver.report()
	if err != nil {
		panic(err) // the report is made above, and every value in it is bounded
	}
	if raw == nil {
		return
	}
	f.reported = len(raw) + udpHeader
	f.meter.feedback += f.reported
	now := f.sim.Now()
	if now >= f.spec.NoFeedback[0] && now < f.spec.NoFeedback[1] {
		return
	}
	f.back.Send(f.reported, func() { f.sim.After(f.spec.delay(), func() { f.hear(raw) }) })
}

func (f *flow) hear(raw []byte) {
	f.control.hear(f.sim.Now(), raw, f.seq)
	f.pump()
}
