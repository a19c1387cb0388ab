package rtpfwd

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// The payload types of all tests.
const (
	ptOpus, ptVP8, ptVP9, ptH264, ptAV1, ptH265 = 111, 96, 98, 102, 45, 49
	ptRED, ptVP8RTX, ptAV1RTX                   = 63, 97, 46
	ptEvent                                     = 126 // never negotiated
)

// testIDs are the ids of incoming extensions in tests.
func testIDs() *ExtensionIDs {
	return &ExtensionIDs{
		MID: 1, RID: 2, RepairedRID: 3, AudioLevel: 4, AbsSendTime: 5, TransportCC: 6,
		VideoOrientation: 7, PlayoutDelay: 8, AbsCaptureTime: 9, DependencyDescriptor: 10, VideoLayersAllocation: 11,
	}
}

// testPayloads is the payload table of tests.
func testPayloads() *PayloadTable {
	var t PayloadTable
	t.Codec[ptOpus], t.Codec[ptVP8], t.Codec[ptVP9] = Opus, VP8, VP9
	t.Codec[ptH264], t.Codec[ptAV1], t.Codec[ptH265] = H264, AV1, H265
	t.Codec[ptRED] = RED
	t.APT[ptVP8RTX], t.APT[ptAV1RTX] = ptVP8, ptAV1
	return &t
}

// newTestInbound makes an Inbound for SSRC 1000, repaired by 1001.
func newTestInbound(encoding uint8, rate uint32) *Inbound {
	return NewInbound(InboundConfig{
		Encoding: encoding, SSRC: 1000, ClockRate: rate,
		Payloads: testPayloads(), Extensions: testIDs(), NACK: true,
	})
}

// testPacket describes a packet to build.
type testPacket struct {
	pt         uint8
	seq        uint16
	time       uint32
	ssrc       uint32
	marker     bool
	payload    []byte
	padding    uint8
	extensions map[uint8][]byte
}

// raw builds the packet with pion/rtp, an implementation that shares nothing with
// this one.
func (b testPacket) raw(t testing.TB) []byte {
	t.Helper()
	if b.ssrc == 0 {
		b.ssrc = 1000
	}
	p := rtp.Packet{
		Header: rtp.Header{
			Version: 2, Marker: b.marker, PayloadType: b.pt, SequenceNumber: b.seq, Timestamp: b.time,
			SSRC: b.ssrc, Padding: b.padding > 0, PaddingSize: b.padding,
		},
		Payload: b.payload,
	}
	for id := range uint8(255) {
		value, ok := b.extensions[id]
		if !ok {
			continue
		}
		profile := uint16(rtp.ExtensionProfileOneByte)
		if b.wide() {
			profile = rtp.ExtensionProfileTwoByte
		}
		if err := p.SetExtensionWithProfile(id, value, profile); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wide says whether an extension needs two-byte headers.
func (b testPacket) wide() bool {
	for id, value := range b.extensions {
		if id > 14 || len(value) > 16 {
			return true
		}
	}
	return false
}

// rtx wraps a raw packet for the repair stream (RFC 4588).
func rtx(raw []byte, seq uint16) []byte {
	h, _ := parseHeader(raw)
	out := append([]byte(nil), raw[:h.payload]...)
	out = append(out, raw[2], raw[3])
	out = append(out, raw[h.payload:]...)
	out[1] = raw[1]&0x80 | raw[1]&0x7f + 1
	put16(out[2:], seq)
	put32(out[8:], get32(raw[8:])+1)
	return out
}

// vp8 describes a VP8 payload.
type vp8 struct {
	start, key, sync bool
	short            bool // picture id of 7 bits
	picture          uint16
	tl0, tid, keyIdx uint8
	body             []byte
}

// payload builds the payload with all optional fields of RFC 7741.
func (v vp8) payload() []byte {
	out := []byte{0x80, 0xf0}
	if v.start {
		out[0] |= 0x10
	}
	if v.short {
		out = append(out, uint8(v.picture&0x7f))
	} else {
		out = append(out, 0x80|uint8(v.picture>>8), uint8(v.picture))
	}
	layer := v.tid<<6 | v.keyIdx&0x1f
	if v.sync {
		layer |= 0x20
	}
	out = append(out, v.tl0, layer)
	if v.start {
		tag := []byte{1, 0, 0}
		if v.key {
			tag = []byte{0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00} // 320x240
		}
		out = append(out, tag...)
	}
	return append(out, v.body...)
}

// readVP8 reads the numbers of a VP8 payload made by vp8, in the order of the wire.
func readVP8(t testing.TB, payload []byte) (v vp8) {
	t.Helper()
	if len(payload) < 6 || payload[0]&0x80 == 0 || payload[1] != 0xf0 {
		t.Fatalf("not a payload of these tests: %x", payload)
	}
	v.start = payload[0]&0x10 != 0
	at := 3
	v.picture, v.short = uint16(payload[2]), true
	if payload[2]&0x80 != 0 {
		v.picture, v.short, at = get16(payload[2:])&0x7fff, false, 4
	}
	v.tl0, v.tid, v.keyIdx = payload[at], payload[at+1]>>6, payload[at+1]&0x1f
	v.sync = payload[at+1]&0x20 != 0
	v.key = v.start && payload[at+2]&1 == 0
	return v
}

// h264 builds a single NAL unit packet.
func h264(kind uint8, body ...byte) []byte { return append([]byte{0x60 | kind}, body...) }

// h265 builds a single NAL unit packet of temporal layer 0.
func h265(kind uint8, body ...byte) []byte { return append([]byte{kind << 1, 1}, body...) }

// mustReceive gives a packet to in and fails unless it is accepted.
func mustReceive(t testing.TB, in *Inbound, now time.Duration, raw []byte) *Packet {
	t.Helper()
	p := new(Packet)
	if r := in.Receive(now, raw, p); r != None {
		t.Fatalf("dropped: %v", r)
	}
	return p
}

// parsed reads a rewritten packet with pion/rtp.
func parsed(t testing.TB, raw []byte) *rtp.Packet {
	t.Helper()
	p := new(rtp.Packet)
	if err := p.Unmarshal(raw); err != nil {
		t.Fatalf("not an RTP packet: %v: %x", err, raw)
	}
	return p
}

// seeded returns a random source that is the same in every run.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x5eed)) }

// ms makes durations readable in tables.
func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
