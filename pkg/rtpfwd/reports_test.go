package rtpfwd

import (
	"math"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestReceptionReport(t *testing.T) {
	in := newTestInbound(0, 90000)
	if r := in.ReceptionReport(0); r.SSRC != 1000 || r.LastSequenceNumber != 0 || r.FractionLost != 0 {
		t.Errorf("before the first packet: %+v", r)
	}
	send := func(from, to int, lost func(seq int) bool) {
		for seq := from; seq < to; seq++ {
			if !lost(seq) {
				raw := testPacket{pt: ptVP8, seq: uint16(seq), payload: body(uint16(seq))}.raw(t)
				mustReceive(t, in, ms(seq), raw)
			}
		}
	}
	none := func(int) bool { return false }
	send(65000, 65100, none)
	r := in.ReceptionReport(time.Second)
	if r.FractionLost != 0 || r.TotalLost != 0 || r.LastSequenceNumber != 65099 {
		t.Errorf("no loss: %+v", r)
	}
	send(65100, 66124, func(seq int) bool { return seq%4 == 0 })
	r = in.ReceptionReport(2 * time.Second)
	if r.FractionLost != 64 || r.TotalLost != 256 || r.LastSequenceNumber != 66123 {
		t.Errorf("a quarter lost over the wrap: %+v", r)
	}
	p := new(Packet)
	for seq := 65100; seq < 66124; seq += 4 {
		raw := testPacket{pt: ptVP8, seq: uint16(seq), payload: body(uint16(seq))}.raw(t)
		in.ReceiveRTX(0, rtx(raw, uint16(seq)), p)
	}
	send(66124, 66140, none)
	r = in.ReceptionReport(3 * time.Second)
	if r.FractionLost != 0 || r.TotalLost != 256 {
		t.Errorf("repairs must not hide the loss of the path: %+v", r)
	}
	if s := in.Stats(); s.Lost != 256 || s.Recovered == 0 {
		t.Errorf("%+v", s)
	}
}

func TestReceptionReportTellsDelay(t *testing.T) {
	in := newTestInbound(0, 90000)
	mustReceive(t, in, 0, testPacket{pt: ptVP8, payload: body(0)}.raw(t))
	if r := in.ReceptionReport(time.Second); r.LastSenderReport != 0 || r.Delay != 0 {
		t.Errorf("without sender report: %+v", r)
	}
	in.SenderReport(time.Second, 0x1111_2222_3333_4444, 0, time.Second)
	r := in.ReceptionReport(2500 * time.Millisecond)
	if r.LastSenderReport != 0x2222_3333 || r.Delay != 3<<15 {
		t.Errorf("%+v", r)
	}
	if got := compactNTP(math.MaxInt64); got != 65535<<16 {
		t.Errorf("longest delay: %x", got)
	}
}

func TestJitter(t *testing.T) {
	in := newTestInbound(0, 90000)
	rng := seeded(6)
	for i := range 2000 {
		// Every 20 ms, late by 0 or 16 ms: the change is 0 or 16 ms, on average 8.
		now := ms(20*i + 16*rng.IntN(2))
		time := uint32(math.MaxUint32 - 50*1800 + 1800*i) // wraps
		for k := range 2 {
			b := testPacket{pt: ptVP8, seq: uint16(2*i + k), time: time, payload: body(0)}
			mustReceive(t, in, now+ms(5*k), b.raw(t)) // the second packet of a picture does not count
		}
	}
	if j := in.Stats().Jitter; j < ms(5) || j > ms(12) {
		t.Errorf("jitter %v, want about 8 ms", j)
	}
	if r := in.ReceptionReport(time.Minute); r.Jitter < 450 || r.Jitter > 1080 {
		t.Errorf("jitter %d ticks, want about 720", r.Jitter)
	}
}

func TestInboundClock(t *testing.T) {
	in := newTestInbound(0, 48000)
	if _, ok := in.Clock(); ok {
		t.Error("a clock before the first report")
	}
	in.SenderReport(time.Second, 1<<32, math.MaxUint32-10, 900*time.Millisecond)
	p := mustReceive(t, in, time.Second, testPacket{pt: ptOpus, time: 949, payload: []byte{1}}.raw(t))
	c, ok := in.Clock()
	if !ok || c.Rate != 48000 {
		t.Fatalf("%+v %v", c, ok)
	}
	if at := c.TimeOf(p.Time); at != 920*time.Millisecond {
		t.Errorf("the packet was sampled at %v, want 920ms", at)
	}
}

func TestReceiverReport(t *testing.T) {
	o := NewOutbound(OutboundConfig{SSRC: 5})
	now := uint64(0xe000_0010_0000_0000)
	tests := []struct {
		name string
		r    rtcp.ReceptionReport
		rtt  time.Duration
		loss float64
	}{
		{"no sender report yet", rtcp.ReceptionReport{SSRC: 5, FractionLost: 64}, 0, 0.25},
		{"half a second", rtcp.ReceptionReport{SSRC: 5, LastSenderReport: 0x000e_8000, Delay: 0x0001_0000}, ms(500), 0},
		{"another SSRC", rtcp.ReceptionReport{SSRC: 6, FractionLost: 128}, ms(500), 0},
		{"negative", rtcp.ReceptionReport{SSRC: 5, LastSenderReport: 0x0010_0000, Delay: 1}, ms(500), 0},
		{"a lie", rtcp.ReceptionReport{SSRC: 5, LastSenderReport: 0x9000_0000}, ms(500), 0},
		{"at once", rtcp.ReceptionReport{SSRC: 5, LastSenderReport: 0x0010_0000, FractionLost: 255}, 0, 255.0 / 256},
	}
	for _, test := range tests {
		o.ReceiverReport(0, now, test.r)
		if s := o.Stats(); s.RTT != test.rtt || s.FractionLost != test.loss {
			t.Errorf("%s: %v, loss %v, want %v, %v", test.name, s.RTT, s.FractionLost, test.rtt, test.loss)
		}
	}
}
