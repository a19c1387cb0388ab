package bench

import (
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

// Path is one direction of the bottleneck.
type Path struct {
	Rate      netsim.Schedule // none for 100 Mbit/s without an end of the queue
	Reference int64           // bit/s; the queue holds Queue at this rate; 0 for 1 Mbit/s
	Queue     time.Duration   // 0 for 300 ms, the default of RFC 8867, section 4.2
	Loss      netsim.Loss
	Jitter    netsim.Jitter
	Policer   netsim.Policer
}

// Flow is one sender of audio and video.
type Flow struct {
	Back       bool          // sends in the backward direction
	Delay      time.Duration // one way; 0 for 50 ms
	Start      time.Duration
	Stop       time.Duration // 0 for the end of the case
	Pause      [2]time.Duration
	Min, Max   bwe.Bitrate      // of the video; 0 for 150 kbit/s, at most Max, and 1.5 Mbit/s
	Silent     bool             // sends no audio
	Layers     []bwe.Bitrate    // the only rates of the video, ascending, as when an SFU forwards it; none for any up to Max
	First      bwe.Bitrate      // the start rate of the estimator; 0 for 300 kbit/s
	NoFeedback [2]time.Duration // feedback of this time is lost
	Skew       float64          // by which the receiver's clock is too fast
}

// Transfer is an endless TCP transfer in the forward direction.
type Transfer struct {
	Congestion  netsim.Congestion
	Start, Stop time.Duration // Stop 0 for the end of the case
	Delay       time.Duration // one way; 0 for 50 ms
}

// Readers are readers of pages, each with short TCP transfers and idle times in the forward direction (RFC 8867, section
// 5.7).
type Readers struct {
	Count int
	netsim.Web
}

// Levels are what the medians of a case have to reach; 0 is no level. Those named Least are lower bounds, as are Util and
// Jain; all others are upper bounds.
type Levels struct {
	Util, Jain            float64 // per cent; index
	QueueP95, AudioP99    time.Duration
	Ramp, Drain           time.Duration
	Loss                  float64 // per cent
	LossFree              bool
	ShareLeast, ShareMost float64 // per cent
	Outage                float64 // per cent
	Back                  time.Duration
}

// Case is a network, the flows in it, and what they have to reach. What is no part of its JSON does not change how a run goes.
type Case struct {
	Name     string // without spaces
	Title    string `json:"-"` // a few words
	Duration time.Duration
	Seed     uint64 // the first to run with; 0 for 1
	Forward  Path
	Back     Path
	Flows    []Flow
	TCP      []Transfer
	Web      Readers
	Levels   Levels `json:"-"`
	Reached  Levels `json:"-"` // where Levels are not reached, or not with every seed: what is
	Open     bool   `json:"-"` // that is so
}

// usualDelay is the one-way delay of RFC 8867, section 4.2.
const usualDelay = 50 * time.Millisecond

func (f Flow) delay() time.Duration { return orElse(f.Delay, usualDelay) }

func (f Flow) min() bwe.Bitrate { return min(orElse(f.Min, leastVideo), f.max()) }

// audio returns the rate of the audio.
func (f Flow) audio() bwe.Bitrate {
	if f.Silent {
		return 0
	}
	return audioRate
}

func orElse[T comparable](v, otherwise T) T {
	var none T
	if v == none {
		return otherwise
	}
	return v
}

func (f Flow) max() bwe.Bitrate {
	if len(f.Layers) > 0 {
		return f.Layers[len(f.Layers)-1]
	}
	return orElse(f.Max, 1500*bwe.Kbps)
}

func (f Flow) stop(c *Case) time.Duration { return orElse(f.Stop, c.Duration) }

func (t Transfer) stop(c *Case) time.Duration { return orElse(t.Stop, c.Duration) }

// layer returns the index of the highest layer that fits into a rate; 0 if none does.
func (f Flow) layer(rate bwe.Bitrate) int {
	best := 0
	for i, l := range f.Layers {
		if l <= rate {
			best = i
		}
	}
	return best
}

// active tells whether a flow sends at a time.
func (f Flow) active(c *Case, t time.Duration) bool {
	return t >= f.Start && t < f.stop(c) && (t < f.Pause[0] || t >= f.Pause[1])
}
