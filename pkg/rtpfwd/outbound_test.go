package rtpfwd

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// slot is an Outbound with one Inbound, Replica and Forwarder before it.
type slot struct {
	t   *testing.T
	in  *Inbound
	s   *Replica
	f   *Forwarder
	o   *Outbound
	now time.Duration
}

// outConfig is the usual Slot of tests.
func outConfig() OutboundConfig {
	return OutboundConfig{
		SSRC: 5, RTXSSRC: 6, SeqStart: 100, RTXSeqStart: 200, TimeStart: 1000, PictureIDStart: 40,
		Extensions: &ExtensionIDs{AudioLevel: 9, VideoOrientation: 8, DependencyDescriptor: 7, MID: 1, TransportCC: 3},
	}
}

func newSlot(t *testing.T, c Codec, config OutboundConfig) *slot {
	s := &slot{t: t, o: NewOutbound(config)}
	s.source(c, 77)
	return s
}

// source makes the Slot show a new publication.
func (s *slot) source(c Codec, csrc uint32) {
	rate := uint32(90000)
	if !c.Video() {
		rate = 48000
	}
	s.in = newTestInbound(0, rate)
	s.s = &Replica{Ring: NewRing(256), Rate: rate}
	s.f = NewForwarder(ForwarderConfig{Codec: c, Replicas: []*Replica{s.s}})
	s.f.SetTarget(s.now, Layer{Temporal: 7})
	s.o.SetSource(s.now, OutboundSource{
		CSRC: csrc, Codec: c, Rate: rate, PayloadType: 120, RTXPayloadType: 121, Extensions: testIDs(),
	})
}

// choices takes a packet up to the Outbound.
func (s *slot) choices(b testPacket) []Choice {
	s.t.Helper()
	p := mustReceive(s.t, s.in, s.now, b.raw(s.t))
	s.s.Ring.Put(p)
	return s.f.Select(s.now, p, nil)
}

// send takes a packet all the way and returns what was sent.
func (s *slot) send(b testPacket) *rtp.Packet {
	s.t.Helper()
	choices := s.choices(b)
	if len(choices) != 1 {
		s.t.Fatalf("%d choices", len(choices))
	}
	return parsed(s.t, s.rewrite(choices[0]))
}

// rewrite returns the bytes of a choice.
func (s *slot) rewrite(c Choice) []byte {
	s.t.Helper()
	buf := make([]byte, 1500)
	for i := range buf {
		buf[i] = 0xee // nothing of a former packet may stay
	}
	n := s.o.Rewrite(s.now, c, buf)
	if n == 0 {
		s.t.Fatalf("refused: %v", s.o.Stats().Refused)
	}
	return buf[:n]
}

func TestRewriteHeader(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	p := s.send(testPacket{
		pt: ptVP8, seq: 60000, time: 7, marker: true, padding: 30, payload: vp8{start: true, key: true, picture: 9}.payload(),
		extensions: map[uint8][]byte{1: []byte("z"), 4: {33}, 5: {1, 2, 3}, 6: {1, 2}, 7: {2}, 8: {1, 1, 1}, 10: {0xc0, 9, 9}},
	})
	if p.SSRC != 5 || p.PayloadType != 120 || p.SequenceNumber != 100 || p.Timestamp != 1000 || !p.Marker {
		t.Errorf("%+v", p.Header)
	}
	if !slices.Equal(p.CSRC, []uint32{77}) || p.Padding {
		t.Errorf("CSRC %v, padding %v", p.CSRC, p.Padding)
	}
	want := map[uint8][]byte{9: {33}, 8: {2}, 7: {0xc0, 0, 1}}
	if ids := p.GetExtensionIDs(); len(ids) != len(want) {
		t.Errorf("extensions %v", ids)
	}
	for id, value := range want {
		if got := p.GetExtension(id); !bytes.Equal(got, value) {
			t.Errorf("extension %d: %x, want %x", id, got, value)
		}
	}
	if p.ExtensionProfile != rtp.ExtensionProfileOneByte {
		t.Errorf("profile %x", p.ExtensionProfile)
	}
	if v := readVP8(t, p.Payload); v.picture != 40 || !v.key {
		t.Errorf("%+v", v)
	}
	plain := s.send(testPacket{pt: ptVP8, seq: 60001, time: 7, payload: vp8{picture: 9, body: []byte{1}}.payload()})
	if plain.Extension || plain.SequenceNumber != 101 {
		t.Errorf("%+v", plain.Header)
	}
}

func TestRewriteWideExtensions(t *testing.T) {
	structure := append([]byte{0x80, 0, 1, 0x80}, make([]byte, 30)...)
	packet := testPacket{
		pt: ptOpus, seq: 1, payload: []byte{1}, extensions: map[uint8][]byte{10: structure, 4: {5}},
	}
	s := newSlot(t, Opus, outConfig())
	p := s.send(packet)
	if p.ExtensionProfile != rtp.ExtensionProfileTwoByte || !bytes.Equal(p.GetExtension(9), []byte{5}) {
		t.Errorf("profile %x, level %x", p.ExtensionProfile, p.GetExtension(9))
	}
	if got := p.GetExtension(7); len(got) != 34 || !bytes.Equal(got[3:], structure[3:]) {
		t.Errorf("descriptor %x", got)
	}
	config := outConfig()
	config.Extensions.AudioLevel = 200
	s = newSlot(t, Opus, config)
	packet.extensions = map[uint8][]byte{4: {5}}
	if p := s.send(packet); !bytes.Equal(p.GetExtension(200), []byte{5}) {
		t.Errorf("%+v", p.Header)
	}
}

func TestRewriteMID(t *testing.T) {
	config := outConfig()
	config.MID = "12"
	s := newSlot(t, Opus, config)
	p := s.send(testPacket{pt: ptOpus, payload: []byte{1}, extensions: map[uint8][]byte{1: []byte("other"), 4: {5}}})
	if string(p.GetExtension(1)) != "12" || !bytes.Equal(p.GetExtension(9), []byte{5}) {
		t.Errorf("MID %q, level %x", p.GetExtension(1), p.GetExtension(9))
	}
	config.MID = "a name of more than sixteen bytes"
	s = newSlot(t, Opus, config)
	if p := s.send(testPacket{pt: ptOpus, payload: []byte{1}}); p.Extension {
		t.Errorf("%+v", p.Header)
	}
}

// TestExtensionsOfOneSideOnly: what the source did not negotiate is not passed on.
func TestExtensionsOfOneSideOnly(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	ids := testIDs()
	ids.AudioLevel = 0
	s.o.SetSource(0, OutboundSource{Codec: Opus, Rate: 48000, Extensions: ids})
	if p := s.send(testPacket{pt: ptOpus, payload: []byte{1}, extensions: map[uint8][]byte{4: {5}}}); p.Extension {
		t.Errorf("%+v", p.Header)
	}
	s.o.SetSource(0, OutboundSource{Codec: Opus, Rate: 48000})
	p := s.send(testPacket{pt: ptOpus, seq: 1, payload: []byte{1}, extensions: map[uint8][]byte{4: {5}}})
	if !bytes.Equal(p.GetExtension(9), []byte{5}) {
		t.Errorf("%+v", p.Header)
	}
}

func TestRewriteRefuses(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	key := testPacket{pt: ptVP8, seq: 10, time: 1, payload: vp8{start: true, key: true}.payload()}
	first := s.choices(key)[0]
	fresh := NewOutbound(outConfig())
	buf := make([]byte, 1500)
	refused := func(o *Outbound, c Choice, dst []byte, want Reason) {
		t.Helper()
		before := o.Stats().Refused[want]
		if n := o.Rewrite(0, c, dst); n != 0 || o.Stats().Refused[want] != before+1 {
			t.Errorf("%d bytes, want refusal by %v: %v", n, want, o.Stats().Refused)
		}
	}
	refused(fresh, first, buf, NoSource)
	refused(s.o, first, buf[:20], NoRoom)
	if got := parsed(t, s.rewrite(first)).SequenceNumber; got != 100 {
		t.Errorf("a refusal used a number: %d", got)
	}
	refused(s.o, first, buf, Duplicate)
	key.seq, key.payload = 12, vp8{body: []byte{1}}.payload()
	second := s.choices(key)[0]
	s.rewrite(second)
	refused(s.o, second, buf, Duplicate)
	key.seq = 11
	late := s.choices(key)[0]
	s.source(H264, 78)
	refused(s.o, late, buf, NoSource)
	s.source(VP8, 79)
	key.seq, key.payload = 40000, vp8{start: true, key: true}.payload()
	if p := s.send(key); p.SequenceNumber != 103 {
		t.Errorf("number %d after the switch", p.SequenceNumber)
	}
	late.number -= 1000 // as the Forwarder of the old source counted
	refused(s.o, late, buf, TooOld)
	last := s.choices(testPacket{pt: ptVP8, seq: 40001, time: 1, payload: vp8{body: []byte{1}}.payload()})[0]
	for i := range int64(2 * videoHistory) {
		if i == 3 {
			continue
		}
		c := last
		c.number += i
		s.rewrite(c)
	}
	last.number += 3
	refused(s.o, last, buf, TooOld)
}

// TestDrop: what a queue gives up leaves no hole, unless a later packet was sent.
func TestDrop(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	var c []Choice
	for i := range uint16(10) {
		c = append(c, s.choices(testPacket{pt: ptOpus, seq: i, time: uint32(960 * i), payload: []byte{1}})...)
	}
	s.o.Drop(c[0])
	for _, step := range []struct {
		send int
		want uint16
		drop []int
	}{
		{1, 100, []int{2, 3}}, {4, 101, nil}, {6, 103, []int{5}}, {7, 104, []int{9}}, {8, 105, nil},
	} {
		if p := parsed(t, s.rewrite(c[step.send])); p.SequenceNumber != step.want {
			t.Errorf("packet %d has the number %d, want %d", step.send, p.SequenceNumber, step.want)
		}
		for _, i := range step.drop {
			s.o.Drop(c[i])
		}
	}
}

// TestFiller: what a packet that is left out late leaves behind.
func TestFiller(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.f.SetTarget(0, Layer{Temporal: 0})
	frame := func(seq uint16, time uint32, tid uint8, key bool) testPacket {
		return testPacket{
			pt: ptVP8, seq: seq, time: time, marker: true,
			payload:    vp8{start: true, key: key, tid: tid, picture: seq}.payload(),
			extensions: map[uint8][]byte{7: {1}},
		}
	}
	s.send(frame(1, 3000, 0, true))
	s.send(frame(3, 9000, 0, false))
	p := s.send(frame(2, 6000, 1, false))
	if p.SequenceNumber != 101 || p.Timestamp != 4000 || p.Marker || len(p.Payload) != 0 || p.PaddingSize != 1 || p.Extension {
		t.Errorf("%+v, payload %d", p.Header, len(p.Payload))
	}
	if sr, ok := s.o.SenderReport(0, 0); !ok || sr.PacketCount != 3 || sr.OctetCount != 2*9+7 {
		t.Errorf("%+v", sr)
	}
}

func TestSequenceStartsLow(t *testing.T) {
	for _, start := range []uint16{0, 32767, 40000, 65535} {
		config := outConfig()
		config.SeqStart = start
		s := newSlot(t, Opus, config)
		if p := s.send(testPacket{pt: ptOpus, payload: []byte{1}}); p.SequenceNumber != start&0x7fff {
			t.Errorf("start %d: %d", start, p.SequenceNumber)
		}
	}
}

// TestSourceLeap: a source that leaps by more than can be lost leaves one number free.
func TestSourceLeap(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	c := s.choices(testPacket{pt: ptOpus, payload: []byte{1}})[0]
	s.rewrite(c)
	c.number += maxDropout
	if p := parsed(t, s.rewrite(c)); p.SequenceNumber != 100+maxDropout {
		t.Errorf("a long gap: %d", p.SequenceNumber)
	}
	c.number += maxDropout + 1
	if p := parsed(t, s.rewrite(c)); p.SequenceNumber != 102+maxDropout {
		t.Errorf("a leap: %d", p.SequenceNumber)
	}
}

// TestAudioMarker: the first packet of a new source begins a talk spurt.
func TestAudioMarker(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	markers := ""
	for i := range 6 {
		if i == 3 {
			s.source(Opus, 78)
		}
		p := s.send(testPacket{pt: ptOpus, seq: uint16(i), time: uint32(960 * i), payload: []byte{1}})
		markers += map[bool]string{true: "m", false: "."}[p.Marker]
	}
	if markers != "m..m.." {
		t.Errorf("markers %s", markers)
	}
}
