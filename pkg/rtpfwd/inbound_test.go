package rtpfwd

import (
	"bytes"
	"testing"
	"time"
)

// body is a VP8 payload that tells its number.
func body(seq uint16) []byte {
	return vp8{start: true, picture: seq & 0x7fff, body: []byte{byte(seq >> 8), byte(seq)}}.payload()
}

func TestReceiveReasons(t *testing.T) {
	in := newTestInbound(2, 90000)
	good := testPacket{pt: ptVP8, seq: 100, time: 5000, payload: body(100), marker: true}
	bad := func(change func(b *testPacket)) []byte {
		b := good
		b.seq = 101
		change(&b)
		return b.raw(t)
	}
	lie := bad(func(b *testPacket) { b.extensions = map[uint8][]byte{4: {1, 2}} })
	lie[16] |= 0x0f // sixteen bytes in an extension of four
	tests := []struct {
		name string
		raw  []byte
		want Reason
	}{
		{"good", good.raw(t), None},
		{"again", good.raw(t), Duplicate},
		{"other SSRC", bad(func(b *testPacket) { b.ssrc = 7 }), Malformed},
		{"not RTP", []byte{1, 2, 3}, Malformed},
		{"lying extension", lie, Malformed},
		{"payload without frame", bad(func(b *testPacket) { b.payload = []byte{0x90} }), Malformed},
		{"unknown payload type", bad(func(b *testPacket) { b.pt, b.seq = ptEvent, 102 }), UnknownPayloadType},
		{"padding", bad(func(b *testPacket) { b.seq, b.payload, b.padding = 103, nil, 200 }), PaddingOnly},
		{"far ahead", bad(func(b *testPacket) { b.seq = 20000 }), SequenceJump},
		{"late", bad(func(b *testPacket) { b.seq = 99 }), None},
		{"1024 behind", bad(func(b *testPacket) { b.seq = 64615 }), TooOld},
	}
	p := new(Packet)
	for _, test := range tests {
		if got := in.Receive(time.Second, test.raw, p); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		if dropped := in.Stats().Dropped[test.want]; test.want != None && dropped == 0 {
			t.Errorf("%s: not counted", test.name)
		}
	}
	s := in.Stats()
	if s.Packets != 5 || s.Late != 1 || s.Duplicates != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestReceiveFills(t *testing.T) {
	in := newTestInbound(1, 90000)
	raw := testPacket{
		pt: ptVP8, seq: 65535, time: 77, marker: true, padding: 9,
		payload:    vp8{start: true, key: true, picture: 300, tl0: 9, keyIdx: 3, body: make([]byte, 50)}.payload(),
		extensions: map[uint8][]byte{4: {0x80 | 30}, 10: {0xc0, 1, 2}},
	}.raw(t)
	p := mustReceive(t, in, time.Second, raw)
	if p.Seq != 65535+65536 || uint32(p.Time) != 77 || p.Arrival != time.Second || p.Encoding != 1 || !p.Marker {
		t.Errorf("%+v", p)
	}
	if p.Codec != VP8 || p.PayloadType != ptVP8 || !p.HasLevel || p.Level != 30 || !p.Voice {
		t.Errorf("%+v", p)
	}
	if len(p.Payload()) != 16+50 {
		t.Errorf("payload of %d bytes", len(p.Payload()))
	}
	if d := p.Desc; !d.Keyframe || !d.Start || d.PictureID != 300 || d.TL0 != 9 || d.Width != 320 {
		t.Errorf("%+v", d)
	}
	if s := in.Stats(); s.Width != 320 || s.Height != 240 {
		t.Errorf("picture size %dx%d", s.Width, s.Height)
	}
	next := mustReceive(t, in, time.Second, testPacket{pt: ptVP8, seq: 0, payload: vp8{picture: 300, body: []byte{1}}.payload()}.raw(t))
	if next.Seq != p.Seq+1 || next.HasLevel || next.Level != 127 {
		t.Errorf("after the wrap: %+v", next)
	}
}

func TestReceiveRTX(t *testing.T) {
	in := newTestInbound(0, 90000)
	original := func(seq uint16) []byte {
		return testPacket{
			pt: ptVP8, seq: seq, time: 1234, marker: true, payload: body(seq),
			extensions: map[uint8][]byte{1: []byte("7"), 7: {1}},
		}.raw(t)
	}
	p := new(Packet)
	if r := in.ReceiveRTX(0, rtx(original(9), 1), p); r != TooOld {
		t.Errorf("a repair before the replica: %v", r)
	}
	mustReceive(t, in, 0, original(10))
	mustReceive(t, in, ms(1), original(13))
	in.Nacks(ms(30), ms(50), nil)
	if r := in.ReceiveRTX(ms(80), rtx(original(11), 2), p); r != None {
		t.Fatalf("repair dropped: %v", r)
	}
	if !bytes.Equal(p.Raw, original(11)) {
		t.Errorf("restored to\n%x, want\n%x", p.Raw, original(11))
	}
	if p.Seq != 65536+11 || p.PayloadType != ptVP8 || p.Codec != VP8 || !p.Marker {
		t.Errorf("%+v", p)
	}
	duplicate := []uint16{10, 11, 13}
	for i, seq := range duplicate {
		if r := in.ReceiveRTX(ms(81), rtx(original(seq), uint16(3+i)), p); r != Duplicate {
			t.Errorf("repair of %d, which is there: %v", seq, r)
		}
	}
	probe := testPacket{pt: ptVP8RTX, seq: 9, ssrc: 1001, padding: 255}
	if r := in.ReceiveRTX(ms(82), probe.raw(t), p); r != PaddingOnly {
		t.Errorf("probe: %v", r)
	}
	probe.payload, probe.padding = []byte{5}, 0
	if r := in.ReceiveRTX(ms(82), probe.raw(t), p); r != PaddingOnly {
		t.Errorf("half a number: %v", r)
	}
	probe.pt = ptVP8
	if r := in.ReceiveRTX(ms(82), probe.raw(t), p); r != UnknownPayloadType {
		t.Errorf("media on the repair replica: %v", r)
	}
	if r := in.ReceiveRTX(ms(83), rtx(original(5000), 8), p); r != SequenceJump {
		t.Errorf("a repair far ahead: %v", r)
	}
	if r := in.ReceiveRTX(ms(83), rtx(original(13+maxRepairLead+1), 9), p); r != SequenceJump {
		t.Errorf("a repair of what cannot be missing: %v", r)
	}
	s := in.Stats()
	if s.Recovered != 1 || s.Duplicates != 3 || s.Lost != 2 {
		t.Errorf("recovered %d, duplicates %d, lost %d", s.Recovered, s.Duplicates, s.Lost)
	}
}

// TestPaddingLeavesNoHole: padding takes a number on the wire but none of Packet.Seq,
// unless it comes after its successor.
func TestPaddingLeavesNoHole(t *testing.T) {
	in := newTestInbound(0, 90000)
	media := func(seq uint16) SeqNo {
		return mustReceive(t, in, 0, testPacket{pt: ptVP8, seq: seq, payload: body(seq)}.raw(t)).Seq
	}
	padding := func(seq uint16, want Reason) *Packet {
		p := new(Packet)
		if r := in.Receive(0, testPacket{pt: ptVP8, seq: seq, padding: 20}.raw(t), p); r != want {
			t.Fatalf("padding %d: %v, want %v", seq, r, want)
		}
		return p
	}
	first := media(65530)
	padding(65531, PaddingOnly)
	padding(65532, PaddingOnly)
	if got := media(65533); got != first+1 {
		t.Errorf("behind padding: +%d", got-first)
	}
	if got := media(65535); got != first+3 {
		t.Errorf("behind a loss: +%d", got-first)
	}
	late := padding(65534, None)
	if late.Seq != first+2 || len(late.Payload()) != 0 || late.Codec != VP8 {
		t.Errorf("late padding: %+v", late)
	}
	padding(0, PaddingOnly)
	if got := media(1); got != first+4 {
		t.Errorf("over the wrap: +%d", got-first)
	}
}

func TestRestart(t *testing.T) {
	in := newTestInbound(0, 90000)
	receive := func(seq uint16) (SeqNo, Reason) {
		p := new(Packet)
		r := in.Receive(0, testPacket{pt: ptVP8, seq: seq, payload: body(seq)}.raw(t), p)
		return p.Seq, r
	}
	receive(100)
	last, _ := receive(101)
	for _, to := range []uint16{40000, 20000, 60000} {
		if _, r := receive(to); r != SequenceJump {
			t.Fatalf("jump to %d: %v", to, r)
		}
		if _, r := receive(to + 2); r != SequenceJump {
			t.Fatalf("not confirmed: %v", r)
		}
		seq, r := receive(to + 3)
		if r != None || seq != last+2 {
			t.Fatalf("jump to %d confirmed: +%d %v", to, seq-last, r)
		}
		if in.Deadline() != Never {
			t.Errorf("asks for what is missing across a restart")
		}
		last = seq
	}
	// A lone stray between good packets changes nothing.
	for i := range uint16(10) {
		receive(10000 + 777*i)
		seq, r := receive(60004 + i)
		if r != None || seq != last+1 {
			t.Fatalf("after a stray: +%d %v", seq-last, r)
		}
		last = seq
	}
	// A restart a little behind is noticed too, after more packets.
	for i := range uint16(40) {
		seq, r := receive(58000 + i)
		if i < restartRun-1 && r != TooOld || i >= restartRun-1 && r != None {
			t.Fatalf("packet %d behind: %v", i, r)
		}
		if i == restartRun-1 && seq != last+2 {
			t.Errorf("restart behind: +%d", seq-last)
		}
	}
	if lost := in.Stats().Lost; lost != 0 {
		t.Errorf("%d lost", lost)
	}
}

// arrivals makes n packets of a stream from seq on, lost with probability loss,
// doubled with double, and displaced by up to reorder places.
func arrivals(seed uint64, seq uint16, n, reorder int, loss, double float64) []uint16 {
	rng := seeded(seed)
	type at struct {
		seq uint16
		pos int
	}
	var all []at
	for i := range n {
		s := seq + uint16(i)
		if i > 0 && rng.Float64() < loss {
			continue
		}
		pos := i * 10
		if i > 0 && reorder > 0 {
			pos += rng.IntN(10*reorder + 1)
		}
		all = append(all, at{s, pos})
		if rng.Float64() < double {
			all = append(all, at{s, pos + rng.IntN(200)})
		}
	}
	// A stable insertion sort keeps the order of equal positions.
	for i := range all {
		for k := i; k > 0 && all[k].pos < all[k-1].pos; k-- {
			all[k], all[k-1] = all[k-1], all[k]
		}
	}
	out := make([]uint16, len(all))
	for i := range all {
		out[i] = all[i].seq
	}
	return out
}

// TestInboundLikeMap compares Inbound with plain maps: which packets pass, under
// which numbers, over several wraps.
func TestInboundLikeMap(t *testing.T) {
	for seed := range uint64(6) {
		start := uint16(65000 + 100*seed)
		stream := arrivals(seed, start, 70000, int(seed)*3, 0.03*float64(seed), 0.05)
		in := newTestInbound(0, 90000)
		padding := func(seq uint16) bool { return seq%11 == 3 && seq != start }
		received := map[int64]bool{}
		closed := map[int64]bool{} // padding that came in order
		highest := int64(start)
		shift := int64(0)
		first := SeqNo(0)
		p := new(Packet)
		for i, seq := range stream {
			n := highest + int64(int16(seq-uint16(highest)))
			b := testPacket{pt: ptVP8, seq: seq, payload: body(seq)}
			if padding(seq) {
				b.payload, b.padding = nil, 5
			}
			got := in.Receive(time.Duration(i)*time.Millisecond, b.raw(t), p)
			want := None
			switch {
			case received[n]:
				want = Duplicate
			case padding(seq) && n > highest || i == 0 && padding(seq):
				want = PaddingOnly
				closed[n] = true
			}
			if got != want {
				t.Fatalf("seed %d, packet %d (%d): %v, want %v", seed, i, seq, got, want)
			}
			received[n] = true
			if i == 0 {
				first = p.Seq
			}
			if want == None {
				// The number is that of the wire less the padding closed up before.
				expected := int64(first) + n - int64(start) - before(closed, n, highest, shift)
				if int64(p.Seq) != expected {
					t.Fatalf("seed %d, packet %d (%d): number %d, want %d", seed, i, seq, p.Seq, expected)
				}
			}
			if n > highest {
				highest = n
			}
			// Forget what is far behind, but count it.
			for n := range closed {
				if n < highest-2000 {
					delete(closed, n)
					shift++
				}
			}
		}
		expected := highest - int64(start) + 1
		if lost := in.Stats().Lost; lost != expected-int64(len(received)) {
			t.Errorf("seed %d: lost %d, want %d", seed, lost, expected-int64(len(received)))
		}
	}
}

// before counts the padding closed up before n.
func before(closed map[int64]bool, n, highest, shift int64) int64 {
	for m := range closed {
		if m < n {
			shift++
		}
	}
	return shift
}

func FuzzInbound(f *testing.F) {
	seed := testPacket{pt: ptVP8, seq: 7, payload: vp8{start: true, key: true}.payload(), padding: 3}
	f.Add(seed.raw(f), uint8(1))
	seed.extensions = map[uint8][]byte{4: {1}, 10: make([]byte, 30), 7: {0}}
	f.Add(append(seed.raw(f), rtx(seed.raw(f), 3)...), uint8(60))
	seed.pt = ptAV1
	f.Add(append(seed.raw(f), seed.raw(f)...), uint8(5))
	f.Add(testPacket{pt: ptH265, seq: 7, payload: h265(19, 0x80)}.raw(f), uint8(200))
	f.Add(testPacket{pt: ptVP9, seq: 7, payload: []byte{0x8c, 5, 0xff}, extensions: map[uint8][]byte{10: structureL1T2}}.raw(f), uint8(200))
	for _, raw := range recordedSeeds(f) {
		f.Add(append(raw, raw...), uint8(len(raw)-headerSize))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		in := newTestInbound(0, 90000)
		numbers := map[SeqNo]bool{}
		var nacks []uint16
		for now := time.Duration(0); len(data) > 0; now += ms(3) {
			n := min(len(data), int(size)+12)
			raw := append([]byte(nil), data[:n]...)
			data = data[n:]
			if len(raw) >= 12 && raw[11]&1 == 0 {
				raw[8], raw[9], raw[10], raw[11] = 0, 0, 3, 232 // mostly our SSRC
			}
			p := new(Packet)
			receive := in.Receive
			if raw[0]&1 == 1 {
				receive = in.ReceiveRTX
				if len(raw) >= 12 {
					raw[11]++
				}
			}
			if receive(now, raw, p) != None {
				continue
			}
			if numbers[p.Seq] {
				t.Fatalf("number %d twice", p.Seq)
			}
			numbers[p.Seq] = true
			if len(p.Payload()) > len(p.Raw) || p.Codec == CodecNone {
				t.Fatalf("%+v", p)
			}
			if d := &p.Desc; d.Keyframe && !d.Start || d.HasTargets && d.FrameNumber < 0 || d.PictureIDBits == 16 && p.Codec != AV1 {
				t.Fatalf("%v: %+v", p.Codec, d)
			}
			if d := in.Deadline(); d <= now {
				nacks = in.Nacks(now, ms(20), nacks[:0])
			}
			if r := in.ReceptionReport(now); r.TotalLost > maxTotalLost {
				t.Fatalf("%+v", r)
			}
		}
	})
}
