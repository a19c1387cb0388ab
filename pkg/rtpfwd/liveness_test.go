package rtpfwd

import (
	"fmt"
	"testing"
	"time"
)

// TestStillScreen: encodings that send one picture a second live, whichever comes first.
func TestStillScreen(t *testing.T) {
	s := newScript(t, VP8, 2)
	s.f.SetTarget(0, Layer{Spatial: 1})
	s.want("1sm", shot{e: 1, seq: 1, time: 1, flags: "skm"})
	for i := 2; i < 20; i++ {
		s.now = time.Duration(i) * time.Second
		s.give(shot{e: 0, seq: SeqNo(i), time: RTPTime(i), flags: "sm"})
		if s.f.Deadline() <= s.now {
			s.f.Advance(s.now, nil)
		}
		if e, ok := s.f.KeyframeWanted(); ok {
			t.Fatalf("second %d: a keyframe of %d is wanted", i, e)
		}
		s.now += ms(5)
		s.want(fmt.Sprint(i)+"m", shot{e: 1, seq: SeqNo(i), time: RTPTime(i), flags: "sm"})
	}
}

// TestDeadEncoding: an encoding that stops is left for the next lower one that
// lives, and taken again when it is back.
func TestDeadEncoding(t *testing.T) {
	s := newScript(t, VP8, 3)
	s.f.SetTarget(0, Layer{Spatial: 2})
	seq := SeqNo(1)
	tick := func(flags string, encodings ...uint8) {
		for _, e := range encodings {
			s.give(shot{e: e, seq: seq, time: RTPTime(seq), flags: flags})
		}
		seq++
		s.now += ms(33)
		if s.f.Deadline() <= s.now {
			s.f.Advance(s.now, nil)
		}
	}
	wanted := func(want int) {
		t.Helper()
		if e, ok := s.f.KeyframeWanted(); ok != (want >= 0) || ok && int(e) != want {
			t.Fatalf("at %v a keyframe of %d is wanted (%v), want %d", s.now, e, ok, want)
		}
	}
	tick("sm", 0, 1)
	wanted(1) // the target was never seen
	tick("skm", 0, 1, 2)
	wanted(-1)
	stopped := s.now
	for s.now < stopped+350*time.Millisecond {
		tick("sm", 0, 1)
		wanted(-1)
	}
	for s.now < stopped+500*time.Millisecond {
		tick("sm", 0, 1)
	}
	wanted(1)
	tick("skm", 1)
	wanted(-1)
	tick("sm", 0, 1, 2)
	wanted(2) // it is back
	tick("skm", 0, 2)
	wanted(-1)
	if s.f.Current().Spatial != 2 {
		t.Errorf("current %v", s.f.Current())
	}
	// All fall silent: the target stays, and nothing has to be done.
	s.now += time.Hour
	s.f.Advance(s.now, nil)
	wanted(-1)
	if d := s.f.Deadline(); d <= s.now {
		t.Errorf("deadline %v at %v", d, s.now)
	}
	// Only the largest is there.
	for range 20 {
		tick("skm", 2)
	}
	s.f.SetTarget(s.now, Layer{Spatial: 0})
	wanted(-1) // it is on 2, and 2 is all that lives
}

func TestUnknownEncodings(t *testing.T) {
	s := newScript(t, VP8, 3)
	s.f = NewForwarder(ForwarderConfig{Codec: VP8, Replicas: []*Replica{nil, s.streams[1], nil}})
	s.f.SetTarget(0, Layer{Spatial: 0})
	if e, ok := s.f.KeyframeWanted(); !ok || e != 1 {
		t.Errorf("only encoding 1 is known, wanted %d %v", e, ok)
	}
	s.want("", shot{e: 0, seq: 1, flags: "skm"})
	s.want("", shot{e: 2, seq: 1, flags: "skm"})
	s.want("1sm", shot{e: 1, seq: 1, time: 1, flags: "skm"})
	s.f.AddReplica(s.streams[0])
	s.f.AddReplica(&Replica{Encoding: maxEncodings})
	s.want("2sm", shot{e: 0, seq: 2, time: 2, flags: "skm"})
	s.f.AddReplica(&Replica{Encoding: 0, Ring: NewRing(8)})
	if !s.f.Current().None() {
		t.Errorf("a new stream in place of the old: current %v", s.f.Current())
	}
	none := NewForwarder(ForwarderConfig{Codec: VP8})
	none.SetTarget(0, Layer{Spatial: 1})
	if _, ok := none.KeyframeWanted(); ok || none.Deadline() != Never {
		t.Error("a publication without encodings wants something")
	}
}
