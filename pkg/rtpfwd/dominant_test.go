package rtpfwd

import (
	"math"
	"time"
)

// dominant is the reference that Speakers is compared with: the dominant speaker
// identification of I. Volfin and I. Cohen (Computer Speech and Language 27, 2013), with
// levels in place of spectral bands, as servers use it. Each person gets a score for
// three spans of time; who beats the dominant speaker in all three takes the place.
//
//	immediate  20 ms    how many of 13 steps of the level are reached
//	medium     100 ms   how many of 5 immediate ones are above their threshold
//	long       1 s      how many of 10 medium ones are above theirs
//
// The score of v active of n parts is the logarithm of the likelihood ratio of speech
// (binomial with p = 0.5) to silence (exponential with lambda).
type dominant struct {
	people  []dominantPerson
	current int // -1: nobody yet
	decided time.Duration
}

type dominantPerson struct {
	immediate [50]int // the latest first
	floor     int     // the noise, as loudness
	floorNext int
	frames    int
}

const (
	dominantSteps, dominantMedium, dominantLong = 13, 5, 10
	dominantMediumFrom, dominantLongFrom        = 7, 4 // more than that many are active
	dominantInterval                            = 300 * time.Millisecond
	dominantC1, dominantC2, dominantC3          = 3, 2, 0
)

func newDominant(people int) *dominant {
	return &dominant{people: make([]dominantPerson, people), current: -1}
}

// observe takes the level of one frame.
func (d *dominant) observe(who int, level uint8) {
	p := &d.people[who]
	loud := 127 - int(level)
	if p.frames%375 == 0 { // every 7.5 s
		p.floor, p.floorNext = p.floorNext, loud
	}
	p.frames++
	p.floorNext = min(p.floorNext, loud)
	p.floor = min(p.floor, loud)
	copy(p.immediate[1:], p.immediate[:])
	p.immediate[0] = 0
	if loud >= p.floor+10 {
		p.immediate[0] = min(loud/10, dominantSteps)
	}
}

// likelihood is the score of v active of n parts.
func likelihood(v, n int, lambda float64) float64 {
	score := -math.Log(lambda) + lambda*float64(v) + float64(n)*math.Log(0.5)
	for k := range v {
		score += math.Log(float64(n-k)) - math.Log(float64(k+1))
	}
	return max(score, 1e-10)
}

// scores returns those of the three spans.
func (p *dominantPerson) scores() (s [3]float64) {
	mediums, long := [dominantLong]int{}, 0
	for i := range mediums {
		for _, v := range p.immediate[i*dominantMedium : (i+1)*dominantMedium] {
			if v > dominantMediumFrom {
				mediums[i]++
			}
		}
		if mediums[i] > dominantLongFrom {
			long++
		}
	}
	return [3]float64{
		likelihood(p.immediate[0], dominantSteps, 0.78),
		likelihood(mediums[0], dominantMedium, 24),
		likelihood(long, dominantLong, 47),
	}
}

// decide looks every 300 ms whether somebody else is dominant now.
func (d *dominant) decide(now time.Duration) int {
	if now-d.decided < dominantInterval {
		return d.current
	}
	d.decided = now
	if d.current < 0 {
		d.current = 0
	}
	was, best, next := d.people[d.current].scores(), float64(dominantC2), d.current
	for who := range d.people {
		s := d.people[who].scores()
		c1, c2, c3 := math.Log(s[0]/was[0]), math.Log(s[1]/was[1]), math.Log(s[2]/was[2])
		if who != d.current && c1 > dominantC1 && c2 > best && c3 > dominantC3 {
			best, next = c2, who
		}
	}
	d.current = next
	return next
}
