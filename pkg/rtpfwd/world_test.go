package rtpfwd

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// This file is a small world around the core: publishers that send VP8 simulcast
// with temporal layers, a path that loses, displaces and doubles packets, and one
// subscriber whose wishes change. What comes out is kept for world_check_test.go.

// frameID names a frame of the world.
type frameID struct{ publisher, encoding, index int }

// frame is what is true of a frame.
type frame struct {
	packets int
	key     bool
	tid     uint8
	refs    []frameID
	at      time.Duration // capture
}

// conditions say what the path and the subscriber do.
type conditions struct {
	seed      uint64
	frames    int
	reorder   time.Duration // a packet is displaced by up to this
	loss      float64       // of first sendings
	repair    time.Duration // after which a lost packet comes by RTX; 0: never
	double    float64
	padding   float64 // packets that are padding
	switches  bool    // of layers and publishers
	clocks    bool    // sender reports are known
	short     bool    // picture ids of 7 bits
	loseLayer bool    // the largest encoding stops and starts
	joins     bool    // others join now and then, served from the rings
}

// encoding is one encoding of a publisher.
type encoding struct {
	id       frameID // of the next frame
	seq, rtx uint16
	time     uint32
	picture  uint16
	tl0      uint8
	keyIdx   uint8
	wanted   bool // a keyframe is wanted
	silent   int  // frames to stay silent
	last     [3]frameID
	lastKey  int
	pattern  int

	in      *Inbound
	replica *Replica
}

// delivery is a packet on its way.
type delivery struct {
	at        time.Duration
	order     int
	publisher int
	encoding  int
	raw       []byte
	repair    bool
}

// output is one packet that was sent to the subscriber.
type output struct {
	raw     []byte
	now     time.Duration
	switchd bool // its Choice was a switch
	filler  bool
	source  int // counts SetSource
}

// world holds all of it.
type world struct {
	t          testing.TB
	c          conditions
	rng        *rand.Rand
	now        time.Duration
	publishers [][]*encoding
	truth      map[frameID]frame
	queue      []delivery
	sent       int

	shown     int
	sources   int
	forwarder *Forwarder
	out       *Outbound
	outputs   []output

	joiners []*world // each has a subscriber of its own, and shares the rest
}

// temporalPattern is the layer of each frame of four.
var temporalPattern = [4]uint8{0, 2, 1, 2}

func newWorld(t testing.TB, c conditions) *world {
	w := &world{t: t, c: c, rng: seeded(c.seed), truth: map[frameID]frame{}, shown: -1}
	for publisher := range 2 {
		var encodings []*encoding
		for e := range 3 {
			enc := &encoding{
				id:      frameID{publisher, e, 0},
				seq:     uint16(65536 - w.rng.IntN(300)),
				time:    -uint32(w.rng.IntN(900000)),
				picture: uint16(32768-w.rng.IntN(50)) & 0x7fff,
				tl0:     uint8(w.rng.Uint32()),
				keyIdx:  uint8(w.rng.IntN(32)),
				lastKey: -1000,
			}
			enc.in = newTestInbound(uint8(e), 90000)
			enc.replica = &Replica{Encoding: uint8(e), Ring: NewRing(1024), Rate: 90000}
			if c.clocks {
				enc.replica.HasClock = true
				enc.replica.Clock = Clock{RTP: RTPTime(enc.time) + 1<<32, At: 0, Rate: 90000}
			}
			encodings = append(encodings, enc)
		}
		w.publishers = append(w.publishers, encodings)
	}
	w.out = NewOutbound(w.outConfig())
	w.show(0)
	return w
}

func (w *world) outConfig() OutboundConfig {
	return OutboundConfig{
		SSRC: 1, RTXSSRC: 2, SeqStart: 32767, RTXSeqStart: 32767, TimeStart: 0xffff_f000,
		PictureIDStart: 32760, Extensions: testIDs(),
	}
}

// show makes the subscriber watch a publisher.
func (w *world) show(publisher int) {
	w.shown = publisher
	w.sources++
	var streams []*Replica
	for _, e := range w.publishers[publisher] {
		streams = append(streams, e.replica)
	}
	w.forwarder = NewForwarder(ForwarderConfig{Codec: VP8, Replicas: streams})
	w.forwarder.SetTarget(w.now, Layer{Spatial: 2, Temporal: 2})
	w.out.SetSource(w.now, OutboundSource{
		CSRC: uint32(100 + publisher), Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121,
	})
}

// run sends all frames, 30 a second, and delivers what arrives.
func (w *world) run() {
	for i := range w.c.frames {
		w.now = time.Duration(i) * time.Second / 30
		w.wish(i)
		for _, encodings := range w.publishers {
			for _, e := range encodings {
				w.film(e)
			}
		}
		w.deliver(w.now + time.Second/30)
	}
	w.deliver(w.now + 10*time.Second)
}

// join lets another subscriber come, if a replay is at hand.
func (w *world) join() {
	j := &world{t: w.t, c: w.c, now: w.now, publishers: w.publishers, truth: w.truth}
	j.out = NewOutbound(w.outConfig())
	j.show(w.rng.IntN(2))
	j.forwarder.SetTarget(w.now, Layer{Spatial: int8(w.rng.IntN(3)), Temporal: int8(w.rng.IntN(3))})
	j.send(w.now, j.forwarder.Replay(w.now, 200+w.rng.IntN(8000), nil))
	if len(j.outputs) > 0 {
		w.joiners = append(w.joiners, j)
	}
}

// wish changes what the subscriber wants, and passes keyframe requests on.
func (w *world) wish(i int) {
	if w.c.switches && i > 0 && w.rng.IntN(10) == 0 {
		w.forwarder.SetTarget(w.now, Layer{Spatial: int8(w.rng.IntN(4) - 1), Temporal: int8(w.rng.IntN(3))})
	}
	if w.c.switches && i > 0 && w.rng.IntN(70) == 0 {
		w.show(1 - w.shown)
	}
	if w.c.joins && w.rng.IntN(20) == 0 {
		w.join()
	}
	if w.forwarder.Deadline() <= w.now {
		w.forwarder.Advance(w.now, nil)
	}
	if e, ok := w.forwarder.KeyframeWanted(); ok {
		enc := w.publishers[w.shown][e]
		enc.wanted = enc.wanted || enc.id.index-enc.lastKey > 10
	}
}

// film makes the next frame of an encoding and puts its packets on the path.
func (w *world) film(e *encoding) {
	if w.c.loseLayer && e.id.encoding == 2 && e.silent == 0 && w.rng.IntN(200) == 0 {
		e.silent = 40
	}
	at := w.now + time.Duration(w.rng.IntN(3))*time.Millisecond
	if e.silent > 0 {
		e.silent--
		return
	}
	f := frame{at: w.now, packets: 1 + w.rng.IntN(3+e.id.encoding)}
	f.key = e.wanted || e.id.index == 0
	if f.key {
		e.pattern, e.wanted, e.lastKey = 0, false, e.id.index
		f.packets += 4
		e.keyIdx++
	}
	f.tid = temporalPattern[e.pattern%4]
	second := e.pattern%4 == 3 // the second frame of the highest layer uses the first
	if !f.key {
		f.refs = append(f.refs, e.last[0])
		if second {
			f.refs = append(f.refs, e.last[1], e.last[2])
		}
	} else {
		e.last = [3]frameID{e.id, e.id, e.id}
	}
	if f.tid == 0 {
		e.tl0++
	}
	e.last[f.tid] = e.id
	w.truth[e.id] = f
	time90 := e.time + uint32(f.at*90/1000000)
	for k := range f.packets {
		v := vp8{
			start: k == 0, key: f.key, sync: f.tid > 0 && !second, short: w.c.short,
			picture: e.picture, tl0: e.tl0, tid: f.tid, keyIdx: e.keyIdx, body: e.body(k, f.packets),
		}
		b := testPacket{pt: ptVP8, seq: e.seq, time: time90, marker: k == f.packets-1, payload: v.payload()}
		w.path(at+time.Duration(k)*200*time.Microsecond, e, b.raw(w.t))
		e.seq++
	}
	for w.rng.Float64() < w.c.padding {
		b := testPacket{pt: ptVP8, seq: e.seq, time: time90, padding: 100}
		w.path(at+2*time.Millisecond, e, b.raw(w.t))
		e.seq++
	}
	e.picture++
	e.id.index++
	e.pattern++
}

// body names the packet in its payload.
func (e *encoding) body(k, of int) []byte {
	out := []byte{byte(e.id.publisher), byte(e.id.encoding)}
	out = binary.BigEndian.AppendUint32(out, uint32(e.id.index))
	return append(out, byte(k), byte(of))
}

// path loses, displaces and doubles.
func (w *world) path(at time.Duration, e *encoding, raw []byte) {
	w.sent++
	d := delivery{at: at, order: w.sent, publisher: e.id.publisher, encoding: e.id.encoding, raw: raw}
	if w.c.reorder > 0 {
		d.at += time.Duration(w.rng.Int64N(int64(w.c.reorder)))
	}
	if w.rng.Float64() < w.c.loss {
		if w.c.repair == 0 {
			return
		}
		e.rtx++
		d.raw, d.repair = rtx(raw, e.rtx), true
		d.at += w.c.repair
	}
	w.queue = append(w.queue, d)
	if w.rng.Float64() < w.c.double {
		again := d
		again.raw = slices.Clone(d.raw)
		again.at += time.Duration(w.rng.IntN(30)) * time.Millisecond
		w.queue = append(w.queue, again)
	}
}

// deliver hands over what arrives until then.
func (w *world) deliver(until time.Duration) {
	slices.SortStableFunc(w.queue, func(a, b delivery) int { return int(a.at - b.at) })
	n := 0
	for ; n < len(w.queue) && w.queue[n].at < until; n++ {
		w.receive(&w.queue[n])
	}
	w.queue = slices.Delete(w.queue, 0, n)
}

// receive takes one packet through the core.
func (w *world) receive(d *delivery) {
	e := w.publishers[d.publisher][d.encoding]
	p := new(Packet)
	receive := e.in.Receive
	if d.repair {
		receive = e.in.ReceiveRTX
	}
	if receive(d.at, d.raw, p) != None {
		return
	}
	e.replica.Put(p)
	for _, s := range append(w.joiners, w) {
		if d.publisher == s.shown && len(s.outputs) < w.most(s) {
			s.send(d.at, s.forwarder.Select(d.at, p, nil))
		}
	}
}

// most is how many packets a subscriber stays for.
func (w *world) most(s *world) int {
	if s == w {
		return math.MaxInt
	}
	return 1000
}

// send rewrites what was chosen.
func (w *world) send(now time.Duration, choices []Choice) {
	for _, c := range choices {
		buf := make([]byte, 1500)
		if n := w.out.Rewrite(now, c, buf); n > 0 {
			w.outputs = append(w.outputs, output{raw: buf[:n], now: now, switchd: c.Switch, filler: c.filler, source: w.sources})
		}
	}
}
