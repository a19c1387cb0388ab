package sfutest

import (
	"slices"
	"time"
)

// Playout is how pictures look that go through the buffer of a browser, which delays them to hide how irregularly they come.
type Playout struct {
	Frames  int           // shown
	Freezes int           // as W3C counts freezeCount: a picture stands for 150 ms and a usual one more, or for three of them
	Frozen  time.Duration // all of them: totalFreezesDuration
	Longest time.Duration // that one picture stood
	Delay   time.Duration // from the capture to the showing: of 95 % of the frames not longer
}

const (
	leastBuffer  = 20 * time.Millisecond
	mostBuffer   = 500 * time.Millisecond
	bufferMemory = 10 * time.Second
)

// play shows frames of one source. The buffer is as long as the latest frame of the last 10 s was late, at most 500 ms. A picture stands from
// since on, and the last one until until.
func play(frames []Frame, since, until, frame time.Duration) Playout {
	var out Playout
	var delays []time.Duration
	limit := max(3*frame, frame+150*time.Millisecond)
	last := since
	stands := func(from, to time.Duration) {
		stood := to - from
		out.Longest = max(out.Longest, stood)
		if stood >= limit {
			out.Freezes++
			out.Frozen += stood
		}
	}
	for i, f := range frames {
		shown := max(f.At, f.Captured+buffer(frames[:i], f.At), last)
		if shown > until {
			break
		}
		stands(last, shown)
		last = shown
		out.Frames++
		delays = append(delays, shown-f.Captured)
	}
	stands(last, until)
	if len(delays) > 0 {
		slices.Sort(delays)
		out.Delay = delays[len(delays)*95/100]
	}
	return out
}

// buffer is how long frames are kept at now, after those that came so far.
func buffer(came []Frame, now time.Duration) time.Duration {
	d := leastBuffer
	for i := len(came) - 1; i >= 0 && now-came[i].At < bufferMemory; i-- {
		d = max(d, came[i].At-came[i].Captured)
	}
	return min(d, mostBuffer)
}
