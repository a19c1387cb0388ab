package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// leastVideo is the rate below which the encoder does not go (RFC 8593).
const leastVideo = 150 * bwe.Kbps

// audioRate is what audio takes, and probeRoom the share above all layers up to which probes are of use.
const (
	audioRate = 20 * bwe.Kbps
	probeRoom = 2
)

// flow is a sender and its receiver.
type flow struct {
	spec      Flow
	c         *Case
	sim       *netsim.Sim
	out, back *netsim.Link
	estimator *bwe.Estimator
	pacer     *bwe.Pacer
	parser    bwe.TransportCC
	receiver  receiver
	video     video
	acks      []bwe.Ack
	meter     meter

	seq      int64
	frame    int64
	due      time.Duration // when pump is scheduled, 0 for not
	reported int           // size of the last feedback
}

func newFlow(sim *netsim.Sim, c *Case, spec Flow, use uint64, out, back *netsim.Link) *flow {
	first := spec.First
	if first == 0 {
		first = 300 * bwe.Kbps
	}
	most := spec.max() + audioRate
	if len(spec.Layers) > 0 {
		most *= probeRoom // a probe has to exceed the step that it is for
	}
	f := &flow{
		spec: spec, c: c, sim: sim, out: out, back: back, seq: -1, reported: 68,
		estimator: bwe.New(bwe.Config{Min: 50 * bwe.Kbps, Max: most, Start: first}),
		video:     video{min: min(leastVideo, spec.max()), max: spec.max(), chance: sim.Rand(use<<8 | 5)},
		receiver:  receiver{skew: spec.Skew, offset: time.Duration(use) * 1234567 * time.Microsecond},
	}
	f.pacer = bwe.NewPacer(f.estimator.State().Pacing)
	f.estimator.SetDemand(0, bwe.Demand{Wanted: most})
	sim.At(spec.Start, f.nextFrame)
	sim.At(spec.Start, f.nextAudio)
	sim.At(spec.Start+feedbackLeast, func() { f.report(feedbackLeast) })
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
		f.pacer.Push(now, bwe.Item{Kind: bwe.Video, Size: size, Frame: f.frame})
	}
	f.pump()
}

// videoTarget is what the video may take. Among layers it is the highest that fits, and the estimator is told of the next.
func (f *flow) videoTarget(now time.Duration) bwe.Bitrate {
	target := f.estimator.State().Target - audioRate
	if len(f.spec.Layers) == 0 {
		return target
	}
	layer := f.spec.layer(target)
	demand := bwe.Demand{Wanted: probeRoom * (f.spec.max() + audioRate)}
	if layer+1 < len(f.spec.Layers) {
		demand.NextStep = f.spec.Layers[layer+1] + audioRate
	}
	f.estimator.SetDemand(now, demand)
	return f.spec.Layers[layer]
}

func (f *flow) nextAudio() {
	now := f.sim.Now()
	if now >= f.spec.stop(f.c) {
		return
	}
	f.sim.After(audioTime, f.nextAudio)
	if f.spec.active(f.c, now) {
		f.pacer.Push(now, bwe.Item{Kind: bwe.Audio, Size: audioSize})
		f.pump()
	}
}

// pump sends what may go out now.
func (f *flow) pump() {
	now := f.sim.Now()
	f.estimator.OnTimeout(now)
	f.follow(now)
	for item, ok := f.pacer.Pop(now); ok; item, ok = f.pacer.Pop(now) {
		f.send(now, item)
	}
	next, ok := f.pacer.Next()
	if !ok || f.due > now && f.due <= next {
		return
	}
	f.due = max(next, now+1)
	mine := f.due
	f.sim.At(f.due, func() {
		if f.due == mine {
			f.due = 0
			f.pump()
		}
	})
}

// follow gives the state of the estimator to the pacer, and padding where a probe needs it.
func (f *flow) follow(now time.Duration) {
	f.pacer.SetState(f.estimator.State())
	if probe, ok := f.estimator.Probe(now); ok && f.spec.active(f.c, now) {
		f.pacer.StartProbe(probe)
	}
	for left := f.pacer.Wants(now); left > 0; left -= mediaSize {
		f.pacer.Push(now, bwe.Item{Kind: bwe.Padding, Size: mediaSize})
	}
}

func (f *flow) send(now time.Duration, item bwe.Item) {
	f.seq++
	seq := f.seq
	f.estimator.OnPacketSent(bwe.Sent{Seq: seq, At: now, Size: item.Size, Kind: item.Kind, Probe: item.Probe})
	f.sim.After(f.spec.delay(), func() {
		fate := f.out.Send(item.Size, func() {
			f.receiver.add(f.sim.Now(), seq, item.Size)
			f.meter.delivered(f.sim.Now(), item)
		})
		f.meter.passed(f.sim.Now(), item, fate)
	})
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
	acks, err := f.parser.Parse(raw, f.seq, f.acks[:0])
	if err != nil {
		panic(err) // what pion/rtcp has marshalled is well formed
	}
	f.acks = acks
	f.estimator.OnFeedback(f.sim.Now(), acks)
	f.pump()
}
