package rtpfwd

import (
	"testing"
	"time"
)

// TestOpusGapsKeepTheirTime: gaps of DTX pass as they are.
func TestOpusGapsKeepTheirTime(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	stamp := uint32(1 << 31)
	want := uint32(1000)
	for i, gap := range []int{0, 20, 20, 400, 400, 20, 9000, 20, 400, 60, 60} {
		s.now += ms(gap)
		stamp += uint32(48 * gap)
		want += uint32(48 * gap)
		p := s.send(testPacket{pt: ptOpus, seq: uint16(i), time: stamp, payload: []byte{1}})
		if p.Timestamp != want {
			t.Errorf("packet %d: %d, want %d", i, p.Timestamp, want)
		}
	}
}

// picturesOf sends pictures of a source: at the times given (ms), with its timestamps
// starting at first, and returns the outgoing timestamps in ms since the start.
func (s *slot) picturesOf(seq uint16, first uint32, at ...int) (out []int) {
	s.t.Helper()
	for i, t := range at {
		s.now = ms(t)
		p := s.send(testPacket{
			pt: ptVP8, seq: seq + uint16(i), time: first + uint32(90*(t-at[0])), marker: true,
			payload: vp8{start: true, key: i == 0, picture: uint16(i)}.payload(),
		})
		out = append(out, int(p.Timestamp-1000)/90)
	}
	return out
}

func TestTimeOverSources(t *testing.T) {
	tests := []struct {
		name  string
		first []int // arrival of the pictures of the first source, ms
		next  []int // and of the next one
		want  int   // the timestamp of the first picture of the next source
	}{
		{"a picture later", []int{0, 33, 66}, []int{99, 132}, 99},
		{"at once: one picture beyond real time", []int{0, 33, 66}, []int{66, 99}, 99},
		{"a minute later", []int{0, 33, 66}, []int{60066, 60099}, 60066},
		{"slow pictures", []int{0, 200, 400}, []int{420, 620}, 600},
		{"nothing measured yet", []int{0}, []int{5}, 33},
	}
	for _, test := range tests {
		s := newSlot(t, VP8, outConfig())
		s.picturesOf(9, 0xffff_ff00, test.first...)
		s.source(VP8, 78)
		got := s.picturesOf(60000, 12345678, test.next...)
		if got[0] != test.want || len(got) > 1 && got[1]-got[0] != test.next[1]-test.next[0] {
			t.Errorf("%s: %v, want the first at %d", test.name, got, test.want)
		}
	}
}

// TestTimeOverEncodings: encodings of one publication are tied by their clocks.
func TestTimeOverEncodings(t *testing.T) {
	tests := []struct {
		name   string
		clocks bool
		sample int // when the keyframe of the new encoding was sampled, ms
		delay  int // and how much later it arrives
		want   int // its outgoing time, ms since the first picture was sampled
	}{
		{"the next picture", true, 133, 20, 133},
		{"the same picture again", true, 100, 30, 100},
		{"one before", true, 67, 60, 100},
		{"delayed by the network", true, 133, 180, 133},
		{"a clock that lies ahead", true, 5000, 20, 166},
		{"no clock yet", false, 133, 20, 133},
		{"no clock yet, delayed", false, 133, 180, 293},
	}
	for _, test := range tests {
		s := newSlot(t, VP8, outConfig())
		other := &Replica{Encoding: 1, Ring: NewRing(64), Rate: 90000, HasClock: test.clocks}
		s.f.AddReplica(other)
		// The first encoding samples 0 at 1 s, the other 500000 at the same time.
		s.s.HasClock = test.clocks
		s.s.Clock = Clock{RTP: 1 << 32, At: time.Second, Rate: 90000}
		other.Clock = Clock{RTP: 1<<32 + 500000, At: time.Second, Rate: 90000}
		for i, at := range []int{0, 33, 67, 100} {
			s.now = ms(1020 + at)
			s.send(testPacket{
				pt: ptVP8, seq: uint16(i), time: uint32(90 * at), payload: vp8{start: true, key: i == 0, picture: uint16(i)}.payload(),
				marker: true,
			})
		}
		in := newTestInbound(1, 90000)
		s.f.SetTarget(s.now, Layer{Spatial: 1})
		arrival := min(1000+test.sample+test.delay, 1153)
		if test.delay > 100 {
			arrival = 1000 + test.sample + test.delay
		}
		s.now = ms(arrival)
		p := mustReceive(t, in, s.now, testPacket{
			pt: ptVP8, seq: 50, time: uint32(500000 + 90*test.sample), payload: vp8{start: true, key: true, picture: 5}.payload(),
		}.raw(t))
		other.Ring.Put(p)
		got := parsed(t, s.rewrite(s.f.Select(s.now, p, nil)[0]))
		if off := int(got.Timestamp) - 1000 - 90*test.want; off < -90 || off > 90 {
			t.Errorf("%s: %.1f ms, want %d", test.name, float64(got.Timestamp-1000)/90, test.want)
		}
		if got.Timestamp <= 1000+90*100 {
			t.Errorf("%s: the timestamp did not go up", test.name)
		}
	}
}

func TestStepByArrival(t *testing.T) {
	tests := []struct {
		name                         string
		natural, passed, frame, want RTPTime
	}{
		{"in step", 33, 33, 33, 33},
		{"early", 5, 5, 33, 33},
		{"later", 100, 100, 33, 100},
		{"ahead, a little", 23, 33, 33, 23},
		{"ahead, much", -500, 33, 33, 16},
		{"ahead, a long step", 500, 1000, 33, 500},
		{"ahead, much, a long step", -500, 1000, 33, 33},
		{"behind", 43, 33, 33, 43},
		{"behind, much", 5000, 33, 33, 66},
		{"nothing passed", 0, 0, 0, 1},
	}
	for _, test := range tests {
		if got := new(timeline).stepByArrival(test.natural, test.passed, test.frame); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// TestManySources: whatever a switch puts the outgoing time ahead of real time is given
// back, so that many switches do not add up.
func TestManySources(t *testing.T) {
	for _, test := range []struct {
		name           string
		frame, between int // ms from picture to picture, and to the first of the next source
	}{
		{"30 fps, in step", 33, 33},
		{"30 fps, out of step", 33, 5},
		{"5 fps, out of step", 200, 110},
		{"5 fps, at once", 200, 0},
	} {
		s := newSlot(t, VP8, outConfig())
		real, last := 0, -1
		for i := range 100 {
			times := []int{real, real + test.frame, real + 2*test.frame}
			got := s.picturesOf(uint16(i*7), uint32(i)*987654321, times...)
			if got[0] < last || got[2]-got[0] != 2*test.frame {
				t.Fatalf("%s, source %d: %v after %d", test.name, i, got, last)
			}
			if ahead := got[2] - times[2]; ahead < -1 || ahead > 2*test.frame {
				t.Fatalf("%s, source %d: %d ms ahead of real time", test.name, i, ahead)
			}
			last = got[2]
			real = times[2] + test.between
			s.source(VP8, uint32(100+i))
		}
	}
}

// TestManyEncodings is the same for two encodings of which the larger one arrives later
// than a picture after the smaller one.
func TestManyEncodings(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	streams := [2]*Replica{s.s, {Encoding: 1, Ring: NewRing(64), Rate: 90000}}
	ins := [2]*Inbound{s.in, newTestInbound(1, 90000)}
	s.f.AddReplica(streams[1])
	for e := range streams {
		streams[e].HasClock, streams[e].Clock = true, Clock{RTP: 1<<32 + RTPTime(500000*e), Rate: 90000}
	}
	last := int64(0)
	for i := range 600 {
		want := i / 4 % 2
		s.f.SetTarget(s.now, Layer{Spatial: int8(want)})
		for e := range streams {
			picture := i - 2*e // the larger one is two pictures late
			if picture < 0 {
				continue
			}
			s.now = ms(33 * i)
			p := mustReceive(t, ins[e], s.now, testPacket{
				pt: ptVP8, seq: uint16(picture), time: uint32(500000*e + 90*33*picture), marker: true,
				payload: vp8{start: true, key: i%4 == 0, picture: uint16(picture)}.payload(),
			}.raw(t))
			streams[e].Ring.Put(p)
			for _, c := range s.f.Select(s.now, p, nil) {
				got := int64(parsed(t, s.rewrite(c)).Timestamp - 1000)
				if got <= last && last > 0 || got > 90*int64(33*i+100) {
					t.Fatalf("picture %d: %d ticks after %d", i, got, last)
				}
				last = got
			}
		}
	}
}

// TestTimeJump: timestamps of a source that leap away from real time are aligned anew,
// while reordered pictures and long pauses pass.
func TestTimeJump(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	seq := uint16(0)
	send := func(now int, stamp int64) int {
		s.now = ms(now)
		seq++
		p := s.send(testPacket{
			pt: ptVP8, seq: seq, time: uint32(stamp * 90), marker: true,
			payload: vp8{start: true, key: seq == 1, picture: seq}.payload(),
		})
		return int(int32(p.Timestamp-1000)) / 90
	}
	steps := []struct {
		name  string
		now   int
		stamp int64
		want  int
	}{
		{"first", 0, 0, 0},
		{"next", 100, 100, 100},
		{"shown before", 133, 66, 66},
		{"on", 200, 200, 200},
		{"a pause of an hour", 3600200, 3600200, 3600200},
		{"leaps an hour ahead", 3600300, 7200300, 3600300},
		{"goes on", 3600400, 7200400, 3600400},
		{"leaps back a day", 3600500, 7200500 - 24*3600000, 3600500},
		{"goes on again", 3600600, 7200600 - 24*3600000, 3600600},
	}
	for _, step := range steps {
		if got := send(step.now, step.stamp); got != step.want {
			t.Errorf("%s: %d, want %d", step.name, got, step.want)
		}
	}
}

// TestLateBeforeJump: a packet from before a leap would need the shift of before.
func TestLateBeforeJump(t *testing.T) {
	s := newSlot(t, Opus, outConfig())
	send := func(seq uint16, stamp uint32) Choice {
		return s.choices(testPacket{pt: ptOpus, seq: seq, time: stamp, payload: []byte{1}})[0]
	}
	s.rewrite(send(1, 960))
	s.rewrite(send(3, 1<<30))
	late := send(2, 1920)
	if n := s.o.Rewrite(0, late, make([]byte, 100)); n != 0 || s.o.Stats().Refused[TooOld] != 1 {
		t.Errorf("%d bytes, refused %v", n, s.o.Stats().Refused)
	}
	if p := parsed(t, s.rewrite(send(4, 1<<30+960))); p.SequenceNumber != 103 {
		t.Errorf("number %d", p.SequenceNumber)
	}
}

func TestSenderReports(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	if _, ok := s.o.SenderReport(0, 1); ok {
		t.Error("a report before the first packet")
	}
	report := func(at int) int {
		t.Helper()
		r, ok := s.o.SenderReport(ms(at), uint64(at)<<32)
		if !ok || r.SSRC != 5 || r.NTPTime != uint64(at)<<32 {
			t.Fatalf("%+v %v", r, ok)
		}
		return int(int32(r.RTPTime-1000)) / 90
	}
	check := func(what string, got, want int) {
		t.Helper()
		if got < want-1 || got > want+1 {
			t.Errorf("%s: %d ms, want %d", what, got, want)
		}
	}
	// Pictures are sampled 50 ms before they arrive, which only the clock tells.
	s.picturesOf(0, 4000, 50, 83, 116)
	check("by arrival", report(150), 100)
	s.s.HasClock, s.s.Clock = true, Clock{RTP: 1<<32 + 4000, At: 0, Rate: 90000}
	check("by the clock", report(200), 200)
	// The next source waits 20 ms on its way, so its first picture, sent 33 ms after
	// the last one of the old source, was sampled 30 ms later than that arrival says.
	s.source(VP8, 78)
	check("between the sources", report(220), 220)
	s.picturesOf(0, 777777, 149+100, 182+100)
	s.s.HasClock, s.s.Clock = true, Clock{RTP: 1<<32 + 777777, At: ms(229), Rate: 90000}
	// The old source's picture that arrived at 116 has 66; 133 ms later is 199, and
	// that was sampled at 229: at 300 the clock of the slot shows 270.
	check("by the clock of the new source", report(300), 270)
	// A clock that goes back must not take the reports back.
	s.s.Clock.At += 10 * time.Second
	check("a clock set back", report(310), 270)
	if r, _ := s.o.SenderReport(0, 0); r.PacketCount != 5 || r.OctetCount == 0 {
		t.Errorf("%+v", r)
	}
}
