package rtpfwd

import (
	"testing"
	"time"
)

// step is one call of a hot path. The functions below make what a benchmark times and
// what the allocation test counts.
type step struct {
	name string
	make func(t testing.TB) func(i int)
}

// hotPaths are the calls that happen for each packet or each feedback.
func hotPaths() []step {
	return []step{
		{"Receive/vp8", func(t testing.TB) func(int) {
			v := vp8{start: true, picture: 5, body: make([]byte, 1100)}
			return receiving(t, testPacket{pt: ptVP8, payload: v.payload(), extensions: map[uint8][]byte{5: {1, 2, 3}, 6: {1, 2}, 1: {'1'}}})
		}},
		{"Receive/h264", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptH264, payload: append([]byte{0x7c, 0x85}, make([]byte, 1100)...)})
		}},
		{"Receive/vp9", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptVP9, payload: append([]byte{0xa8, 0x81, 0x23, 0x10, 7}, make([]byte, 1100)...)})
		}},
		{"Receive/av1", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptAV1, payload: append([]byte{0x10, 0x30}, make([]byte, 1100)...)})
		}},
		{"Receive/h265", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptH265, payload: append([]byte{0x62, 1, 0x93, 0x80}, make([]byte, 1100)...)})
		}},
		{"Receive/vp9-dependency", func(t testing.TB) func(int) {
			return receiving(t, testPacket{
				pt: ptVP9, payload: append([]byte{0xa8, 0x81, 0x23, 0x10, 7}, make([]byte, 1100)...),
				extensions: map[uint8][]byte{10: structureL1T2},
			})
		}},
		{"Receive/opus", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptOpus, payload: make([]byte, 80), extensions: map[uint8][]byte{4: {30}, 6: {1, 2}}})
		}},
		{"Receive/red", func(t testing.TB) func(int) {
			return receiving(t, testPacket{pt: ptRED, payload: twoBlocks(), extensions: map[uint8][]byte{4: {30}, 6: {1, 2}}})
		}},
		{"Restore", restoring},
		{"Receive/late", receivingLate},
		{"Nacks", asking},
		{"Select/one", func(t testing.TB) func(int) { return selecting(t, 1, 2) }},
		{"Select/simulcast", func(t testing.TB) func(int) { return selecting(t, 3, 2) }},
		{"Select/layers", func(t testing.TB) func(int) { return selecting(t, 1, 0) }},
		{"Rewrite/vp8", func(t testing.TB) func(int) { return rewriting(t, VP8, 1100) }},
		{"Rewrite/h264", func(t testing.TB) func(int) { return rewriting(t, H264, 1100) }},
		{"Rewrite/av1", func(t testing.TB) func(int) { return rewriting(t, AV1, 1100) }},
		{"Rewrite/opus", func(t testing.TB) func(int) { return rewriting(t, Opus, 80) }},
		{"Rewrite/red made", func(t testing.TB) func(int) { return rewritingRED(t, ptOpus, make([]byte, 80), ptBlock) }},
		{"Rewrite/red passed", func(t testing.TB) func(int) { return rewritingRED(t, ptRED, twoBlocks(), ptBlock) }},
		{"Rewrite/red stripped", func(t testing.TB) func(int) { return rewritingRED(t, ptRED, twoBlocks(), 0) }},
		{"Resend/red", resendingRED},
		{"Forward/vp8", func(t testing.TB) func(int) { return forwarding(t, 1100) }},
		{"Forward/header", func(t testing.TB) func(int) { return forwarding(t, 16) }}, // all but the copy of the payload
		{"Forward/silence", silencing},
		{"Forward/opus", func(t testing.TB) func(int) {
			m := newMicrophone(t)
			return func(int) { m.hears(1, 30) }
		}},
		{"Put", putting},
		{"Replay", replaying},
		{"Feedback", feeding},
		{"Resend", resending},
		{"Hold/order", func(testing.TB) func(int) { return pushing(0) }},
		{"Hold/late", func(testing.TB) func(int) { return pushing(3) }},
		{"Repairs", func(testing.TB) func(int) {
			r, numbers := new(Repairs), new(TransportNumbers)
			return func(i int) {
				numbers.last = int64(i) + 1
				r.Sent(numbers.last, Repair{SSRC: 1, Seq: uint16(i)})
				r.Lost(numbers, uint16(i-3))
			}
		}},
		{"Probe/repair", func(t testing.TB) func(int) { return probing(t, 1500) }},
		{"Probe/padding", func(t testing.TB) func(int) { return probing(t, 200) }},
		{"Observe", observing},
		{"Loudest", ranking},
		{"OnPacket", func(t testing.TB) func(int) {
			k := NewKeyframes()
			k.Received(0, 1000)
			return func(i int) { k.OnPacket(time.Duration(i)*time.Millisecond, 1200); k.Due(0) }
		}},
	}
}

// receiving gives the same packet with rising numbers.
func receiving(t testing.TB, b testPacket) func(int) {
	in, raw, p := newTestInbound(0, 90000), b.raw(t), new(Packet)
	return func(i int) {
		put16(raw[2:], uint16(i))
		put32(raw[4:], uint32(i/4*3000))
		if r := in.Receive(time.Duration(i)*time.Millisecond, raw, p); r != None {
			t.Fatal(r)
		}
	}
}

// receivingLate swaps neighbours and doubles every fourth.
func receivingLate(t testing.TB) func(int) {
	in, p := newTestInbound(0, 90000), new(Packet)
	raw := testPacket{pt: ptVP8, payload: vp8{start: true, body: make([]byte, 1100)}.payload()}.raw(t)
	var nacks []uint16
	return func(i int) {
		put16(raw[2:], uint16(i^1))
		in.Receive(time.Duration(i)*time.Millisecond, raw, p)
		if i&3 == 0 {
			in.Receive(time.Duration(i)*time.Millisecond, raw, p)
		}
		nacks = in.Nacks(time.Duration(i)*time.Millisecond, ms(50), nacks[:0])
	}
}

// asking runs the loss map with 5 % of loss.
func asking(t testing.TB) func(int) {
	m, out := newLossMap(), make([]uint16, 0, maxMissing)
	return func(i int) {
		now, seq := time.Duration(i)*time.Millisecond, SeqNo(i*20)
		m.advance(now, seq, seq+2)
		out = m.requests(now, ms(50), out[:0])
		if i > 60 {
			m.arrived(SeqNo((i-60)*20 + 1))
		}
	}
}

// packets makes packets of a VP8 source to be used again and again.
func packets(t testing.TB, c Codec, size int) []*Packet {
	in := newTestInbound(0, 90000)
	b := testPacket{pt: ptVP8, marker: true}
	switch c {
	case H264:
		b.pt, b.payload = ptH264, h264(5, 0x80)
	case AV1:
		b.pt, b.payload = ptAV1, []byte{0x18, 0x0a, 0, 0, 0, 0}
		b.extensions = map[uint8][]byte{10: {0xc0, 0, 1}}
	case Opus:
		b.pt, b.payload, b.extensions = ptOpus, []byte{1}, map[uint8][]byte{4: {30}}
	default:
		b.payload = vp8{start: true, key: true, picture: 1}.payload()
	}
	b.payload = append(b.payload, make([]byte, size)...)
	var out []*Packet
	for i := range 512 {
		b.seq = uint16(i)
		out = append(out, mustReceive(t, in, 0, b.raw(t)))
	}
	return out
}

// use moves a packet to place i of its stream.
func use(p *Packet, i, perPicture int) {
	p.Seq, p.Time = SeqNo(i)+firstCycle, RTPTime(i/perPicture*3000)
	p.Arrival = time.Duration(i/perPicture) * time.Second / 30
	p.Desc.Keyframe, p.Desc.Start = i == 0, i%perPicture == 0
	p.Desc.PictureID = int32(i / perPicture & 0x7fff)
}

// selecting gives packets of encodings in turn, four to a picture.
func selecting(t testing.TB, encodings int, temporal int8) func(int) {
	ps := packets(t, VP8, 10)
	var streams []*Replica
	for e := range encodings {
		streams = append(streams, &Replica{Encoding: uint8(e), Ring: NewRing(1024), Rate: 90000})
	}
	f := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: streams})
	f.SetTarget(0, Layer{Temporal: temporal})
	out := make([]Choice, 0, 8)
	return func(i int) {
		p := ps[i%len(ps)]
		use(p, i/encodings, 4)
		p.Encoding = uint8(i % encodings)
		p.Desc.Temporal = int8(temporalPattern[i/encodings/4%4])
		p.Desc.SwitchUp = p.Desc.Temporal > 0
		out = f.Select(p.Arrival, p, out[:0])
		if i == 0 && len(out) != 1 {
			t.Fatal("nothing was selected")
		}
	}
}

// rewriting gives choices in a row.
func rewriting(t testing.TB, c Codec, size int) func(int) {
	ps := packets(t, c, size)
	o, buf := NewOutbound(hopConfig(new(TransportNumbers))), make([]byte, 1500)
	stream := &Replica{Ring: NewRing(1024), Rate: 90000}
	o.SetSource(0, OutboundSource{CSRC: 1, Codec: c, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
	return func(i int) {
		p := ps[i%len(ps)]
		use(p, i, 4)
		choice := Choice{Packet: p, Replica: stream, number: int64(i), picture: int64(i / 4)}
		if o.Rewrite(p.Arrival, choice, buf) == 0 {
			t.Fatal("refused")
		}
	}
}

// putting keeps packets in the Ring of a deaf source, with a keyframe every 400.
func putting(t testing.TB) func(int) {
	ps := packets(t, VP8, 1100)
	r := &Replica{Ring: NewRing(512), Rate: 90000}
	r.SetSupply(NotToBeHad)
	return func(i int) {
		p := ps[i%len(ps)]
		r.Ring.forget(p.Seq) // it is used again
		use(p, i, 4)
		p.Desc.Keyframe = i%400 == 0
		r.Put(p)
	}
}

// replaying starts at a keyframe 200 packets back, again and again.
func replaying(t testing.TB) func(int) {
	r := &Replica{Ring: NewRing(512), Rate: 90000}
	for i, p := range packets(t, VP8, 100)[:200] {
		use(p, i, 4)
		r.Put(p)
	}
	f := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{r}})
	f.SetTarget(0, Layer{Temporal: 2})
	out := make([]Choice, 0, 256)
	return func(int) {
		f.Restart()
		if out = f.Replay(time.Second, 1<<20, out[:0]); len(out) != 200 {
			t.Fatal("not replayed")
		}
	}
}

// forwarding selects and rewrites, with nothing changing.
func forwarding(t testing.TB, size int) func(int) {
	ps := packets(t, VP8, size)
	stream := &Replica{Ring: NewRing(1024), Rate: 90000}
	f := NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{stream}})
	f.SetTarget(0, Layer{Temporal: 2})
	o, buf := NewOutbound(hopConfig(new(TransportNumbers))), make([]byte, 1500)
	o.SetSource(0, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
	out := make([]Choice, 0, 8)
	return func(i int) {
		p := ps[i%len(ps)]
		use(p, i, 4)
		out = f.Select(p.Arrival, p, out[:0])
		if len(out) != 1 || o.Rewrite(p.Arrival, out[0], buf) == 0 {
			t.Fatal("not forwarded")
		}
	}
}

// sentSlot is an Outbound that has sent 512 packets.
func sentSlot(t testing.TB) *Outbound {
	o, buf := NewOutbound(hopConfig(new(TransportNumbers))), make([]byte, 1500)
	stream := &Replica{Ring: NewRing(1024), Rate: 90000}
	o.SetSource(0, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
	for i, p := range packets(t, VP8, 1100) {
		use(p, i, 4)
		stream.Ring.Put(p)
		o.Rewrite(0, Choice{Packet: p, Replica: stream, number: int64(i), picture: int64(i / 4)}, buf)
	}
	return o
}

// feeding asks for four packets at a time.
func feeding(t testing.TB) func(int) {
	o, budget, out := sentSlot(t), new(Budget), make([]Resend, 0, 8)
	lost := make([]uint16, 4)
	return func(i int) {
		budget.Sent(20000)
		o.budget.Sent(20000)
		for k := range lost {
			lost[k] = uint16(100 + (4*i+k)%512)
			if e := o.history.get(SeqNo(lost[k]) + firstCycle); e != nil {
				e.resends, e.flags = 0, e.flags&^wasAsked
			}
		}
		if out = o.Feedback(time.Duration(i)*time.Second, ms(50), lost, budget, out[:0]); len(out) != 4 {
			t.Fatal("refused")
		}
	}
}

// resending makes RTX packets.
func resending(t testing.TB) func(int) {
	o, buf := sentSlot(t), make([]byte, 1500)
	return func(i int) {
		if o.Resend(0, Resend{Seq: firstCycle + 100 + SeqNo(i%512)}, buf) == 0 {
			t.Fatal("gone")
		}
	}
}

// probing makes RTX packets where there is room, else padding.
func probing(t testing.TB, size int) func(int) {
	o, buf := sentSlot(t), make([]byte, 1500)
	return func(int) {
		if o.Probe(0, size, buf) == 0 {
			t.Fatal("no probe")
		}
	}
}

// observing takes the levels of 100 sources.
func observing(testing.TB) func(int) {
	s := NewSpeakers()
	observe := func(i int) {
		s.Observe(time.Duration(i)*200*time.Microsecond, uint32(i%100), uint8(i*7%128), i%3 == 0)
	}
	for i := range 100 {
		observe(i)
	}
	return observe
}

// ranking asks for the loudest of 100.
func ranking(t testing.TB) func(int) {
	s, out := NewSpeakers(), make([]uint32, 0, 8)
	speaking := make([]SpeakerLevel, 0, 100)
	for i := range 100 {
		s.Observe(0, uint32(i), 20, true)
	}
	return func(i int) {
		now := time.Duration(i) * ms(50)
		s.Observe(now, uint32(i%100), 20, true)
		out = s.Loudest(now, 5, out[:0])
		speaking = s.Speaking(now, speaking[:0])
	}
}

func BenchmarkHotPaths(b *testing.B) {
	for _, path := range hotPaths() {
		b.Run(path.name, func(b *testing.B) {
			run := path.make(b)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				run(i)
				i++
			}
		})
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	for _, path := range hotPaths() {
		run := path.make(t)
		i := 0
		warm := func() {
			run(i)
			i++
		}
		for range 2000 {
			warm()
		}
		if n := testing.AllocsPerRun(5000, warm); n != 0 {
			t.Errorf("%s: %v allocations", path.name, n)
		}
	}
}
