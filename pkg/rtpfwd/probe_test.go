package rtpfwd

import (
	"bytes"
	"testing"
)

// probe makes one probe of at most size bytes.
func (s *slot) probe(size int) []byte {
	s.t.Helper()
	buf := bytes.Repeat([]byte{0xee}, 1500)
	n := s.o.Probe(s.now, size, buf)
	for _, b := range buf[n:] {
		if b != 0xee {
			s.t.Fatalf("wrote behind the %d bytes of a probe", n)
		}
	}
	return buf[:n]
}

// TestProbePadding: before any media there is padding, under the payload type of the
// Slot, and after it under that of the source.
func TestProbePadding(t *testing.T) {
	numbers := new(TransportNumbers)
	config := hopConfig(numbers)
	config.RTXPayloadType = 99
	s := &slot{t: t, o: NewOutbound(config)}
	for i, c := range []struct{ size, want, padding int }{{1200, 279, 255}, {279, 279, 255}, {100, 100, 76}, {25, 25, 1}} {
		raw := s.probe(c.size)
		p := parsed(t, raw)
		if len(raw) != c.want || int(p.PaddingSize) != c.padding || len(p.Payload) != 0 || p.PayloadType != 99 || p.SSRC != 6 {
			t.Errorf("%d bytes: %+v", len(raw), p.Header)
		}
		if p.SequenceNumber != 200+uint16(i) || get16(p.GetExtension(3)) != uint16(i+1) || p.Marker || len(p.CSRC) != 0 {
			t.Errorf("probe %d: %+v", i, p.Header)
		}
		if want := (Written{Seq: int64(i + 1), Size: c.want, Kind: WrittenPadding}); s.o.Last() != want {
			t.Errorf("%+v, want %+v", s.o.Last(), want)
		}
	}
	for _, size := range []int{24, 0, -5} {
		if raw := s.probe(size); len(raw) != 0 {
			t.Errorf("%d bytes of %d", len(raw), size)
		}
	}
	s.source(VP8, 77)
	if p := parsed(t, s.probe(200)); p.PayloadType != 121 || p.SequenceNumber != 204 {
		t.Errorf("%+v", p.Header)
	}
	if got := s.o.Stats(); got.Probes != 5 || got.ProbeBytes != 279+279+100+25+200 || got.Packets != 0 {
		t.Errorf("%+v", got)
	}
}

// TestProbeImpossible: without a repair stream, or without its payload type.
func TestProbeImpossible(t *testing.T) {
	if raw := (&slot{t: t, o: NewOutbound(outConfig())}).probe(500); len(raw) != 0 {
		t.Errorf("without a payload type: %x", raw)
	}
	config := outConfig()
	config.RTXSSRC, config.RTXPayloadType = 0, 99
	s := newSlot(t, VP8, config)
	s.sendMany(1, 5)
	if raw := s.probe(500); len(raw) != 0 {
		t.Errorf("without a repair stream: %x", raw)
	}
	s = newSlot(t, VP8, outConfig())
	s.sendMany(1, 5)
	s.o.SetSource(s.now, OutboundSource{Codec: VP8, Rate: 90000, PayloadType: 119})
	if raw := s.probe(500); len(raw) != 0 {
		t.Errorf("a source without RTX: %x", raw)
	}
}

// TestProbeRepairs: probes are the latest packets again, from the newest one back.
func TestProbeRepairs(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	sent := s.sendMany(1, 100)
	want := uint16(199)
	for i := range 2*probeReach + 10 {
		p := parsed(t, s.probe(1200))
		if len(p.Payload) < 2 || get16(p.Payload) != want || !bytes.Equal(p.Payload[2:], parsed(t, sent[want]).Payload) {
			t.Fatalf("probe %d: %+v, want packet %d", i, p, want)
		}
		if p.SequenceNumber != 200+uint16(i) || s.o.Last().Kind != WrittenRepair {
			t.Errorf("probe %d: %+v, %+v", i, p.Header, s.o.Last())
		}
		if want--; want == 199-probeReach {
			want = 199
		}
	}
	// Of packets of 1 to 50 bytes and more only some fit; if none does, padding goes out.
	for size := 20; size < 120; size++ {
		if raw := s.probe(size); len(raw) > size || len(raw) == 0 {
			t.Errorf("%d bytes of %d", len(raw), size)
		}
	}
}

// TestProbeSkipsEmpty: an empty packet is no better than padding.
func TestProbeSkipsEmpty(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(1, 2)
	c := s.choices(testPacket{pt: ptVP8, seq: 3, time: 900, payload: vp8{picture: 500, body: []byte{1}}.payload()})[0]
	c.filler = true
	s.rewrite(c)
	if p := parsed(t, s.probe(1200)); len(p.Payload) < 2 || get16(p.Payload) != 101 {
		t.Errorf("%+v", p)
	}
}

// TestProbesAreNoResends: a packet can be asked for as often as if it had not served
// as a probe.
func TestProbesAreNoResends(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(1, 1)
	granted := 0
	for range 2 * maxResends {
		for range 20 {
			s.probe(1200)
		}
		granted += len(s.o.Feedback(s.now, ms(50), []uint16{100}, new(Budget), nil))
		s.now += ms(50)
	}
	if granted != maxResends || s.o.Stats().Resent != 0 {
		t.Errorf("%d resends granted, %+v", granted, s.o.Stats())
	}
}

// FuzzProbe: whatever is probed in between, media and what is granted are as without
// probes, the numbers of the repair stream go up by one, those of the Transport too.
func FuzzProbe(f *testing.F) {
	f.Add([]byte{0x80, 0x80, 1, 1, 0x40, 0x9f, 0xff, 0x80, 3, 60, 0xc0})
	f.Add([]byte{9, 0x80, 60, 0xff, 61, 0x80, 0x41, 0x80, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Fuzz(func(t *testing.T, steps []byte) {
		numbers := new(TransportNumbers)
		config := outConfig()
		config.RTXPayloadType = 99
		plain := NewOutbound(config)
		config.Extensions.TransportCC, config.Extensions.AbsSendTime = 0, 0
		probed := NewOutbound(config)
		config = hopConfig(numbers)
		config.RTXPayloadType = 99
		numbered := NewOutbound(config) // the same with numbers
		all := []*Outbound{plain, probed, numbered}
		stream, ps := &Replica{Ring: NewRing(32), Rate: 90000}, packets(t, VP8, 40)
		number, repairs, own := 0, uint16(0), int64(0)
		buf, other := make([]byte, 300), make([]byte, 300)
		var budgets [3]Budget
		for i, step := range steps {
			now := ms(9 * i)
			switch {
			case step == 0xff:
				for _, o := range all {
					o.SetSource(now, OutboundSource{Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
				}
			case step&0x80 != 0:
				p := ps[number%len(ps)]
				use(p, number, 2)
				stream.Ring.Put(p)
				c := Choice{Packet: p, Replica: stream, number: int64(number), picture: int64(number / 2), filler: step == 0x89}
				number++
				n, m := plain.Rewrite(now, c, buf), probed.Rewrite(now, c, other)
				if !bytes.Equal(buf[:n], other[:m]) {
					t.Fatalf("media after probes\n%x, without\n%x", other[:m], buf[:n])
				}
				if numbered.Rewrite(now, c, buf) > 0 {
					own++
				}
			case step&0x40 != 0:
				lost := []uint16{uint16(plain.highest) - uint16(step&0x3f)}
				var granted [3][]Resend
				for k, o := range all {
					granted[k] = o.Feedback(now, ms(20), lost, &budgets[k], nil)
				}
				if len(granted[0]) != len(granted[1]) {
					t.Fatalf("granted after probes %v, without %v", granted[1], granted[0])
				}
				for _, r := range granted[2] {
					if numbered.Resend(now, r, buf) > 0 {
						own++
						repairs++
					}
				}
			default:
				size := int(step) * 5
				probed.Probe(now, size, buf)
				n := numbered.Probe(now, size, buf)
				if n == 0 {
					break
				}
				own++
				if p := parsed(t, buf[:n]); n > size || p.SSRC != 6 || p.SequenceNumber != 200+repairs || get16(p.GetExtension(3)) != uint16(own) {
					t.Fatalf("probe %d, %d bytes of %d: %+v", repairs, n, size, p.Header)
				}
				repairs++
			}
			if numbers.Last() != own {
				t.Fatalf("%d numbers for %d packets", numbers.Last(), own)
			}
		}
	})
}
