package rtpfwd

import (
	"math/rand/v2"
	"testing"
	"time"
)

// lossyPath joins an Outbound to an Inbound by a path that loses packets both ways:
// what is asked for again and resent is the work of the real ones. The receiver may
// besides ask for everything all the time.
type lossyPath struct {
	t        testing.TB
	rng      *rand.Rand
	now      time.Duration
	loss     float64       // of packets
	lossBack float64       // of requests
	rtt      time.Duration // of the path, and as both sides know it
	greedy   time.Duration // asks for the latest 256 packets this often; 0: never
	out      *Outbound
	in       *Inbound
	budget   *Budget
	source   []*Packet
	replica  *Replica
	sent     int
	lost     int                      // first sendings
	bytes    int                      // of all that was sent
	resent   int                      // bytes of resends
	missed   map[uint16]time.Duration // lost at first and not there yet: when it was sent
	late     int                      // repaired after more than half a second
	forward  []inFlight
	backward []inFlight
	buf      [1500]byte
}

// inFlight is a packet or a request on its way.
type inFlight struct {
	at   time.Duration
	raw  []byte
	lost []uint16
}

// newLossyPath makes a Slot of video with packets of the given size.
func newLossyPath(t testing.TB, seed uint64, size int, budget *Budget) *lossyPath {
	l := &lossyPath{
		t: t, rng: seeded(seed), rtt: ms(50), budget: budget, source: packets(t, VP8, size),
		replica: &Replica{Ring: NewRing(1024), Rate: 90000}, missed: map[uint16]time.Duration{},
	}
	l.out = NewOutbound(outConfig())
	l.out.SetSource(0, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
	var table PayloadTable
	table.Codec[120], table.APT[121] = VP8, 120
	l.in = NewInbound(InboundConfig{SSRC: 5, ClockRate: 90000, Payloads: &table, Extensions: &ExtensionIDs{}, NACK: true})
	return l
}

// send sends the next packet for the first time.
func (l *lossyPath) send() {
	p := l.source[l.sent%len(l.source)]
	use(p, l.sent, 4)
	if l.sent > 0 {
		p.Payload()[6] |= 1 // no keyframe: it would end the requests
	}
	l.replica.Ring.Put(p)
	n := l.out.Rewrite(l.now, Choice{Packet: p, Replica: l.replica, number: int64(l.sent), picture: int64(l.sent / 4)}, l.buf[:])
	l.sent++
	if !l.transmit(n) {
		l.lost++
		l.missed[get16(l.buf[2:])] = l.now
	}
}

// transmit puts n bytes on the path, unless they are lost.
func (l *lossyPath) transmit(n int) bool {
	l.bytes += n
	l.budget.Sent(n)
	if l.rng.Float64() < l.loss {
		return false
	}
	l.forward = append(l.forward, inFlight{at: l.now + l.rtt/2, raw: append([]byte(nil), l.buf[:n]...)})
	return true
}

// ask sends a request.
func (l *lossyPath) ask(lost []uint16) {
	if len(lost) > 0 && l.rng.Float64() >= l.lossBack {
		l.backward = append(l.backward, inFlight{at: l.now + l.rtt/2, lost: lost})
	}
}

// step lets a millisecond pass.
func (l *lossyPath) step() {
	l.now += time.Millisecond
	var p Packet
	for len(l.forward) > 0 && l.forward[0].at <= l.now {
		raw := l.forward[0].raw
		l.forward = l.forward[1:]
		receive := l.in.Receive
		if raw[11] == 6 {
			receive = l.in.ReceiveRTX
		}
		if receive(l.now, raw, &p) == None {
			l.arrived(get16(p.Raw[2:]))
		}
	}
	l.ask(l.in.Nacks(l.now, l.rtt, nil))
	if l.greedy > 0 && l.now%l.greedy == 0 {
		var all []uint16
		for i := range uint16(256) {
			all = append(all, uint16(l.out.highest)-255+i)
		}
		l.ask(all)
	}
	for len(l.backward) > 0 && l.backward[0].at <= l.now {
		for _, r := range l.out.Feedback(l.now, l.rtt, l.backward[0].lost, l.budget, nil) {
			n := l.out.Resend(l.now, r, l.buf[:])
			l.resent += n
			l.transmit(n)
		}
		l.backward = l.backward[1:]
	}
}

// arrived notes that a packet is there.
func (l *lossyPath) arrived(wire uint16) {
	if at, ok := l.missed[wire]; ok && l.now-at > ms(500) {
		l.late++
	}
	delete(l.missed, wire)
}

// run sends a packet on each path every 5 ms for a time, and waits for the last repairs.
func run(t time.Duration, paths ...*lossyPath) {
	for now := time.Duration(0); now < t+2*time.Second; now += time.Millisecond {
		for _, l := range paths {
			if now < t && now%ms(5) == 0 {
				l.send()
			}
			l.step()
		}
	}
}

// unrepaired is the part of the lost packets that never came, overdue that of those
// that did not within half a second.
func (l *lossyPath) unrepaired() float64 { return float64(len(l.missed)) / float64(l.lost) }
func (l *lossyPath) overdue() float64    { return float64(len(l.missed)+l.late) / float64(l.lost) }

// share is the part of all bytes that were resends.
func share(paths ...*lossyPath) float64 {
	resent, bytes := 0, 0
	for _, l := range paths {
		resent += l.resent
		bytes += l.bytes
	}
	return float64(resent) / float64(bytes)
}

// TestRepair: what remains lost of what was lost, at the worst loss that is planned for.
func TestRepair(t *testing.T) {
	for _, test := range []struct {
		name           string
		loss, lossBack float64
		want           float64
	}{
		{"10 % each way", 0.1, 0.1, 0},
		{"30 % of the packets", 0.3, 0, 0.0002},
		{"30 % each way", 0.3, 0.3, 0.002},
	} {
		l := newLossyPath(t, 1, 1000, new(Budget))
		l.loss, l.lossBack = test.loss, test.lossBack
		run(200*time.Second, l)
		t.Logf("%s: %d of %d packets lost, %.5f of them for good, %.5f for half a second; resends are %.3f of all bytes, refused %v",
			test.name, l.lost, l.sent, l.unrepaired(), l.overdue(), share(l), l.out.Stats().Refused)
		if l.lost < 3000 || l.unrepaired() > test.want || share(l) > 1.0/3 {
			t.Errorf("%s: want at most %.5f", test.name, test.want)
		}
	}
}

// TestGreedy: one Slot is asked for everything all the time. Resends stay within their
// share, and what is lost on another Slot of the Transport, or on another Transport,
// is repaired as if nothing was. The Slot itself is repaired too, unless it is asked
// for more in a round trip than its share can carry: then nobody can tell what is
// lost from what is not.
func TestGreedy(t *testing.T) {
	for _, every := range []int{20, 1} {
		var shared Budget
		greedy, beside, alone := newLossyPath(t, 1, 1000, &shared), newLossyPath(t, 2, 1000, &shared), newLossyPath(t, 3, 1000, new(Budget))
		for _, l := range []*lossyPath{greedy, beside, alone} {
			l.loss, l.lossBack = 0.1, 0.1
		}
		greedy.greedy = ms(every)
		run(100*time.Second, greedy, beside, alone)
		for _, l := range []*lossyPath{greedy, beside, alone} {
			t.Logf("every %d ms: resends are %.3f of all bytes; of what was lost %.4f was so for good, %.4f for half a second",
				every, share(l), l.unrepaired(), l.overdue())
			if share(l) > 1.0/3 {
				t.Errorf("resends are %.3f of all bytes", share(l))
			}
			if l.overdue() > 0.001 && (l != greedy || every == 20) {
				t.Errorf("of what was lost %.4f was so for half a second", l.overdue())
			}
		}
		if share(greedy) < 0.3 || beside.lost < 1000 {
			t.Errorf("greed took %.3f of all bytes, %d packets were lost beside it", share(greedy), beside.lost)
		}
	}
}
