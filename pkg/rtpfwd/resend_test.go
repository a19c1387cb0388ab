package rtpfwd

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// sendMany sends n packets of a publication with all that can be rewritten, and keeps
// the bytes by outgoing number.
func (s *slot) sendMany(seq uint16, n int) map[uint16][]byte {
	s.t.Helper()
	sent := map[uint16][]byte{}
	for i := range n {
		s.now += ms(10)
		b := testPacket{
			pt: ptVP8, seq: seq + uint16(i), time: uint32(900 * i), marker: i%3 == 2, padding: uint8(i % 2 * 9),
			payload: vp8{
				start: i%3 == 0, key: i == 0, picture: uint16(500 + i/3), tl0: uint8(i / 3), keyIdx: 9, body: make([]byte, i%50+1),
			}.payload(),
			extensions: map[uint8][]byte{7: {byte(i)}, 10: {0xc0, byte(i >> 8), byte(i)}},
		}
		for _, c := range s.choices(b) {
			raw := s.rewrite(c)
			sent[get16(raw[2:])] = raw
		}
	}
	return sent
}

// all asks for all numbers at once, one by one, with a budget of its own.
func (s *slot) all(sent map[uint16][]byte) map[uint16]Resend {
	s.t.Helper()
	granted := map[uint16]Resend{}
	for wire := range sent {
		var budget Budget
		for _, r := range s.o.Feedback(s.now, ms(50), []uint16{wire}, &budget, nil) {
			granted[wire] = r
		}
	}
	return granted
}

// TestResendIdentical: without RTX every resend has the bytes of the first sending,
// over wraps and changes of the source.
func TestResendIdentical(t *testing.T) {
	config := outConfig()
	config.RTXSSRC, config.SeqStart, config.PictureIDStart, config.TimeStart = 0, 32700, 32767, 0xffff_fff0
	config.MID = "3"
	s := newSlot(t, VP8, config)
	sent := s.sendMany(65500, 60)
	first := s.s
	s.source(VP8, 78)
	for wire, raw := range s.sendMany(3, 120) {
		sent[wire] = raw
	}
	if len(sent) != 180 || first == s.s {
		t.Fatalf("%d packets", len(sent))
	}
	buf := make([]byte, 1500)
	for wire, r := range s.all(sent) {
		n := s.o.Resend(s.now, r, buf)
		if !bytes.Equal(buf[:n], sent[wire]) {
			t.Errorf("number %d:\n%x, first sent\n%x", wire, buf[:n], sent[wire])
		}
		if n > r.Bytes {
			t.Errorf("%d bytes, announced %d", n, r.Bytes)
		}
	}
	if got := s.o.Stats(); got.Resent != 180 || got.Packets != 180 || got.ResentBytes != got.Bytes {
		t.Errorf("%+v", got)
	}
}

// TestResendRTX: with RTX a resend is the first sending in the form of RFC 4588.
func TestResendRTX(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	sent := s.sendMany(65500, 100)
	next := uint16(200)
	buf := make([]byte, 1500)
	for wire, r := range s.all(sent) {
		n := s.o.Resend(s.now, r, buf)
		p, original := parsed(t, buf[:n]), parsed(t, sent[wire])
		if p.SSRC != 6 || p.PayloadType != 121 || p.SequenceNumber != next || n > r.Bytes {
			t.Fatalf("%+v, %d bytes of %d", p.Header, n, r.Bytes)
		}
		next++
		if get16(p.Payload) != wire || !bytes.Equal(p.Payload[2:], original.Payload) {
			t.Errorf("number %d: payload %x, want %x", wire, p.Payload, original.Payload)
		}
		if p.Timestamp != original.Timestamp || p.Marker != original.Marker || p.CSRC[0] != original.CSRC[0] {
			t.Errorf("number %d: %+v, want %+v", wire, p.Header, original.Header)
		}
		if !bytes.Equal(p.GetExtension(7), original.GetExtension(7)) {
			t.Errorf("number %d: descriptor %x", wire, p.GetExtension(7))
		}
	}
	if next != 300 {
		t.Errorf("%d resends", next-200)
	}
	s.o.SetSource(s.now, OutboundSource{Codec: VP8, Rate: 90000, PayloadType: 119})
	plain := s.choices(testPacket{pt: ptVP8, seq: 65500 + 100 - 65536, payload: vp8{start: true, key: true, body: []byte{1}}.payload()})
	raw := s.rewrite(plain[0])
	r := s.o.Feedback(s.now, 0, []uint16{get16(raw[2:])}, new(Budget), nil)
	if n := s.o.Resend(s.now, r[0], buf); !bytes.Equal(buf[:n], raw) {
		t.Errorf("a source without RTX: %x, want %x", buf[:n], raw)
	}
}

// TestFeedbackLimits: eight times, one round trip apart, what is still there.
func TestFeedbackLimits(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(0, 400) // the ring holds 256
	const rtt = 50 * time.Millisecond
	refused := func() [ReasonCount]uint64 { return s.o.Stats().Refused }
	var times []time.Duration
	before := refused()
	for range 600 {
		s.now += time.Millisecond
		if len(s.o.Feedback(s.now, rtt, []uint16{100 + 399, 100 + 399}, new(Budget), nil)) > 0 {
			times = append(times, s.now)
		}
	}
	if len(times) != maxResends {
		t.Errorf("granted %d times", len(times))
	}
	for i := 1; i < len(times); i++ {
		if times[i]-times[i-1] < rtt {
			t.Errorf("%v apart", times[i]-times[i-1])
		}
	}
	after := refused()
	if after[TooSoon] == before[TooSoon] || after[TooOften] == before[TooOften] {
		t.Errorf("refusals: %v", after)
	}
	for _, wire := range []uint16{100, 99, 500, 40000} { // left the ring, never sent
		gone := refused()[Gone]
		if got := s.o.Feedback(s.now, rtt, []uint16{wire}, new(Budget), nil); len(got) != 0 || refused()[Gone] != gone+1 {
			t.Errorf("number %d: %v", wire, got)
		}
	}
	r := s.o.Feedback(s.now, rtt, []uint16{498}, new(Budget), nil)
	if n := s.o.Resend(s.now, r[0], make([]byte, 15)); n != 0 || refused()[NoRoom] != 1 {
		t.Errorf("%d bytes without room", n)
	}
	s.s.Ring = NewRing(4)
	if n := s.o.Resend(s.now, r[0], make([]byte, 1500)); n != 0 {
		t.Errorf("%d bytes of a packet that is gone", n)
	}
	fresh := NewOutbound(outConfig())
	if got := fresh.Feedback(0, rtt, []uint16{99, 100}, new(Budget), nil); len(got) != 0 {
		t.Errorf("a slot that sent nothing: %v", got)
	}
}

// TestLatePacketIsOnItsWay: a packet that came late was asked for before it was sent, and such a request is not answered by a resend.
func TestLatePacketIsOnItsWay(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.now = time.Second
	s.sendMany(0, 10)
	s.sendMany(11, 10)
	s.now += 30 * time.Millisecond
	s.sendMany(10, 1)
	const rtt = 50 * time.Millisecond
	for after, want := range map[time.Duration]int{0: 0, ms(49): 0, ms(50): 1} {
		o := *s.o
		o.history.entries = slices.Clone(s.o.history.entries)
		if got := o.Feedback(s.now+after, rtt, []uint16{110}, new(Budget), nil); len(got) != want {
			t.Errorf("%v after a late packet: %d resends, want %d", after, len(got), want)
		}
	}
	if got := s.o.Feedback(s.now, rtt, []uint16{109}, new(Budget), nil); len(got) != 1 {
		t.Errorf("%d resends of a packet that was not late", len(got))
	}
}

// TestResendForgetsSources: what was sent too many sources ago is gone.
func TestResendForgetsSources(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(0, 1)
	for i := range rememberedSources {
		got := s.o.Feedback(s.now, 0, []uint16{100}, new(Budget), nil)
		if len(got) != 1 {
			t.Errorf("%d sources later: %v", i, got)
		}
		s.source(VP8, uint32(200+i))
		s.now += time.Second
		if i > 3 {
			s.o.history.get(firstCycle + 100).resends = 0
		}
	}
	if got := s.o.Feedback(s.now, 0, []uint16{100}, new(Budget), nil); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestBudget: whatever is asked for, resends are at most a third of all bytes, while
// 30 % of honest loss is repaired.
func TestBudget(t *testing.T) {
	rng := seeded(8)
	for _, loss := range []float64{0.3, 0.9} {
		var b Budget
		all, resent, refused, asked := 0, 0, 0, 0
		for range 200000 {
			size := 100 + rng.IntN(1100)
			b.Sent(size)
			all += size
			for rng.Float64() < loss {
				asked++
				if !b.Allow(size) {
					refused++
					break
				}
				b.Sent(size)
				all += size
				resent += size
			}
		}
		if share := float64(resent) / float64(all); share > 1.0/3+0.001 {
			t.Errorf("loss %.1f: %.3f of all bytes", loss, share)
		}
		if loss == 0.3 && refused > asked/1000 {
			t.Errorf("loss %.1f: %d of %d refused", loss, refused, asked)
		}
	}
	var b Budget
	for range 100000 {
		b.Sent(1200)
	}
	burst := 0
	for b.Allow(1000) {
		burst += 1000
	}
	if burst > budgetMost {
		t.Errorf("%d bytes saved up", burst)
	}
	var none Budget
	if none.Allow(budgetStart + 1) {
		t.Error("more than the start without anything sent")
	}
}

// FuzzOutbound: hostile choices and requests; every number is used for one packet only
// and resends repeat it.
func FuzzOutbound(f *testing.F) {
	seed := testPacket{pt: ptVP8, seq: 5, payload: vp8{start: true, key: true, body: make([]byte, 9)}.payload()}
	f.Add(seed.raw(f), []byte{1, 2, 3, 0x80, 0x43, 0xff}, true)
	seed.extensions = map[uint8][]byte{10: make([]byte, 20), 4: {1}}
	seed.pt = ptAV1
	f.Add(seed.raw(f), []byte{1, 9, 0xc0, 0x83, 0x43, 0xff, 0xfe, 0x41}, false)
	sound := testPacket{pt: ptOpus, seq: 5, payload: make([]byte, 40)}
	f.Add(sound.raw(f), []byte{1, 0xff, 0x41, 0x41, 0x41, 3, 0xff, 0x41, 0xff, 0x41}, false)
	sound = testPacket{pt: ptRED, seq: 5, payload: redPayload(ptOpus, redBlock{960, make([]byte, 30)}, redBlock{0, make([]byte, 30)})}
	f.Add(sound.raw(f), []byte{1, 0xff, 0x41, 0x41, 0xff, 0x41, 0x41, 9}, true)
	for i, raw := range recordedSeeds(f) {
		f.Add(raw, []byte{1, 2, 0x43, 0xff, 0x80, 3}, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, raw, steps []byte, repair bool) {
		in := newTestInbound(0, 90000)
		in.ssrc = 0
		config := outConfig()
		if !repair {
			config.RTXSSRC = 0
		}
		o := NewOutbound(config)
		streams := []*Replica{{Ring: NewRing(32), Rate: 90000}, {Ring: NewRing(32), Rate: 90000, HasClock: true}}
		sent := map[SeqNo][]byte{}
		buf, number := make([]byte, 200), int64(0)
		var budget Budget
		source := OutboundSource{Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121}
		o.SetSource(0, source)
		for i, step := range steps {
			now := time.Duration(i) * ms(9)
			if step == 0xff {
				source.BlockPayloadType, source.Redundant = uint8(i&1)*ptOpus, uint8(i&3)
				o.SetSource(now, source)
				continue
			}
			number += int64(int8(step<<2)) >> 2
			again := append([]byte(nil), raw...)
			if len(again) > 8 {
				put16(again[2:], uint16(i))
				again[5] += step & 0x40
			}
			p := new(Packet)
			if in.Receive(now, again, p) != None {
				continue
			}
			s := streams[step>>7]
			s.Ring.Put(p)
			source.Codec = p.Codec.Media()
			c := Choice{Packet: p, Replica: s, Switch: step&0x40 != 0, number: number, picture: number, filler: step&0x3f == 9}
			if n := o.Rewrite(now, c, buf); n > 0 {
				seq := extendSeq(o.highest, get16(buf[2:]))
				if sent[seq] != nil {
					t.Fatalf("number %d twice", seq)
				}
				sent[seq] = append([]byte(nil), buf[:n]...)
				parsed(t, buf[:n])
			}
			for _, r := range o.Feedback(now, ms(20), []uint16{uint16(o.highest), uint16(o.highest) - uint16(step)}, &budget, nil) {
				n := o.Resend(now, r, buf)
				if n > 0 && !repair && !bytes.Equal(buf[:n], sent[r.Seq]) {
					t.Fatalf("a resend of other bytes: %x, first %x", buf[:n], sent[r.Seq])
				}
			}
		}
	})
}
