package rtpfwd

import (
	"bytes"
	"slices"
	"testing"
)

// redBlock is a block of RED as a sender means it.
type redBlock struct {
	offset uint32
	data   []byte
}

// redPayload writes RFC 2198: headers of all blocks, then their bytes; the last one is
// the primary one.
func redPayload(pt uint8, blocks ...redBlock) []byte {
	var heads, bodies []byte
	for i, b := range blocks {
		if i == len(blocks)-1 {
			heads = append(heads, pt)
		} else {
			word := 1<<31 | uint32(pt)<<24 | b.offset<<10 | uint32(len(b.data))
			heads = append(heads, byte(word>>24), byte(word>>16), byte(word>>8), byte(word))
		}
		bodies = append(bodies, b.data...)
	}
	return append(heads, bodies...)
}

// ptBlock is the payload type of Opus blocks towards the subscriber.
const ptBlock = 99

// redSlot is a Slot of tests that gets RED of 120, with this many packets repeated.
func redSlot(t *testing.T, redundant uint8, config OutboundConfig) *slot {
	s := newSlot(t, Opus, config)
	s.o.SetSource(s.now, redSource(redundant))
	return s
}

func redSource(redundant uint8) OutboundSource {
	return OutboundSource{
		CSRC: 77, Codec: Opus, Rate: 48000, PayloadType: 120, RTXPayloadType: 121, BlockPayloadType: ptBlock, Redundant: redundant,
		Extensions: testIDs(),
	}
}

// sound is a packet of Opus, 20 ms after the one before.
func sound(seq uint16, data ...byte) testPacket {
	return testPacket{pt: ptOpus, seq: seq, time: 960 * uint32(seq), payload: data}
}

// wantPayload sends a packet and compares its payload.
func (s *slot) wantPayload(what string, b testPacket, want []byte) {
	s.t.Helper()
	if got := s.send(b); !bytes.Equal(got.Payload, want) || got.PayloadType != 120 {
		s.t.Errorf("%s: payload %x of type %d, want %x", what, got.Payload, got.PayloadType, want)
	}
}

func TestREDMade(t *testing.T) {
	s := redSlot(t, 1, outConfig())
	large := bytes.Repeat([]byte{7}, 1024)
	s.wantPayload("the first one", sound(1, 1), redPayload(ptBlock, redBlock{0, []byte{1}}))
	s.wantPayload("the next one", sound(2, 2), redPayload(ptBlock, redBlock{960, []byte{1}}, redBlock{0, []byte{2}}))
	s.wantPayload("after a loss", sound(4, 4), redPayload(ptBlock, redBlock{0, []byte{4}}))
	s.wantPayload("the lost one", sound(3, 3), redPayload(ptBlock, redBlock{960, []byte{2}}, redBlock{0, []byte{3}}))
	s.wantPayload("a large one", sound(5, large...), redPayload(ptBlock, redBlock{960, []byte{4}}, redBlock{0, large}))
	s.wantPayload("after one that no header can tell the length of", sound(6, 6), redPayload(ptBlock, redBlock{0, []byte{6}}))
	late := sound(7, 7)
	late.time += 4800 // 120 ms in all
	s.wantPayload("after 120 ms", late, redPayload(ptBlock, redBlock{5760, []byte{6}}, redBlock{0, []byte{7}}))
	late = sound(8, 8)
	late.time += 4800 + 4801
	s.wantPayload("after a pause of DTX", late, redPayload(ptBlock, redBlock{0, []byte{8}}))
	s.f.SetTarget(s.now, Layer{Spatial: -1})
	s.f.SetTarget(s.now, Layer{})
	late.seq, late.time = 9, late.time+960
	s.wantPayload("after the selection began anew", late, redPayload(ptBlock, redBlock{0, []byte{8}}))
}

// TestREDMadeOfTwo: with two repeated the older one comes first, and only behind the other.
func TestREDMadeOfTwo(t *testing.T) {
	s := redSlot(t, 9, outConfig())
	half := bytes.Repeat([]byte{7}, 560)
	for _, c := range []struct {
		b    testPacket
		want []redBlock
	}{
		{sound(1, 1), nil},
		{sound(2, 2), []redBlock{{960, []byte{1}}}},
		{sound(3, 3), []redBlock{{1920, []byte{1}}, {960, []byte{2}}}},
		{sound(4, half...), []redBlock{{1920, []byte{2}}, {960, []byte{3}}}},
		{sound(5, half...), []redBlock{{1920, []byte{3}}, {960, half}}},
		{sound(6, half...), []redBlock{{960, half}}}, // more would not fit into 1200 bytes
	} {
		s.wantPayload("two", c.b, redPayload(ptBlock, append(c.want, redBlock{0, c.b.payload})...))
	}
	buf := make([]byte, 700)
	if n := s.o.Rewrite(s.now, s.choices(sound(7, half...))[0], buf); n == 0 || n > len(buf) || buf[16] != ptBlock {
		t.Errorf("%d bytes in a buffer for one block", n)
	}
	if n := s.o.Rewrite(s.now, s.choices(sound(8, half...))[0], buf[:576]); n != 0 || s.o.Stats().Refused[NoRoom] != 1 {
		t.Errorf("%d bytes where nothing fits", n)
	}
}

// TestREDNotOverSources: what plays now never repeats what played before.
func TestREDNotOverSources(t *testing.T) {
	s := redSlot(t, 2, outConfig())
	s.send(sound(1, 1))
	s.send(sound(2, 2))
	s.o.SetSource(s.now, redSource(2)) // the ring has packets from before
	s.wantPayload("the first one of a source", sound(3, 3), redPayload(ptBlock, redBlock{0, []byte{3}}))
	s.wantPayload("the next one", sound(4, 4), redPayload(ptBlock, redBlock{960, []byte{3}}, redBlock{0, []byte{4}}))
	passed := func(seq uint16, blocks ...redBlock) testPacket {
		return testPacket{pt: ptRED, seq: seq, time: 960 * uint32(seq), payload: redPayload(ptOpus, blocks...)}
	}
	s.o.SetSource(s.now, redSource(2))
	s.wantPayload("RED that repeats what was before", passed(5, redBlock{1920, []byte{3}}, redBlock{960, []byte{4}}, redBlock{0, []byte{5}}),
		redPayload(ptBlock, redBlock{0, []byte{5}}))
	s.wantPayload("RED that repeats some of it", passed(6, redBlock{1920, []byte{4}}, redBlock{960, []byte{5}}, redBlock{0, []byte{6}}),
		redPayload(ptBlock, redBlock{960, []byte{5}}, redBlock{0, []byte{6}}))
	jump := sound(7, 5)
	jump.time += 48000 * 3600
	s.wantPayload("after a jump of the clock", jump, redPayload(ptBlock, redBlock{0, []byte{5}}))
}

// TestREDPassed: the blocks get the payload type of this direction, or only the primary
// one is left. Their number is that of the packet either way.
func TestREDPassed(t *testing.T) {
	in := []redBlock{{1920, []byte{1}}, {960, []byte{2}}, {0, []byte{3, 4}}}
	before := testPacket{pt: ptRED, seq: 8, payload: redPayload(ptOpus, redBlock{0, nil})}
	b := testPacket{pt: ptRED, seq: 9, time: 2000, payload: redPayload(ptOpus, in...), padding: 7, extensions: map[uint8][]byte{4: {33}}}
	red, plain := redSlot(t, 1, outConfig()), newSlot(t, Opus, outConfig())
	red.wantPayload("no bytes at all", before, []byte{ptBlock})
	plain.send(testPacket{pt: ptOpus, seq: 8, payload: []byte{1}})
	red.wantPayload("RED", b, redPayload(ptBlock, in...))
	p := plain.send(b)
	if !bytes.Equal(p.Payload, []byte{3, 4}) || !bytes.Equal(p.GetExtension(9), []byte{33}) || p.Timestamp != 3000 {
		t.Errorf("Opus: %x, %+v", p.Payload, p.Header)
	}
	red.wantPayload("Opus after RED", testPacket{pt: ptOpus, seq: 10, time: 2960, payload: []byte{5}},
		redPayload(ptBlock, redBlock{960, []byte{3, 4}}, redBlock{0, []byte{5}}))
	b.seq, b.time, b.payload = 11, 3920, redPayload(ptOpus, redBlock{960, []byte{5}}, redBlock{0, nil})
	red.wantPayload("no primary bytes", b, redPayload(ptBlock, redBlock{960, []byte{5}}, redBlock{0, nil}))
	if p := plain.send(b); len(p.Payload) != 0 || !p.Padding || p.SequenceNumber != 103 {
		t.Errorf("no primary bytes: payload %x, %+v", p.Payload, p.Header)
	}
	red.wantPayload("Opus after nothing", testPacket{pt: ptOpus, seq: 12, time: 4880, payload: []byte{6}}, redPayload(ptBlock, redBlock{0, []byte{6}}))
}

// TestREDRefused: a payload that lies is malformed, and so is one of something else than Opus.
func TestREDRefused(t *testing.T) {
	good := redPayload(ptOpus, redBlock{960, []byte{1, 2}}, redBlock{0, []byte{3}})
	other := redPayload(ptVP8, redBlock{960, []byte{1, 2}}, redBlock{0, []byte{3}})
	nested := slices.Concat(good[:4], []byte{ptRED}, good[5:])
	for name, payload := range map[string][]byte{
		"truncated": good[:6], "of VP8": other, "in RED": nested, "too many blocks": redPayload(ptOpus, make([]redBlock, 9)...),
	} {
		in := newTestInbound(0, 48000)
		b := testPacket{pt: ptRED, seq: 1, payload: payload}
		if r := in.Receive(0, b.raw(t), new(Packet)); r != Malformed {
			t.Errorf("%s: %v", name, r)
		}
	}
	if p := mustReceive(t, newTestInbound(0, 48000), 0, testPacket{pt: ptRED, payload: good}.raw(t)); !bytes.Equal(p.Primary(), []byte{3}) {
		t.Errorf("primary block %x", p.Primary())
	}
}

// TestREDResendGone: what cannot be made again identically is not resent, and what came
// late is not taken in.
func TestREDResendGone(t *testing.T) {
	config := outConfig()
	config.RTXSSRC = 0
	s := redSlot(t, 2, config)
	sent := map[uint16][]byte{}
	for _, seq := range []uint16{0, 1, 2, 4, 3, 5} {
		raw := s.rewrite(s.choices(sound(seq, byte(seq), 1, 2))[0])
		sent[get16(raw[2:])] = raw
	}
	buf := make([]byte, 1500)
	for wire, r := range s.all(sent) {
		if n := s.o.Resend(s.now, r, buf); !bytes.Equal(buf[:n], sent[wire]) || n > r.Bytes {
			t.Errorf("number %d: %x of at most %d, first %x", wire, buf[:n], r.Bytes, sent[wire])
		}
	}
	granted := s.all(map[uint16][]byte{102: sent[102]})
	for seq := range 3 {
		s.s.Ring.Put(&Packet{Seq: SeqNo(seq) + firstCycle + 256}) // 0 to 2 leave the ring
	}
	s.now += ms(1000)
	for wire, want := range map[uint16]int{102: 0, 103: 0, 104: 1, 105: 1} {
		if got := s.o.Feedback(s.now, 0, []uint16{wire}, new(Budget), nil); len(got) != want {
			t.Errorf("number %d: %d granted, want %d", wire, len(got), want)
		}
	}
	for _, r := range granted {
		if n := s.o.Resend(s.now, r, buf); n != 0 {
			t.Errorf("%d bytes of what is gone", n)
		}
	}
}
