package rtpfwd

import (
	"testing"
	"time"
)

// talker is one medium of a participant: how long its samples take to arrive, and where
// its timestamps began.
type talker struct {
	codec Codec
	every time.Duration // from sample to sample
	delay time.Duration // from the sample to its arrival
	first uint32
	seq   uint16
}

// reportedSlot is a Slot of the subscriber with what it shows.
type reportedSlot struct {
	*slot
	rate   uint32
	error  time.Duration // of the latest sender report: what it says of the latest sample
	offset RTPTime       // by the latest report: timestamps less the time of the server
	known  bool
	jump   time.Duration // largest change of offset
}

// show makes the Slot show b from now on.
func (s *reportedSlot) show(b *talker, csrc uint32) {
	s.source(b.codec, csrc)
	s.s.HasClock = true
	s.s.Clock = Clock{RTP: RTPTime(b.first) + 1<<32, Rate: s.rate}
	b.seq += 1000
}

// sample sends what was sampled at at, and checks the report that follows.
func (s *reportedSlot) sample(b *talker, at time.Duration, key bool) {
	s.t.Helper()
	s.now = at + b.delay
	packet := testPacket{pt: ptOpus, seq: b.seq, time: b.first + uint32(ticksOf(at, s.rate)), payload: []byte{1}, marker: true}
	if b.codec.Video() {
		packet.pt, packet.payload = ptVP8, vp8{start: true, key: key, picture: b.seq}.payload()
	}
	b.seq++
	if key { // the clock is extended as the packets are
		s.in.timed, s.in.time = true, s.s.Clock.RTP
	}
	p := s.send(packet)
	if at%time.Second != ms(480) { // a report a second
		return
	}
	r, ok := s.o.SenderReport(s.now, uint64(s.now))
	if !ok {
		s.t.Fatal("no report")
	}
	ahead := durationOf(RTPTime(int32(p.Timestamp-r.RTPTime)), s.rate)
	s.error = s.now + ahead - at
	offset := RTPTime(r.RTPTime) - ticksOf(s.now, s.rate)
	if jump := durationOf(RTPTime(int32(offset-s.offset)), s.rate).Abs(); s.known && jump > s.jump {
		s.jump = jump
	}
	s.offset, s.known = offset, true
}

// TestSenderReportsOverSources: two participants are shown in turn, whose sound and
// pictures take different times to arrive. What the reports say of each sample is when
// it was taken, so sound and picture stay together; and the line that they draw does
// not jump by more than a picture, as receivers fit one to several reports.
func TestSenderReportsOverSources(t *testing.T) {
	sound := reportedSlot{slot: newSlot(t, Opus, outConfig()), rate: 48000}
	picture := reportedSlot{slot: newSlot(t, VP8, outConfig()), rate: 90000}
	people := [2][2]*talker{
		{{codec: Opus, every: ms(20), delay: ms(15), first: 1000}, {codec: VP8, every: ms(40), delay: ms(70), first: 0xffff_0000}},
		{{codec: Opus, every: ms(20), delay: ms(45), first: 4711}, {codec: VP8, every: ms(40), delay: ms(150), first: 99}},
	}
	for i := range 40 {
		who := people[i%2]
		start := time.Duration(i) * 3 * time.Second
		for k, s := range []*reportedSlot{&sound, &picture} {
			b := who[k]
			s.show(b, uint32(i%2))
			for at := start; at < start+3*time.Second; at += b.every {
				s.sample(b, at, at == start)
				if s.error.Abs() > ms(1) {
					t.Fatalf("%v, person %d: a sample of %v is said to be %v off", b.codec, i%2, at, s.error)
				}
			}
		}
	}
	t.Logf("the line of reports jumps by at most %v (sound), %v (pictures)", sound.jump, picture.jump)
	if sound.jump > ms(20) || picture.jump > ms(40) {
		t.Error("more than a picture")
	}
}

// TestSourceClocks: publications are tied by their clocks if these can be believed.
func TestSourceClocks(t *testing.T) {
	for _, test := range []struct {
		name  string
		clock int // when the first sample of the next source was taken by its clock, ms
		want  int // its timestamp: that of the sample before is 66, it was taken at 40
	}{
		{"the next picture", 73, 99},
		{"longer on its way", 60, 86},
		{"before the last one", 30, 66},
		{"a clock that runs late", -2000, 120},
		{"a clock that runs ahead", 3000, 120},
	} {
		s := newSlot(t, VP8, outConfig())
		s.picturesOf(9, 4000, 0, 33, 66)
		s.s.HasClock, s.s.Clock = true, Clock{RTP: 1<<32 + 4000, At: -ms(26), Rate: 90000}
		s.source(VP8, 78)
		s.s.HasClock, s.s.Clock = true, Clock{RTP: 1<<32 + 777, At: ms(test.clock), Rate: 90000}
		if got := s.picturesOf(60000, 777, 120, 153); got[0] != test.want || got[1] != test.want+33 {
			t.Errorf("%s: %v, want the first at %d", test.name, got, test.want)
		}
	}
}
