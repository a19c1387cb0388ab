package rtpfwd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// holding drives a Hold by what it looks at.
type holding struct {
	t   *testing.T
	h   *Hold
	now time.Duration
}

func newHolding(t *testing.T, size int) *holding { return &holding{t: t, h: NewHold(size)} }

// at moves the time in ms.
func (h *holding) at(n int) *holding {
	h.now = ms(n)
	return h
}

// want pushes a packet, or lets time pass if seq is 0, and compares what is released.
// flags: k keyframe start, p with picture size, m marker, h H264, else audio.
func (h *holding) want(want string, seq SeqNo, time RTPTime, flags string) {
	h.t.Helper()
	var out []*Packet
	if seq == 0 {
		out = h.h.Advance(h.now, nil)
	} else {
		out = h.h.Push(h.now, heldPacket(seq, time, flags), nil)
	}
	var got []string
	for _, p := range out {
		got = append(got, fmt.Sprint(p.Seq))
	}
	if text := strings.Join(got, " "); text != want {
		h.t.Errorf("%v, packet %d: released %q, want %q", h.now, seq, text, want)
	}
}

func heldPacket(seq SeqNo, time RTPTime, flags string) *Packet {
	p := &Packet{Seq: seq, Time: time, Codec: VP8, Marker: strings.Contains(flags, "m")}
	p.Desc.Keyframe = strings.Contains(flags, "k")
	p.Desc.Start = p.Desc.Keyframe
	if strings.Contains(flags, "p") {
		p.Desc.Width = 320
	}
	if strings.Contains(flags, "h") {
		p.Codec = H264
	}
	return p
}

func TestHoldOrders(t *testing.T) {
	h := newHolding(t, 64)
	h.want("10", 10, 0, "")
	h.want("", 9, 0, "") // from before the first one
	h.at(20).want("", 12, 0, "")
	h.at(30).want("", 13, 0, "")
	h.want("", 13, 0, "")
	if s := h.h.Stats(h.now); s.Depth != 2 || s.Waited != ms(10) || s.Late != 1 || s.Wait != holdMost {
		t.Errorf("%+v", s)
	}
	h.at(40).want("11 12 13", 11, 0, "")
	h.want("", 11, 0, "")
	h.want("", 15, 0, "")
	if d := h.h.Deadline(); d != ms(40)+h.h.Stats(h.now).Wait {
		t.Errorf("deadline %v", d)
	}
	h.at(139).want("", 0, 0, "")
	h.at(140).want("15", 0, 0, "")
	h.at(150).want("", 14, 0, "")
	h.want("", 14, 0, "")
	h.want("16", 16, 0, "")
	want := HoldStats{Wait: holdMost, Released: 6, Delay: ms(20 + 10 + 100), Missing: 1, Gaps: 1, Late: 2}
	if got := h.h.Stats(h.now); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if d := h.h.Deadline(); d != Never {
		t.Errorf("deadline %v of nothing", d)
	}
}

// TestHoldBounds: the span is never exceeded, and jumps leave nothing behind.
func TestHoldBounds(t *testing.T) {
	h := newHolding(t, 8)
	h.want("100", 100, 0, "")
	h.want("", 102, 0, "")
	h.want("", 108, 0, "")
	h.want("102", 109, 0, "") // 101 does not fit any more
	h.want("", 110, 0, "")
	h.want("108 109 110", 100000, 0, "")
	h.want("99993", 99993, 0, "") // what still fits is waited for
	h.want("", 99992, 0, "")
	h.want("", 99994-seenWindow+1, 0, "")
	h.want("100000 98970", 99994-seenWindow, 0, "") // began anew
	h.want("98971", 98971, 0, "")
	s := h.h.Stats(h.now)
	if s.Restarts != 1 || s.Missing != 1+5+(99993-111)+6 || s.Late != 2 || s.Depth != 0 || s.Gaps != 4 {
		t.Errorf("%+v", s)
	}
	if n := len(NewHold(0).places); n != 2 {
		t.Errorf("size 0 became %d", n)
	}
	if n := len(NewHold(1 << 30).places); n != maxRingSize {
		t.Errorf("a huge span has %d places", n)
	}
}

func TestHoldKeyframe(t *testing.T) {
	h := newHolding(t, 64)
	h.want("10", 10, 1, "m")
	h.want("", 12, 2, "m")
	h.want("", 14, 3, "k")
	h.want("12 14 15", 15, 3, "m") // 11 and 13 are of no use any more
	h.want("", 17, 4, "m")
	h.want("", 20, 5, "m")
	h.want("", 18, 5, "k")
	h.want("17 18 19 20", 19, 5, "") // its middle came last
	h.want("", 22, 6, "m")
	h.want("", 23, 7, "k")
	h.want("22 23 24", 24, 8, "") // without a marker the next picture tells

	h.want("", 26, 9, "hm")
	h.want("", 28, 10, "hkm") // 27 may have the parameter sets
	h.want("", 29, 11, "h")
	h.want("26 27 28 29", 27, 10, "hkp")
	h.want("", 31, 12, "hm")
	h.want("", 32, 13, "hk")
	h.want("31 32 33", 33, 13, "hm") // they are in the SDP, nothing is missing before it
	h.want("", 35, 14, "hm")
	h.want("", 37, 15, "hkp")
	h.want("35 37 38", 38, 15, "hkm")
	h.want("", 42, 16, "hkm")
	h.want("", 41, 16, "h") // 40 may have the parameter sets, and 39 too
	h.want("40 41 42", 40, 16, "hkp")
}

func TestHoldTime(t *testing.T) {
	h := NewHold(64)
	wait := func(what string, low, high int) {
		t.Helper()
		if got := h.Stats(0).Wait; got < ms(low) || got > ms(high) {
			t.Errorf("%s: %v, want %d to %d ms", what, got, low, high)
		}
	}
	wait("nothing is known", 100, 100)
	h.SetPath(ms(40), ms(2))
	wait("RTT 40 ms", 74, 74)
	h.SetPath(ms(200), ms(2))
	wait("repairs would come too late", 14, 14)
	now := time.Duration(0)
	fill := func(n int, late time.Duration) {
		for range n {
			now += ms(20)
			h.wait.noticed(now, 1)
			h.wait.came(now, late)
		}
	}
	fill(500, ms(30))
	wait("filled after 30 ms", 40, 44)
	fill(20, ms(70))
	wait("some after 70 ms", 80, 89)
	fill(15000, ms(5))
	wait("forgotten", 15, 16)
	fill(15000, ms(101))
	wait("nothing comes in time", 0, 0)
	fill(3000, ms(60))
	wait("things come again", 70, 78)
	h.wait.noticed(now+time.Hour, 1)
	wait("an hour later only the path is known", 14, 14)
}

// TestHoldLikeMap and FuzzHold compare with a model.
func TestHoldLikeMap(t *testing.T) {
	rng := seeded(31)
	for range 300 {
		steps := make([]byte, 3*rng.IntN(200))
		for i := range steps {
			steps[i] = byte(rng.Uint32())
		}
		runHold(t, steps)
	}
}

func FuzzHold(f *testing.F) {
	f.Add([]byte{0x03, 0, 5, 0x03, 2, 5, 0x03, 1, 90, 0xf3, 200, 1})
	f.Add([]byte{0x01, 0, 5, 0x81, 2, 5, 0x41, 3, 1})
	f.Fuzz(func(t *testing.T, steps []byte) { runHold(t, steps) })
}

// holdModel keeps all that came, without bounds or rings.
type holdModel struct {
	came, noticed map[SeqNo]time.Duration
	packets       map[SeqNo]*Packet
	next, highest SeqNo
	missing, late uint64
}

// runHold gives packets described by three bytes: what to do, how far, and how much later.
func runHold(t *testing.T, steps []byte) {
	t.Helper()
	const size = 32
	h := NewHold(size)
	m := &holdModel{came: map[SeqNo]time.Duration{}, noticed: map[SeqNo]time.Duration{}, packets: map[SeqNo]*Packet{}}
	now, newest := time.Duration(0), SeqNo(70000)
	for i := 0; i+2 < len(steps); i += 3 {
		a, far := steps[i], SeqNo(steps[i+1])
		now += ms(int(steps[i+2]) / 8)
		seq := newest - far%64
		switch a & 3 {
		case 1:
			seq = newest + far%4 + 1
		case 2:
			seq = newest + 1
		case 3:
			if a > 0xf0 {
				seq = newest + 16*far - 2048
			}
		}
		newest = max(newest, seq)
		if seq < newest-seenWindow {
			newest = seq
		}
		p := &Packet{Seq: seq, Time: RTPTime(seq / 3), Marker: seq%3 == 2, Codec: VP8}
		p.Desc = codec.Descriptor{Keyframe: seq%48 == 0, Start: seq%3 == 0}
		m.compare(t, h, now, h.Push(now, p, nil), p, size)
		now += ms(int(a>>2) / 4)
		if d := h.Deadline(); d <= now {
			m.compare(t, h, now, h.Advance(now, nil), nil, size)
		}
		if h.Deadline() <= now {
			t.Fatalf("deadline %v is over at %v", h.Deadline(), now)
		}
	}
}

// compare gives the same packet to the model and checks what was released.
func (m *holdModel) compare(t *testing.T, h *Hold, now time.Duration, out []*Packet, p *Packet, size SeqNo) {
	t.Helper()
	var want []*Packet
	first := SeqNo(0) // all before it is released or given up
	if p != nil {
		want, first = m.push(now, p, size)
	}
	for m.next <= m.highest {
		if held := m.packets[m.next]; held != nil {
			want = append(want, held)
		} else if m.next >= first && now < m.noticed[m.next]+h.Stats(now).Wait && !m.superseded() {
			break
		} else {
			m.missing++
		}
		m.next++
	}
	if fmt.Sprint(seqs(out)) != fmt.Sprint(seqs(want)) {
		t.Fatalf("released %v, want %v", seqs(out), seqs(want))
	}
	depth := 0
	for seq := m.next; seq <= m.highest; seq++ {
		if m.packets[seq] != nil {
			depth++
		}
	}
	if s := h.Stats(now); s.Depth != depth || s.Missing != m.missing || s.Late != m.late || s.Wait < 0 || s.Wait > holdMost {
		t.Fatalf("%+v, want depth %d, missing %d, late %d", s, depth, m.missing, m.late)
	}
}

// push notes a packet. All holes before first are given up.
func (m *holdModel) push(now time.Duration, p *Packet, size SeqNo) (out []*Packet, first SeqNo) {
	if m.next == 0 || p.Seq <= m.next-seenWindow {
		for ; m.next <= m.highest && m.next > 0; m.next++ {
			if held := m.packets[m.next]; held != nil {
				out = append(out, held)
			} else {
				m.missing++
			}
		}
		clear(m.came)
		clear(m.noticed)
		clear(m.packets)
		m.next, m.highest = p.Seq, p.Seq-1
	}
	if p.Seq < m.next {
		if _, twice := m.came[p.Seq]; !twice || p.Seq <= m.highest-size {
			m.late++
		}
		m.came[p.Seq] = now
		return out, 0
	}
	for seq := m.highest + 1; seq < p.Seq; seq++ {
		m.noticed[seq] = now
	}
	if m.packets[p.Seq] == nil {
		m.came[p.Seq], m.packets[p.Seq] = now, p
	}
	m.highest = max(m.highest, p.Seq)
	return out, p.Seq - size + 1
}

// superseded says whether a whole keyframe of three packets lies behind the next number.
// They lie so far apart that at most one is within the span.
func (m *holdModel) superseded() bool {
	for seq := m.next + 1; seq <= m.highest; seq++ {
		if seq%48 == 0 && m.packets[seq] != nil && m.packets[seq+1] != nil && m.packets[seq+2] != nil {
			return true
		}
	}
	return false
}

func seqs(ps []*Packet) []SeqNo {
	var out []SeqNo
	for _, p := range ps {
		out = append(out, p.Seq)
	}
	return out
}
