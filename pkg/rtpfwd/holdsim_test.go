package rtpfwd

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// pushing pushes packets; of eight in a row the first late ones come behind the others.
func pushing(late int) func(int) {
	h, out := NewHold(512), make([]*Packet, 0, 16)
	ps := make([]Packet, 1024)
	return func(i int) {
		p := &ps[i%len(ps)]
		p.Seq = firstCycle + SeqNo(i&^7+(i+late)&7)
		out = h.Push(time.Duration(i)*time.Millisecond, p, out[:0])
	}
}

// holdPath is a path in a simulation.
type holdPath struct {
	name    string
	loss    float64
	reorder float64       // this share comes 1 ms to delay late
	delay   int           // ms
	rtt     int           // ms
	nack    bool          // lost packets are asked for, with the same loss
	wait    [2]int        // ms, what the wait ends at
	ordered float64       // at least this share of what was sent is released
	mean    time.Duration // at most this delay on the average
}

var holdPaths = []holdPath{
	{"no loss", 0, 0, 0, 50, true, [2]int{80, 80}, 1, 0},
	{"1 % loss, RTT 20 ms", 0.01, 0, 0, 20, true, [2]int{32, 70}, 0.9998, ms(1)},
	{"1 % loss, RTT 50 ms", 0.01, 0, 0, 50, true, [2]int{66, 80}, 0.9998, ms(4)},
	{"5 % loss, RTT 50 ms", 0.05, 0, 0, 50, true, [2]int{66, 80}, 0.997, ms(17)},
	{"10 % reordered by up to 30 ms", 0, 0.1, 30, 50, true, [2]int{34, 40}, 0.9999, ms(3)},
	{"1 % loss, RTT 150 ms", 0.01, 0, 0, 150, true, [2]int{0, 0}, 0.99, ms(1)},
	{"1 % loss, no NACK", 0.01, 0, 0, 0, false, [2]int{0, 0}, 0.99, ms(2)},
	{"1 % loss, RTT 150 ms, 10 % reordered", 0.01, 0.1, 30, 150, true, [2]int{34, 40}, 0.989, ms(5)},
}

// TestHoldSimulation sends two minutes of 250 packets/s over paths with loss, repairs and
// reordering. The figures of the comment on Hold come from here.
func TestHoldSimulation(t *testing.T) {
	for i, path := range holdPaths {
		s := newHoldSimulation(path, seeded(uint64(i)+50))
		got := s.run(t)
		ordered := float64(got.Released) / float64(s.sent)
		mean := got.Delay / time.Duration(max(got.Released, 1))
		t.Logf("%-38s wait %3d ms, released in order %.3f %%, missing %d, late %d, mean delay %v, 99 %%: %v", path.name,
			got.Wait/time.Millisecond, 100*ordered, got.Missing, got.Late, mean.Round(10*time.Microsecond), s.quantile(990))
		if got.Wait < ms(path.wait[0]) || got.Wait > ms(path.wait[1]) {
			t.Errorf("%s: the wait is %v, want %d to %d ms", path.name, got.Wait, path.wait[0], path.wait[1])
		}
		if ordered < path.ordered || mean > path.mean {
			t.Errorf("%s: %.5f released in order, mean delay %v", path.name, ordered, mean)
		}
	}
}

// holdSimulation moves in steps of 1 ms.
type holdSimulation struct {
	holdPath
	rng     *rand.Rand
	in      *Inbound
	hold    *Hold
	arrives map[int][]uint16 // numbers, by ms
	sent    int
	delays  []time.Duration
}

func newHoldSimulation(p holdPath, rng *rand.Rand) *holdSimulation {
	return &holdSimulation{
		holdPath: p, rng: rng, hold: NewHold(512), arrives: map[int][]uint16{},
		in: NewInbound(InboundConfig{SSRC: 1000, ClockRate: 48000, Payloads: testPayloads(), NACK: p.nack}),
	}
}

// put lets a number arrive, if it is not lost.
func (s *holdSimulation) put(seq uint16, at int) {
	if s.rng.Float64() < s.loss {
		return
	}
	if s.rng.Float64() < s.reorder {
		at += 1 + s.rng.IntN(s.delay)
	}
	s.arrives[at] = append(s.arrives[at], seq)
}

func (s *holdSimulation) run(t *testing.T) HoldStats {
	const length = 120_000
	raw := testPacket{pt: ptOpus, payload: []byte{1}}.raw(t)
	var nacks []uint16
	var out []*Packet
	last := SeqNo(0)
	for at := range length {
		now := ms(at)
		if at%4 == 0 && at < length-1000 {
			s.put(uint16(s.sent), at)
			s.sent++
		}
		out = s.hold.Advance(now, out[:0])
		for _, seq := range s.arrives[at] {
			put16(raw[2:], seq)
			p := new(Packet)
			if s.in.Receive(now, slices.Clone(raw), p) == None {
				out = s.hold.Push(now, p, out)
			}
		}
		delete(s.arrives, at)
		s.hold.SetPath(ms(s.rtt), 0)
		nacks = s.in.Nacks(now, ms(s.rtt), nacks[:0])
		for _, seq := range nacks {
			s.put(seq, at+s.rtt)
		}
		for _, p := range out {
			if p.Seq <= last {
				t.Fatalf("%d after %d", p.Seq, last)
			}
			last = p.Seq
			s.delays = append(s.delays, now-p.Arrival)
		}
	}
	return s.hold.Stats(ms(length))
}

// quantile is one of what the Hold delayed packets by.
func (s *holdSimulation) quantile(permille int) time.Duration {
	slices.Sort(s.delays)
	return s.delays[len(s.delays)*permille/1000]
}
