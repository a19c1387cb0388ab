package rtpfwd

import (
	"math/rand/v2"
	"time"
)

// frameTime is what one audio packet stands for in a simulated conversation.
const frameTime = 20 * time.Millisecond

// turn is the time in which one of a conversation has the floor.
type turn struct {
	who        int
	start, end time.Duration
}

// conversation is a simulated talk: who has the floor, and what level each of them sends.
type conversation struct {
	turns  []turn
	levels [][]uint8 // by person and frame
	voice  [][]bool
}

// talkers describes the people of a conversation.
type talkers struct {
	people int
	// loudest and softest bound the speech levels in -dBov; each person has one.
	loudest, softest int
	fan              int // background noise of person 0 in -dBov
	coughs           int // a minute, with clicks and slammed doors
	typing           bool
	flags            bool // senders have voice detection, as good as it is
}

// converse simulates people who take turns of 1.5 to 12 s, with gaps and overlaps, with
// pauses for breath and dips between syllables, while others cough, type and agree.
func converse(c talkers, length time.Duration, rng *rand.Rand) *conversation {
	frames := int(length / frameTime)
	v := &conversation{levels: make([][]uint8, c.people), voice: make([][]bool, c.people)}
	speech, noise := make([]int, c.people), make([]int, c.people)
	for who := range c.people {
		v.levels[who], v.voice[who] = make([]uint8, frames), make([]bool, frames)
		speech[who] = c.loudest + rng.IntN(c.softest-c.loudest+1)
		noise[who] = 65 + rng.IntN(25)
		if who == 0 {
			noise[0] = c.fan
		}
		for f := range frames {
			v.put(who, f, float64(noise[who])+2*rng.NormFloat64(), c.flags && rng.IntN(50) == 0)
		}
	}
	v.takeTurns(c.people, length, rng)
	for _, t := range v.turns {
		v.speak(t, speech[t.who], c.flags, rng)
	}
	for range int(length.Minutes() * 4) { // "mhm", "right"
		start := time.Duration(rng.Int64N(int64(length)))
		v.speak(turn{rng.IntN(c.people), start, start + 250*time.Millisecond + time.Duration(rng.IntN(350))*time.Millisecond},
			speech[0]+rng.IntN(10), c.flags, rng)
	}
	for range int(length.Minutes()) * c.coughs {
		who, f, loud := rng.IntN(c.people), rng.IntN(frames), 8+rng.IntN(15)
		for i := range 1 + rng.IntN(15) {
			v.put(who, f+i, float64(loud)+4*rng.NormFloat64(), c.flags && rng.IntN(2) == 0)
		}
	}
	if c.typing {
		v.typing(c, length, rng)
	}
	return v
}

// put makes a frame as loud as that, if it is not louder.
func (v *conversation) put(who, frame int, level float64, voice bool) {
	if frame < 0 || frame >= len(v.levels[who]) {
		return
	}
	l := uint8(min(max(level, 1), 127))
	if old := v.levels[who][frame]; old == 0 || l < old {
		v.levels[who][frame] = l
	}
	v.voice[who][frame] = v.voice[who][frame] || voice
}

// takeTurns gives the floor to one after the other.
func (v *conversation) takeTurns(people int, length time.Duration, rng *rand.Rand) {
	who := 0
	for at := time.Second; at < length; {
		next := rng.IntN(people - 1)
		if next >= who {
			next++
		}
		who = next
		end := min(at+ms(1500+rng.IntN(2500)+rng.IntN(2)*rng.IntN(8000)), length)
		v.turns = append(v.turns, turn{who, at, end})
		at = end + ms(rng.IntN(1300)-500)
	}
}

// speak fills a time with speech.
func (v *conversation) speak(t turn, level int, flags bool, rng *rand.Rand) {
	syllable := 0
	for at := t.start; at < t.end; {
		end := min(at+ms(400+rng.IntN(2100)), t.end)
		for ; at < end; at += frameTime {
			syllable++
			l := float64(level) + 4*rng.NormFloat64()
			if syllable%12 < 3 { // four syllables a second
				l += 8 + 8*rng.Float64()
			}
			v.put(t.who, int(at/frameTime), l, flags && rng.IntN(20) > 0)
		}
		at += ms(150 + rng.IntN(450)) // breath
	}
}

// typing lets the last person type for a third of the time.
func (v *conversation) typing(c talkers, length time.Duration, rng *rand.Rand) {
	for start := time.Duration(0); start < length; start += 30 * time.Second {
		for at := start; at < start+10*time.Second; at += ms(80 + rng.IntN(240)) {
			loud := float64(28 + rng.IntN(17))
			for i := range 1 + rng.IntN(2) {
				v.put(c.people-1, int(at/frameTime)+i, loud, c.flags && rng.IntN(5) == 0)
			}
		}
	}
}

// floor says whether somebody has the floor at a time, or had it just before.
func (v *conversation) floor(who int, at, grace time.Duration) bool {
	for _, t := range v.turns {
		if t.who == who && at >= t.start && at < t.end+grace {
			return true
		}
	}
	return false
}

// taken says whether anybody has the floor.
func (v *conversation) taken(at time.Duration) bool {
	for _, t := range v.turns {
		if at >= t.start && at < t.end {
			return true
		}
	}
	return false
}
