package rtpfwd

import (
	"bytes"
	"testing"
	"time"
)

// This file is a small world of sound: publications of Opus, of RED and of both in turn,
// with pauses of DTX, on a path that loses and delays, and Slots that get RED or do not.
// Plain maps say what each Slot must send, and what it can send again.

// soundPacket is what is true of a packet.
type soundPacket struct {
	number int // in its publication
	time   uint32
	data   []byte
	blocks []redBlock // of RED; nil: plain Opus
}

// soundSource is a publication.
type soundSource struct {
	forms   string // 'o' and 'r', in turn
	sent    []soundPacket
	at      uint32 // RTP time
	pause   int    // packets to be silent
	in      *Inbound
	replica *Replica
	arrived map[int]bool
	newest  int
}

// soundSlot is a Slot with its model.
type soundSlot struct {
	out       *Outbound
	red       bool
	repair    bool // by RTX
	redundant int
	f         *Forwarder
	since     int // the first packet of its source; -1: none yet
	sent      map[uint16]*soundSent
}

// soundSent is what a Slot sent under a number.
type soundSent struct {
	raw     []byte
	source  *soundSource
	needs   []int // numbers of packets that it is made of
	resends int
}

type soundWorld struct {
	t       *testing.T
	now     time.Duration
	sources []*soundSource
	slots   []*soundSlot
	shown   *soundSource
}

const soundRing = 32

func newSoundWorld(t *testing.T) *soundWorld {
	w := &soundWorld{t: t}
	for i, forms := range []string{"o", "r", "oorro"} {
		w.sources = append(w.sources, &soundSource{
			forms: forms, at: uint32(i) * 0x7fff_ff00, in: newTestInbound(0, 48000), arrived: map[int]bool{}, newest: -1,
			replica: &Replica{Ring: NewRing(soundRing), Rate: 48000},
		})
	}
	for i := range 5 {
		config := outConfig()
		s := &soundSlot{red: i > 1, repair: i%2 == 1, redundant: min(i-1, 2), sent: map[uint16]*soundSent{}}
		if !s.repair {
			config.RTXSSRC = 0
		}
		s.out = NewOutbound(config)
		w.slots = append(w.slots, s)
	}
	w.show(w.sources[0])
	return w
}

// show gives all Slots another source.
func (w *soundWorld) show(source *soundSource) {
	w.shown = source
	for _, s := range w.slots {
		s.f, s.since = NewForwarder(ForwarderConfig{Codec: Opus, Replicas: []*Replica{source.replica}}), -1
		s.f.SetTarget(w.now, Layer{})
		o := OutboundSource{Codec: Opus, Rate: 48000, PayloadType: 120, RTXPayloadType: 121}
		if s.red {
			o.BlockPayloadType, o.Redundant = ptBlock, uint8(s.redundant)
		}
		s.out.SetSource(w.now, o)
	}
}

// next makes the next packet of a publication.
func (s *soundSource) next(r func(int) int) *soundPacket {
	p := soundPacket{number: len(s.sent), time: s.at, data: make([]byte, 1+r(60))}
	switch r(40) {
	case 0:
		p.data = make([]byte, 1000+r(60))
	case 1:
		p.data = p.data[:1] // DTX
	case 2:
		s.pause = 1 + r(25)
	}
	for i := range p.data {
		p.data[i] = byte(r(256))
	}
	if s.forms[p.number%len(s.forms)] == 'r' {
		for i := min(r(3), p.number); i > 0; i-- {
			if q := &s.sent[p.number-i]; len(q.data) < 1024 && p.time-q.time < 1<<14 {
				p.blocks = append(p.blocks, redBlock{p.time - q.time, q.data})
			}
		}
		if r(30) == 0 {
			p.data = nil
		}
		p.blocks = append(p.blocks, redBlock{0, p.data})
	}
	s.sent = append(s.sent, p)
	return &s.sent[p.number]
}

// raw is the packet as the publisher sends it.
func (p *soundPacket) raw(t *testing.T) []byte {
	b := testPacket{pt: ptOpus, seq: uint16(65400 + p.number), time: p.time, payload: p.data}
	if p.blocks != nil {
		b.pt, b.payload = ptRED, redPayload(ptOpus, p.blocks...)
	}
	return b.raw(t)
}

// expected is the payload that a Slot must send for a packet, and what it is made of.
func (s *soundSlot) expected(source *soundSource, p *soundPacket) (payload []byte, needs []int) {
	needs = []int{p.number}
	if !s.red {
		return p.data, needs
	}
	if p.blocks != nil {
		first := 0
		for i, b := range p.blocks[:len(p.blocks)-1] {
			if int32(p.time-b.offset-source.sent[s.since].time) < 0 {
				first = i + 1
			}
		}
		return redPayload(ptBlock, p.blocks[first:]...), needs
	}
	blocks, later := []redBlock{{0, p.data}}, p
	size := 16 + 2 + 1 + len(p.data)
	for i := 1; i <= s.redundant && p.number-i >= s.since && source.arrived[p.number-i]; i++ {
		q := &source.sent[p.number-i]
		size += 4 + len(q.data)
		if len(q.data) == 0 || len(q.data) > 1023 || later.time-q.time > 5760 || size > 1200 {
			break
		}
		blocks = append([]redBlock{{p.time - q.time, q.data}}, blocks...)
		needs, later = append(needs, q.number), q
	}
	return redPayload(ptBlock, blocks...), needs
}

// arrive takes a packet to all Slots and compares what they send.
func (w *soundWorld) arrive(source *soundSource, p *soundPacket) {
	packet := mustReceive(w.t, source.in, w.now, p.raw(w.t))
	source.arrived[p.number], source.newest = true, max(source.newest, p.number)
	source.replica.Ring.Put(packet)
	if source != w.shown {
		return
	}
	for i, s := range w.slots {
		if s.since < 0 {
			s.since = p.number
		}
		buf, n := make([]byte, 4096), 0
		for _, c := range s.f.Select(w.now, packet, nil) {
			n += s.out.Rewrite(w.now, c, buf)
		}
		if p.number < s.since {
			if n != 0 {
				w.t.Fatalf("slot %d sent what is older than its source", i)
			}
			continue
		}
		if n == 0 {
			w.t.Fatalf("slot %d, packet %d since %d: refused by %v", i, p.number, s.since, s.out.Stats().Refused)
		}
		want, needs := s.expected(source, p)
		got := parsed(w.t, buf[:n])
		if !bytes.Equal(got.Payload, want) {
			w.t.Fatalf("slot %d, packet %d: %x, want %x", i, p.number, got.Payload, want)
		}
		if s.sent[got.SequenceNumber] != nil {
			w.t.Fatalf("slot %d: number %d twice", i, got.SequenceNumber)
		}
		s.sent[got.SequenceNumber] = &soundSent{raw: buf[:n], source: source, needs: needs}
	}
}

// repair asks a Slot for a number again, and holds what comes against what was sent.
func (w *soundWorld) repair(s *soundSlot, wire uint16) {
	e := s.sent[wire]
	if e == nil || e.resends == maxResends {
		return
	}
	there := true
	for _, number := range e.needs {
		for k := number + soundRing; k <= e.source.newest; k += soundRing {
			there = there && !e.source.arrived[k]
		}
	}
	w.now += minResendSpacing // a late packet was just sent
	s.out.budget = Budget{}   // and that of the Transport: what is granted depends on what is there
	granted := s.out.Feedback(w.now, 0, []uint16{wire}, new(Budget), nil)
	if (len(granted) == 1) != there {
		w.t.Fatalf("number %d of packets %v, the newest is %d: %d granted", wire, e.needs, e.source.newest, len(granted))
	}
	if !there {
		return
	}
	e.resends++
	buf := make([]byte, 4096)
	n := s.out.Resend(w.now, granted[0], buf)
	if n > granted[0].Bytes {
		w.t.Fatalf("number %d: %d bytes, announced %d", wire, n, granted[0].Bytes)
	}
	if !s.repair {
		if !bytes.Equal(buf[:n], e.raw) {
			w.t.Fatalf("number %d: %x, first %x", wire, buf[:n], e.raw)
		}
		return
	}
	got, first := parsed(w.t, buf[:n]), parsed(w.t, e.raw)
	if get16(got.Payload) != wire || !bytes.Equal(got.Payload[2:], first.Payload) || got.PayloadType != 121 {
		w.t.Fatalf("number %d: repaired by %x, first %x", wire, got.Payload, first.Payload)
	}
}

func TestREDModel(t *testing.T) {
	for seed := range uint64(8) {
		rng := seeded(seed)
		w := newSoundWorld(t)
		late := map[int][]func(){}
		for step := range 3000 {
			w.now += ms(20)
			if rng.IntN(100) == 0 {
				w.show(w.sources[rng.IntN(len(w.sources))])
			}
			for _, source := range w.sources {
				source.at += 960
				if source.pause > 0 {
					source.pause--
					continue
				}
				p := source.next(rng.IntN)
				switch rng.IntN(10) {
				case 0: // lost
				case 1:
					at := step + 1 + rng.IntN(4)
					late[at] = append(late[at], func() { w.arrive(source, &source.sent[p.number]) })
				default:
					w.arrive(source, p)
				}
			}
			for _, f := range late[step] {
				f()
			}
			for _, s := range w.slots {
				w.repair(s, uint16(s.out.highest)-uint16(rng.IntN(2*soundRing)))
			}
		}
		for i, s := range w.slots {
			if stats := s.out.Stats(); stats.Resent < 400 || stats.Refused[Gone] < 100 {
				t.Errorf("seed %d, slot %d: %+v", seed, i, stats)
			}
		}
	}
}
