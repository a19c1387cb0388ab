package netsim

import (
	"math/rand/v2"
	"time"
)

// Jitter is a random delay after the bottleneck with a truncated normal distribution (RFC 8868, section 4.5.2): mean
// Max/2, standard deviation Max/6, never below 0 or above Max. Packets are not reordered: one that would overtake
// another arrives right after it.
type Jitter struct {
	Max time.Duration
}

type jitterState struct {
	Jitter
	chance *rand.Rand
}

func (j *jitterState) draw() time.Duration {
	if j.Max <= 0 {
		return 0
	}
	for {
		if z := j.chance.NormFloat64(); z >= -3 && z <= 3 {
			return time.Duration((0.5 + z/6) * float64(j.Max))
		}
	}
}
