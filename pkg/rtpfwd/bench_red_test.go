package rtpfwd

import (
	"testing"
	"time"
)

// The hot paths of redundant sound (RFC 2198).

// twoBlocks is RED as Chromium sends it.
func twoBlocks() []byte {
	return redPayload(ptOpus, redBlock{960, make([]byte, 80)}, redBlock{0, make([]byte, 80)})
}

// rewritingRED gives choices of sound in a row to a Slot that gets RED with this type
// of blocks, or none.
func rewritingRED(t testing.TB, pt uint8, payload []byte, block uint8) func(int) {
	var ps []*Packet
	in := newTestInbound(0, 48000)
	for i := range 512 {
		b := testPacket{pt: pt, seq: uint16(i), payload: payload, extensions: map[uint8][]byte{4: {30}}}
		ps = append(ps, mustReceive(t, in, 0, b.raw(t)))
	}
	o, buf := NewOutbound(outConfig()), make([]byte, 1500)
	stream := &Replica{Ring: NewRing(256), Rate: 48000}
	o.SetSource(0, OutboundSource{Codec: Opus, Rate: 48000, PayloadType: 120, BlockPayloadType: block, Redundant: 1})
	size := 0
	return func(i int) {
		p := ps[i%len(ps)]
		p.Seq, p.Time, p.Arrival = SeqNo(i)+firstCycle, RTPTime(960*i), time.Duration(i)*ms(20)
		stream.Ring.Put(p)
		n := o.Rewrite(p.Arrival, Choice{Packet: p, Replica: stream, number: int64(i)}, buf)
		if n == 0 || i > 1 && n != size {
			t.Fatalf("%d bytes after %d", n, size)
		}
		size = n
	}
}

// restoring loses every second packet of RED.
func restoring(t testing.TB) func(int) {
	in, p, lost := newTestInbound(0, 48000), new(Packet), new(Packet)
	raw := testPacket{pt: ptRED, payload: twoBlocks()}.raw(t)
	return func(i int) {
		put16(raw[2:], uint16(2*i))
		put32(raw[4:], uint32(2*960*i))
		if in.Receive(0, raw, p) != None || in.Restore(p, lost) != (i > 0) {
			t.Fatal("not restored")
		}
	}
}

// resendingRED makes packets of RED again.
func resendingRED(t testing.TB) func(int) {
	o, buf := NewOutbound(outConfig()), make([]byte, 1500)
	in, stream := newTestInbound(0, 48000), &Replica{Ring: NewRing(512), Rate: 48000}
	o.SetSource(0, redSource(1))
	for i := range 512 {
		p := mustReceive(t, in, 0, sound(uint16(i), make([]byte, 80)...).raw(t))
		stream.Ring.Put(p)
		o.Rewrite(0, Choice{Packet: p, Replica: stream, number: int64(i)}, buf)
	}
	return func(i int) {
		if o.Resend(0, Resend{Seq: firstCycle + 100 + 256 + SeqNo(i%256)}, buf) == 0 {
			t.Fatal("gone")
		}
	}
}
