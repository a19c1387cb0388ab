package rtpfwd

import (
	"slices"
	"testing"
	"time"
)

// rating says how well the dominant speaker of a conversation was found.
type rating struct {
	delay, delay90 time.Duration // from the start of a turn until it is found
	missed         float64       // share of the turns that were never found
	wrong          float64       // switches a minute to somebody without the floor
	right          float64       // share of the time with the floor taken
}

// rate runs a conversation; heard takes a frame of all and who is named tells who is dominant.
func rate(v *conversation, heard func(now time.Duration, frame int), named func(now time.Duration) int) rating {
	frames := len(v.levels[0])
	names := make([]int, frames)
	var r rating
	right, taken := 0, 0
	last := -1
	for f := range frames {
		now := time.Duration(f) * frameTime
		heard(now, f)
		if f > 0 {
			names[f] = names[f-1]
		}
		if f%5 == 4 {
			names[f] = named(now)
		}
		if names[f] != last && !v.floor(names[f], now, time.Second/2) {
			r.wrong++
		}
		last = names[f]
		if v.taken(now) {
			taken++
			if v.floor(last, now, 0) {
				right++
			}
		}
	}
	r.wrong /= (time.Duration(frames) * frameTime).Minutes()
	r.right = float64(right) / float64(taken)
	r.delays(v, names)
	return r
}

// delays fills in how long it took to find who took the floor.
func (r *rating) delays(v *conversation, names []int) {
	var all []time.Duration
	for _, t := range v.turns {
		found := t.end - t.start
		for at := t.start; at < t.end; at += frameTime {
			if names[at/frameTime] == t.who {
				found = at - t.start
				break
			}
		}
		if found == t.end-t.start {
			r.missed += 1 / float64(len(v.turns))
		}
		all = append(all, found)
	}
	slices.Sort(all)
	r.delay, r.delay90 = all[len(all)/2], all[len(all)*9/10]
}

var speakerRooms = []struct {
	name string
	talkers
}{
	{"calm", talkers{people: 4, loudest: 24, softest: 28, fan: 70}},
	{"coughs", talkers{people: 6, loudest: 24, softest: 28, fan: 70, coughs: 12}},
	{"levels differ by 20 dB", talkers{people: 6, loudest: 20, softest: 40, fan: 70, coughs: 3}},
	{"a fan and typing", talkers{people: 6, loudest: 22, softest: 32, fan: 48, coughs: 3, typing: true}},
	{"all, voice flags", talkers{people: 8, loudest: 20, softest: 40, fan: 48, coughs: 6, typing: true, flags: true}},
	{"all, no voice flags", talkers{people: 8, loudest: 20, softest: 40, fan: 48, coughs: 6, typing: true}},
}

// TestSpeakersLikeDominant compares with the reference on ten minutes of each room.
func TestSpeakersLikeDominant(t *testing.T) {
	for i, room := range speakerRooms {
		v := converse(room.talkers, 10*time.Minute, seeded(uint64(i)+170))
		d := newDominant(room.people)
		reference := rate(v, func(_ time.Duration, f int) {
			for who := range v.levels {
				d.observe(who, v.levels[who][f])
			}
		}, d.decide)
		s := NewSpeakers()
		ours := rate(v, func(now time.Duration, f int) { v.observe(s, now, f) },
			func(now time.Duration) int { return int(s.Loudest(now, 1, nil)[0]) })
		ours.log(t, room.name, "ours")
		reference.log(t, room.name, "reference")
		if ours.delay > reference.delay || ours.delay90 > reference.delay90 || ours.missed > reference.missed+0.01 ||
			ours.wrong > reference.wrong+0.1 || ours.right < reference.right {
			t.Errorf("%s: worse than the reference", room.name)
		}
	}
}

// observe gives one frame of all to s.
func (v *conversation) observe(s *Speakers, now time.Duration, frame int) {
	for who := range v.levels {
		s.Observe(now, uint32(who), v.levels[who][frame], v.voice[who][frame])
	}
}

func (r *rating) log(t *testing.T, room, who string) {
	t.Logf("%-22s %-9s delay %3d ms (90 %%: %4d), missed %3.1f %%, wrong %3.1f a minute, right %4.1f %%", room, who,
		r.delay.Milliseconds(), r.delay90.Milliseconds(), 100*r.missed, r.wrong, 100*r.right)
}

// TestLoudestIsStable: who fills the places changes when somebody new takes the floor, and
// hardly while more people talk at once than there are places.
func TestLoudestIsStable(t *testing.T) {
	for _, room := range []struct {
		name           string
		people, places int
		at             int // how many talk at once
		most           float64
	}{
		{"turns, 2 places", 6, 2, 0, 16},
		{"turns, 8 places", 30, 8, 0, 16},
		{"two talk, 2 places", 6, 2, 2, 8},
		{"three talk, 2 places", 6, 2, 3, 10},
		{"eight talk, 8 places", 20, 8, 8, 14},
	} {
		rng, length := seeded(uint64(room.people)), 5*time.Minute
		v := converse(talkers{people: room.people, loudest: 20, softest: 36, fan: 60, coughs: 3}, length, rng)
		for who := range room.at {
			v.speak(turn{who, 0, length}, 22+2*who, false, rng)
		}
		s := NewSpeakers()
		var before, now []uint32
		changes := 0
		for f := range v.levels[0] {
			at := time.Duration(f) * frameTime
			v.observe(s, at, f)
			if f%5 != 0 || at < 10*time.Second {
				continue
			}
			now = s.Loudest(at, room.places, now[:0])
			if slices.Sort(now); len(before) > 0 && !slices.Equal(now, before) {
				changes++
			}
			before = append(before[:0], now...)
		}
		rate := float64(changes) / length.Minutes()
		t.Logf("%-22s %.1f changes a minute", room.name, rate)
		if rate > room.most {
			t.Errorf("%s: %.1f changes a minute, at most %.0f", room.name, rate, room.most)
		}
	}
}
