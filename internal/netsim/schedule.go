package netsim

import "time"

// Step sets a rate from a time on.
type Step struct {
	From time.Duration // since the start of the simulation
	Rate int64         // bit/s; 0 is an outage
}

// Schedule is a capacity over time: steps in ascending order, the first from time 0. The last step lasts for ever.
type Schedule []Step

// Constant returns a schedule of one rate in bit/s.
func Constant(rate int64) Schedule { return Schedule{{0, rate}} }

// At returns the rate at a time, in bit/s; 0 before the first step.
func (s Schedule) At(t time.Duration) int64 {
	rate := int64(0)
	for _, step := range s {
		if step.From > t {
			break
		}
		rate = step.Rate
	}
	return rate
}

// Bits returns how many bits the schedule carries between two times.
func (s Schedule) Bits(from, to time.Duration) float64 {
	bits := 0.0
	for i, step := range s {
		end := to
		if i+1 < len(s) {
			end = min(to, s[i+1].From)
		}
		if start := max(from, step.From); start < end {
			bits += float64(step.Rate) * (end - start).Seconds()
		}
	}
	return bits
}

// never is the time of what does not end.
const never = time.Duration(1<<63 - 1)

// finish returns when the last of size bytes is sent if the first is sent at start; never in an outage without end.
func (s Schedule) finish(start time.Duration, size int) time.Duration {
	left := int64(size) * 8 * int64(time.Second) // in bits x nanoseconds per second
	for i, step := range s {
		last := i+1 == len(s)
		if !last && s[i+1].From <= start {
			continue
		}
		begin := max(start, step.From)
		if step.Rate > 0 {
			need := time.Duration((left + step.Rate - 1) / step.Rate)
			if last || begin+need <= s[i+1].From {
				return begin + need
			}
		}
		if !last {
			left -= step.Rate * int64(s[i+1].From-begin)
		}
	}
	return never
}
