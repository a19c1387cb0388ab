package rtpfwd

import (
	"slices"
	"testing"
	"time"
)

func TestNackTimes(t *testing.T) {
	const rtt = 50 * time.Millisecond
	tests := []struct {
		name     string
		arrivals [][2]int // number, milliseconds
		at       int
		want     []uint16
	}{
		{"nothing missing", [][2]int{{10, 0}, {11, 1}}, 100, nil},
		{"one behind, too early", [][2]int{{10, 0}, {12, 1}}, 20, nil},
		{"one behind, 20 ms late", [][2]int{{10, 0}, {12, 1}}, 21, []uint16{11}},
		{"two behind", [][2]int{{10, 0}, {12, 1}, {13, 2}}, 2, []uint16{11}},
		{"reordered", [][2]int{{10, 0}, {12, 1}, {11, 2}}, 30, nil},
		{"a burst", [][2]int{{10, 0}, {15, 1}}, 1, []uint16{11, 12, 13}},
		{"a burst, 20 ms later", [][2]int{{10, 0}, {15, 1}}, 21, []uint16{11, 12, 13, 14}},
		{"over the wrap", [][2]int{{65535, 0}, {2, 1}}, 30, []uint16{0, 1}},
	}
	for _, test := range tests {
		in := newTestInbound(0, 90000)
		for _, a := range test.arrivals {
			raw := testPacket{pt: ptVP8, seq: uint16(a[0]), payload: vp8{start: true}.payload()}.raw(t)
			mustReceive(t, in, ms(a[1]), raw)
		}
		if got := in.Nacks(ms(test.at), rtt, nil); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestNackRepeats(t *testing.T) {
	for _, rtt := range []time.Duration{0, ms(5), ms(20), ms(80)} {
		m := newLossMap()
		m.advance(0, 9, 12)
		var times []time.Duration
		for now := time.Duration(0); now < 5*time.Second; now += time.Millisecond {
			if now < m.due {
				continue
			}
			for _, seq := range m.requests(now, rtt, nil) {
				if seq == 10 {
					times = append(times, now)
				}
			}
		}
		if len(times) != maxNacks {
			t.Errorf("rtt %v: asked %d times", rtt, len(times))
		}
		for i := 1; i < len(times); i++ {
			apart, want := times[i]-times[i-1], max(rtt/2, nackRepeat)
			if i == 1 {
				want = max(rtt+ms(10), nackRepeat)
			}
			if apart != want {
				t.Errorf("rtt %v: request %d after %v, want %v", rtt, i, apart, want)
			}
		}
		if len(m.entries) != 0 || m.due != Never {
			t.Errorf("rtt %v: %d entries left, due %v", rtt, len(m.entries), m.due)
		}
	}
}

func TestNackGivenUpAtKeyframe(t *testing.T) {
	in := newTestInbound(0, 90000)
	frame := func(now time.Duration, seq uint16, key bool) {
		raw := testPacket{pt: ptVP8, seq: seq, time: uint32(seq) * 3000, payload: vp8{start: true, key: key}.payload()}.raw(t)
		mustReceive(t, in, now, raw)
	}
	frame(0, 10, false)
	frame(ms(1), 15, false)
	if in.Deadline() == Never {
		t.Fatal("nothing missing")
	}
	frame(ms(2), 16, true)
	if got := in.Nacks(ms(50), ms(50), nil); len(got) != 0 {
		t.Errorf("asked for %v from before a keyframe", got)
	}
	frame(ms(60), 18, false)
	if got := in.Nacks(ms(90), ms(50), nil); !slices.Equal(got, []uint16{17}) {
		t.Errorf("asked for %v, want 17", got)
	}
}

// TestNackKeepsParameterSets: a lost parameter set of H264 or H265 belongs to the
// keyframe though the packet that shows the keyframe came later.
func TestNackKeepsParameterSets(t *testing.T) {
	for _, c := range []struct {
		pt              uint8
		slice, idr, end []byte
	}{
		{ptH264, h264(1, 0x80), h264(5, 0x80), h264(5, 0x40)},
		{ptH265, h265(1, 0x80), h265(19, 0x80), h265(19, 0x40)},
	} {
		in := newTestInbound(0, 90000)
		send := func(now time.Duration, seq uint16, time uint32, payload []byte) {
			mustReceive(t, in, now, testPacket{pt: c.pt, seq: seq, time: time, payload: payload}.raw(t))
		}
		send(0, 10, 1000, c.slice)
		send(ms(10), 13, 1000, c.end) // 11 and 12 of the picture before are lost
		send(ms(33), 15, 4000, c.idr) // the parameter set 14 is lost
		send(ms(34), 16, 4000, c.end)
		if got := in.Nacks(ms(80), ms(50), nil); !slices.Equal(got, []uint16{14}) {
			t.Errorf("payload type %d: asked for %v, want 14", c.pt, got)
		}
	}
}

// TestNackBeforeDescribedKeyframe: a dependency descriptor shows the first packet of a
// keyframe of H264, so nothing before it is asked for.
func TestNackBeforeDescribedKeyframe(t *testing.T) {
	in := newTestInbound(0, 90000)
	mustReceive(t, in, 0, testPacket{pt: ptH264, seq: 10, time: 1000, payload: h264(1, 0x80)}.raw(t))
	mustReceive(t, in, ms(33), testPacket{
		pt: ptH264, seq: 12, time: 4000, payload: h264(5, 0x80), extensions: map[uint8][]byte{10: structureL1T2},
	}.raw(t))
	mustReceive(t, in, ms(34), testPacket{pt: ptH264, seq: 13, time: 4000, payload: h264(5, 0x40)}.raw(t))
	if got := in.Nacks(ms(80), ms(50), nil); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
}

// runNacks compares the loss map with its model; steps move time, lose and deliver.
func runNacks(t *testing.T, steps []byte) {
	t.Helper()
	type state = struct {
		since, last time.Duration
		requests    int
	}
	const rtt = 35 * time.Millisecond
	missing := map[SeqNo]*state{} // the model
	m := newLossMap()
	now, highest := time.Duration(0), SeqNo(70000)
	for _, step := range steps {
		now += time.Duration(step>>5) * 3 * time.Millisecond
		switch n := SeqNo(step >> 2 & 7); step & 3 {
		case 0, 1: // n lost, then one arrives
			for s := highest + 1; s <= highest+n; s++ {
				missing[s] = &state{since: now}
			}
			m.advance(now, highest, highest+n+1)
			highest += n + 1
		case 2: // one comes late
			seq := highest - n - 1
			want := 0
			if e := missing[seq]; e != nil {
				want = e.requests
			}
			delete(missing, seq)
			if got := m.arrived(seq); int(got) != want {
				t.Fatalf("arrived(%d) = %d, want %d", seq, got, want)
			}
		case 3:
			for s := range missing {
				if s < highest-8*n {
					delete(missing, s)
				}
			}
			m.giveUpBefore(highest - 8*n)
		}
		for s := range missing { // the oldest go when there are too many
			if len(missing) > maxMissing && s <= highest-maxMissing {
				return
			}
		}
		var want []uint16
		for s := highest - 2*maxMissing; s <= highest; s++ {
			e := missing[s]
			if e == nil {
				continue
			}
			due := e.requests == 0 && (highest-s >= nackDistance || now >= e.since+nackAfter) ||
				e.requests == 1 && now >= e.last+rtt+ms(10) || e.requests > 1 && now >= e.last+max(rtt/2, ms(20))
			if due && e.requests == maxNacks {
				delete(missing, s)
			} else if due {
				want = append(want, uint16(s))
				e.last, e.requests = now, e.requests+1
			}
		}
		if due := m.due; len(want) > 0 && due > now {
			t.Fatalf("at %v the deadline is %v, but %v are due", now, due, want)
		}
		if got := m.requests(now, rtt, nil); !slices.Equal(got, want) {
			t.Fatalf("at %v: asked for %v, want %v", now, got, want)
		}
		if len(m.entries) != len(missing) || (len(m.entries) == 0) != (m.due == Never) {
			t.Fatalf("%d entries, due %v, want %d", len(m.entries), m.due, len(missing))
		}
	}
}

func TestNackLikeMap(t *testing.T) {
	rng := seeded(5)
	for range 200 {
		steps := make([]byte, 300)
		for i := range steps {
			steps[i] = byte(rng.Uint32())
			if rng.IntN(3) > 0 {
				steps[i] &^= 0x1c // mostly no loss
			}
		}
		runNacks(t, steps)
	}
}

func FuzzNacks(f *testing.F) {
	f.Add([]byte{4, 0, 0x80, 2, 0x1f})
	f.Fuzz(func(t *testing.T, steps []byte) { runNacks(t, steps) })
}

func TestNackBounded(t *testing.T) {
	m := newLossMap()
	highest := SeqNo(70000)
	for i := range 50 {
		next := highest + SeqNo(i*60) + 1
		m.advance(0, highest, next)
		highest = next
		if len(m.entries) > maxMissing || cap(m.entries) != maxMissing {
			t.Fatalf("%d entries, room for %d", len(m.entries), cap(m.entries))
		}
	}
	if last := m.entries[len(m.entries)-1].seq; last != highest-1 {
		t.Errorf("the newest entry is %d, want %d", last, highest-1)
	}
}
