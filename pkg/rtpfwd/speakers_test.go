package rtpfwd

import (
	"slices"
	"testing"
	"time"
)

// room lets people talk: levels are sent every 20 ms.
type room struct {
	t       *testing.T
	s       *Speakers
	now     time.Duration
	levels  map[uint32]uint8
	changes int // of the set of the loudest two
	loudest []uint32
}

func newRoom(t *testing.T, ids ...uint32) *room {
	r := &room{t: t, s: NewSpeakers(), levels: map[uint32]uint8{}}
	for _, id := range ids {
		r.levels[id] = 127
	}
	return r
}

// run lets time pass.
func (r *room) run(d time.Duration) {
	for end := r.now + d; r.now < end; r.now += ms(20) {
		for id := range uint32(100) {
			if level, ok := r.levels[id]; ok {
				r.s.Observe(r.now, id, level, true)
			}
		}
		loudest := r.s.Loudest(r.now, 2, nil)
		slices.Sort(loudest)
		if !slices.Equal(loudest, r.loudest) {
			r.changes++
			r.loudest = loudest
		}
	}
}

// speaking returns who speaks.
func (r *room) speaking() []uint32 {
	var ids []uint32
	for _, s := range r.s.Speaking(r.now, nil) {
		if s.Level < 0 || s.Level > 1 {
			r.t.Errorf("level %v of %d", s.Level, s.ID)
		}
		ids = append(ids, s.ID)
	}
	return ids
}

// check compares the loudest two and who speaks.
func (r *room) check(what string, loudest, speaking []uint32) {
	r.t.Helper()
	if !slices.Equal(r.loudest, loudest) {
		r.t.Errorf("%s: loudest %v, want %v", what, r.loudest, loudest)
	}
	if got := r.speaking(); !slices.Equal(got, speaking) {
		r.t.Errorf("%s: speaking %v, want %v", what, got, speaking)
	}
}

func TestSpeakersHysteresis(t *testing.T) {
	r := newRoom(t, 1, 2, 3, 4)
	r.run(time.Second)
	r.check("silence", []uint32{1, 2}, nil)

	r.levels[3] = 30
	r.run(time.Second)
	r.check("3 speaks", []uint32{1, 3}, []uint32{3})

	r.levels[4] = 25
	r.run(time.Second)
	r.check("4 speaks too, a bit louder", []uint32{3, 4}, []uint32{4, 3})

	r.levels[3] = 127
	r.run(500 * time.Millisecond)
	r.check("3 draws breath", []uint32{3, 4}, []uint32{4, 3})
	r.levels[3] = 30
	r.run(2 * time.Second)

	before := r.changes
	r.levels[1] = 0
	r.run(60 * time.Millisecond)
	r.levels[1] = 127
	r.run(time.Second)
	if r.changes != before {
		t.Errorf("a door slammed, the loudest are %v", r.loudest)
	}

	r.levels[1] = 28 // as loud as those who are in
	r.run(5 * time.Second)
	if r.changes != before {
		t.Errorf("who is in was pushed out by an equal: %v", r.loudest)
	}

	r.levels[3] = 127
	r.run(2 * time.Second)
	r.check("3 stopped and 1 takes the place", []uint32{1, 4}, []uint32{4, 1})

	r.levels[1], r.levels[4] = 127, 127
	r.run(20 * time.Second)
	r.check("all silent: nobody is moved", []uint32{1, 4}, nil)
}

// TestSpeakersNoise: a fan below the threshold is nobody speaking, and noise that
// the sender itself does not call voice counts half.
func TestSpeakersNoise(t *testing.T) {
	s := NewSpeakers()
	for now := time.Duration(0); now < 3*time.Second; now += ms(20) {
		s.Observe(now, 1, 55, true)                 // a fan
		s.Observe(now, 2, 35, now < ms(40))         // typing, after two words
		s.Observe(now, 3, 35, false)                // a sender without voice detection
		s.Observe(now, 4, 20, now%ms(400) < ms(60)) // a speaker
	}
	got := s.Speaking(3*time.Second, nil)
	var ids []uint32
	for _, sp := range got {
		ids = append(ids, sp.ID)
	}
	if !slices.Contains(ids, 3) || slices.Contains(ids, 1) || slices.Contains(ids, 2) {
		t.Errorf("speaking: %v", got)
	}
}

// TestSpeakersDTX: without packets a source falls silent.
func TestSpeakersDTX(t *testing.T) {
	r := newRoom(t, 1, 2)
	r.levels[2] = 20
	r.run(2 * time.Second)
	r.check("2 speaks", []uint32{1, 2}, []uint32{2})
	delete(r.levels, 2)
	r.run(2 * time.Second)
	r.check("2 sends nothing", []uint32{1, 2}, nil)
	r.levels[1] = 20
	r.run(3 * time.Second)
	r.check("1 speaks", []uint32{1, 2}, []uint32{1})
}

func TestSpeakersRemove(t *testing.T) {
	r := newRoom(t, 1, 2, 3)
	r.levels[2], r.levels[3] = 20, 30
	r.run(2 * time.Second)
	r.s.Remove(2)
	r.s.Remove(99)
	delete(r.levels, 2)
	r.run(100 * time.Millisecond)
	r.check("2 left", []uint32{1, 3}, []uint32{3})
	if got := r.s.Loudest(r.now, 10, nil); len(got) != 2 {
		t.Errorf("%d sources left", len(got))
	}
	if got := r.s.Loudest(r.now, -1, nil); len(got) != 0 {
		t.Errorf("-1 places: %v", got)
	}
	r.levels[2] = 20
	r.run(3 * time.Second)
	r.check("2 is back", []uint32{2, 3}, []uint32{2, 3})
}

// TestSpeakersIndex checks the index against the ranking under random calls.
func TestSpeakersIndex(t *testing.T) {
	s, rng := NewSpeakers(), seeded(7)
	known := map[uint32]bool{}
	for now := time.Duration(0); now < 20*time.Second; now += ms(5) {
		id := rng.Uint32N(30)
		if rng.IntN(20) == 0 {
			s.Remove(id)
			delete(known, id)
		} else {
			s.Observe(now, id, uint8(rng.IntN(128)), rng.IntN(2) == 0)
			known[id] = true
		}
		if len(s.rank) != len(known) || len(s.ranked) != len(known) {
			t.Fatalf("%d and %d sources, want %d", len(s.rank), len(s.ranked), len(known))
		}
		for i := range s.ranked {
			if s.rank[s.ranked[i].id] != i || !known[s.ranked[i].id] {
				t.Fatalf("rank of %d is %d, want %d", s.ranked[i].id, s.rank[s.ranked[i].id], i)
			}
		}
	}
}

// TestVoicePassesNoise: who speaks passes who only makes noise, as its sender says.
func TestVoicePassesNoise(t *testing.T) {
	s := NewSpeakers()
	for now := time.Duration(0); now < 4*time.Second; now += ms(20) {
		s.Observe(now, 1, 32, now < ms(100)) // a word, then a dog
		level := uint8(127)
		if now > 2*time.Second {
			level = 35
		}
		s.Observe(now, 2, level, level < 127)
	}
	if got := s.Loudest(4*time.Second, 1, nil); got[0] != 2 {
		t.Errorf("first is %v, who makes noise", got)
	}
}

// TestSoftKeepsTheFloor: once the soft one is first, the loud one who has finished does not
// come back.
func TestSoftKeepsTheFloor(t *testing.T) {
	s, changes, first := NewSpeakers(), 0, uint32(1)
	for now := time.Duration(0); now < 6*time.Second; now += ms(20) {
		loud, soft := uint8(15), uint8(80)
		if now > 3*time.Second {
			loud, soft = 80, 46
		}
		for _, o := range []struct {
			id    uint32
			level uint8
		}{{1, loud}, {2, soft}} {
			s.Observe(now, o.id, o.level, true)
			if got := s.Loudest(now, 1, nil); got[0] != first {
				changes++
				first = got[0]
			}
		}
	}
	if changes != 1 || first != 2 {
		t.Errorf("%d changes of the first place, %d has it", changes, first)
	}
}

// TestNoiseIsNotFirst: a vacuum cleaner too loud to be taken for noise gives way to a louder
// voice.
func TestNoiseIsNotFirst(t *testing.T) {
	s := NewSpeakers()
	for now := time.Duration(0); now < 4*time.Second; now += ms(20) {
		s.Observe(now, 1, 32, false)
		level := uint8(127)
		if now > 2*time.Second {
			level = 20
		}
		s.Observe(now, 2, level, false)
	}
	if got := s.Loudest(4*time.Second, 1, nil); got[0] != 2 {
		t.Errorf("first is %v, a vacuum cleaner", got)
	}
}

// FuzzSpeakers: Observe moves the source that it names and nobody else; Loudest has each
// one once, and Speaking the loudest first.
func FuzzSpeakers(f *testing.F) {
	f.Add([]byte{1, 30, 2, 30, 3, 20, 0x83, 0, 1, 127, 2, 10, 2, 10, 2, 10, 0x41, 0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s, now := NewSpeakers(), time.Duration(0)
		var order []uint32
		for i := 0; i+1 < len(steps); i += 2 {
			now += ms(int(steps[i]>>4) * 10)
			id := uint32(steps[i] & 7)
			if steps[i]&8 != 0 && steps[i+1] == 0 {
				s.Remove(id)
				order = slices.DeleteFunc(order, func(o uint32) bool { return o == id })
			} else {
				s.Observe(now, id, steps[i+1]&0x7f, steps[i+1]&0x80 != 0)
				order = movedOne(t, s, order, id)
			}
			order = slices.Clone(s.Loudest(now, 99, order[:0]))
			if two := s.Loudest(now, 2, nil); !slices.Equal(two, order[:min(2, len(order))]) {
				t.Fatalf("the first two are %v of %v", two, order)
			}
			checkSpeaking(t, s.Speaking(now, nil), order)
		}
	})
}

// movedOne returns the order after id was observed.
func movedOne(t *testing.T, s *Speakers, before []uint32, id uint32) []uint32 {
	var after []uint32
	for i := range s.ranked {
		after = append(after, s.ranked[i].id)
	}
	is := func(o uint32) bool { return o == id }
	at, was := slices.Index(after, id), slices.Index(before, id)
	if at < 0 || was >= 0 && at > was {
		t.Fatalf("%d was observed: %v became %v", id, before, after)
	}
	if others := slices.DeleteFunc(slices.Clone(after), is); !slices.Equal(others, slices.DeleteFunc(slices.Clone(before), is)) {
		t.Fatalf("%d was observed: %v became %v", id, before, after)
	}
	return after
}

func checkSpeaking(t *testing.T, speaking []SpeakerLevel, known []uint32) {
	for i, l := range speaking {
		if !slices.Contains(known, l.ID) || l.Level < speakingUntil || l.Level > 1 || i > 0 && speaking[i-1].Level < l.Level {
			t.Fatalf("speaking: %v of %v", speaking, known)
		}
	}
}
