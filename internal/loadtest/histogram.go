package loadtest

import (
	"math"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets that are 1 % wide, from 1 µs to 10 min: it has the same size after a second and after a day. The
// zero value is empty. It may be used by several goroutines.
type histogram struct {
	buckets [buckets]atomic.Int64
	count   atomic.Int64
}

const (
	buckets = 2048
	width   = 1.01
)

// add counts one duration.
func (h *histogram) add(d time.Duration) {
	at := 0
	if us := float64(d) / float64(time.Microsecond); us > 1 {
		at = min(int(math.Log(us)/math.Log(width))+1, buckets-1)
	}
	h.buckets[at].Add(1)
	h.count.Add(1)
}

// quantile is the duration that a share q of all does not exceed, up to 1 %; false if there are none.
func (h *histogram) quantile(q float64) (time.Duration, bool) {
	left := int64(math.Ceil(q * float64(h.count.Load())))
	if h.count.Load() == 0 {
		return 0, false
	}
	left = max(left, 1)
	for i := range h.buckets {
		if left -= h.buckets[i].Load(); left <= 0 {
			return time.Duration(math.Pow(width, float64(i)) * float64(time.Microsecond)), true
		}
	}
	return 0, false
}
