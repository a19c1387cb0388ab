package rtpfwd

import (
	"testing"
	"time"
)

// microphone feeds a Forwarder and an Outbound with audio packets of 20 ms.
type microphone struct {
	t    testing.TB
	f    *Forwarder
	o    *Outbound
	ring *Replica
	seq  SeqNo
	now  time.Duration
	ps   [64]Packet
	raw  []byte
	buf  []byte
	out  []Choice

	sent, offered int
	last          rtpHead
}

// rtpHead is what a receiver sees of a packet.
type rtpHead struct {
	seq    uint16
	time   uint32
	marker bool
}

func newMicrophone(t testing.TB) *microphone {
	m := &microphone{t: t, seq: firstCycle, raw: make([]byte, 100), buf: make([]byte, 1500)}
	m.ring = &Replica{Ring: NewRing(64), Rate: 48000}
	m.f = NewForwarder(ForwarderConfig{Codec: Opus, Replicas: []*Replica{m.ring}})
	m.o = NewOutbound(outConfig())
	m.o.SetSource(0, OutboundSource{CSRC: 1, Codec: Opus, Rate: 48000, PayloadType: 111})
	return m
}

// next makes the next packet, without giving it to anybody.
func (m *microphone) next(level uint8) *Packet {
	p := &m.ps[m.seq%64]
	*p = Packet{
		Raw: m.raw, Seq: m.seq, Time: RTPTime(m.seq) * 960, Arrival: m.now, Codec: Opus,
		Level: level, HasLevel: true, payloadStart: 12, payloadEnd: 92, Desc: noDescriptor(),
	}
	m.seq++
	m.now += ms(20)
	m.offered++
	return p
}

// give forwards a packet and says whether it was sent.
func (m *microphone) give(p *Packet) bool {
	m.ring.Ring.Put(p)
	m.out = m.f.Select(p.Arrival, p, m.out[:0])
	for _, c := range m.out {
		if c.filler || m.o.Rewrite(p.Arrival, c, m.buf) == 0 {
			m.t.Fatal("a filler or nothing was sent")
		}
		m.sent++
		m.last = rtpHead{get16(m.buf[2:]), get32(m.buf[4:]), m.buf[1]&0x80 != 0}
	}
	return len(m.out) == 1
}

// hears gives n packets of a level and returns how many were sent.
func (m *microphone) hears(n int, level uint8) int {
	before := m.sent
	for range n {
		m.give(m.next(level))
	}
	return m.sent - before
}

// TestSilenceIsLeftOut: numbers have no hole, timestamps keep their distances, and the
// first sound passes at once with the marker.
func TestSilenceIsLeftOut(t *testing.T) {
	m := newMicrophone(t)
	if n := m.hears(100, 30); n != 100 {
		t.Errorf("%d of 100 packets of speech", n)
	}
	if n := m.hears(50, 127); n != 50 {
		t.Errorf("%d of 50 packets of the first second", n)
	}
	before := m.last
	for i := range 5 {
		if n := m.hears(20, 127); n != 1 {
			t.Errorf("%d packets in 400 ms of silence", n)
		}
		if m.last.seq != before.seq+1 || m.last.time != before.time+20*960 || m.last.marker {
			t.Errorf("silent packet %d: %+v after %+v", i, m.last, before)
		}
		before = m.last
	}
	m.hears(7, 127)
	if !m.give(m.next(126)) || m.last.seq != before.seq+1 || m.last.time != before.time+8*960 || !m.last.marker {
		t.Errorf("first sound: %+v after %+v", m.last, before)
	}
	if !m.give(m.next(30)) || m.last.marker {
		t.Errorf("second sound: %+v", m.last)
	}
	if n := m.hears(50, 127); n != 50 {
		t.Errorf("%d of 50 packets of the first second of the next silence", n)
	}
}

// TestSilenceNeedsProof: without a level, or with the voice flag, everything passes.
func TestSilenceNeedsProof(t *testing.T) {
	m := newMicrophone(t)
	m.hears(200, 127)
	for range 100 {
		p := m.next(127)
		p.HasLevel = false
		if !m.give(p) {
			t.Fatal("a packet without level was left out")
		}
	}
	m.hears(200, 127)
	p := m.next(127)
	if p.Voice = true; !m.give(p) {
		t.Error("a packet with voice was left out")
	}
}

// TestSilenceAndLoss: what is lost amid silence keeps its number, and fills it when it
// comes late.
func TestSilenceAndLoss(t *testing.T) {
	m := newMicrophone(t)
	m.hears(75, 127)
	before := m.last
	silent := m.next(127)
	m.hears(3, 127)
	sound := m.next(30)
	if !m.give(m.next(30)) || m.last.seq != before.seq+3 {
		t.Errorf("two packets are missing, the next one is %+v after %+v", m.last, before)
	}
	if !m.give(sound) || m.last.seq != before.seq+2 {
		t.Errorf("the sound that was late: %+v after %+v", m.last, before)
	}
	if !m.give(silent) || m.last.seq != before.seq+1 {
		t.Errorf("the silence that was late: %+v after %+v", m.last, before)
	}

	m.hears(75, 127)
	lost := [2]*Packet{m.next(127), m.next(30)}
	m.hears(3, 127)
	for _, p := range lost {
		if !m.give(p) {
			t.Errorf("packet %d came late and was left out", p.Seq)
		}
	}
	if n := m.hears(3, 127); n != 0 {
		t.Errorf("what came late ended the silence: %d packets", n)
	}
}

// TestSilenceOfDTX: all of it passes, however it arrives; and after a restart of the
// timestamps silence is counted anew.
func TestSilenceOfDTX(t *testing.T) {
	m := newMicrophone(t)
	rng := seeded(8)
	m.hears(75, 127)
	at := m.f.silence.passed
	for i := range 50 {
		p := m.next(127)
		p.Time = at + RTPTime(19200*(i+1))
		p.Arrival = m.now + ms(400*i+rng.IntN(80))
		if !m.give(p) {
			t.Fatalf("packet %d of DTX was left out", i)
		}
	}
	m = newMicrophone(t)
	m.hears(75, 127)
	for i := range 60 {
		p := m.next(127)
		p.Time -= 960 * 70
		if sent := m.give(p); sent != (i < 50) {
			t.Fatalf("packet %d after a restart: sent %v", i, sent)
		}
	}
}

// TestSilenceSaves: of a call in which most microphones are switched off in the page.
func TestSilenceSaves(t *testing.T) {
	m := newMicrophone(t)
	for range 5 {
		m.hears(10*50, 30)
		m.hears(110*50, 127)
	}
	share := float64(m.sent) / float64(m.offered)
	t.Logf("%d of %d packets are sent: %.1f %%; of those in silence %.1f %%", m.sent, m.offered, 100*share,
		100*float64(m.sent-2500)/float64(m.offered-2500))
	if share > 0.15 {
		t.Errorf("%.3f are sent", share)
	}
}

// silencing forwards a microphone that is switched off.
func silencing(t testing.TB) func(int) {
	m := newMicrophone(t)
	return func(int) { m.hears(1, 127) }
}
