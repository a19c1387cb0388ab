package bwe

import "time"

const (
	rateBucket  = 5 * time.Millisecond
	rateBuckets = 256
	rateGap     = 60 // buckets: a pause of 300 ms
	rateLeast   = 50 * time.Millisecond
)

// deliveredMeter measures the rate at which packets pass, over any window of up to 1.2 s, by any clock. It costs the same
// at any rate, and no time that a receiver claims can make it grow.
type deliveredMeter struct {
	totals  [rateBuckets]int64 // bytes up to and with each bucket
	newest  int64              // index of the latest bucket since the origin of the clock
	first   int64              // index of the first bucket after the latest pause
	started bool
}

// add notes a packet.
func (m *deliveredMeter) add(at time.Duration, size int) {
	index := bucketOf(at)
	const jump = int64(clockJump / rateBucket)
	if !m.started || index-m.newest > jump || m.newest-index > jump {
		*m = deliveredMeter{newest: index, first: index, started: true}
	}
	if index-m.newest > rateGap {
		m.first = index
	}
	total := *m.total(m.newest)
	for m.newest < index {
		m.newest++
		*m.total(m.newest) = total
	}
	if m.newest-index >= rateBuckets {
		return // older than any window
	}
	for i := index; i <= m.newest; i++ {
		*m.total(i) += int64(size)
	}
}

// bucketOf rounds down, also before the origin of a clock.
func bucketOf(at time.Duration) int64 {
	index := int64(at / rateBucket)
	if at < 0 && at%rateBucket != 0 {
		index--
	}
	return index
}

func (m *deliveredMeter) total(index int64) *int64 { return &m.totals[index&(rateBuckets-1)] }

// over returns the mean rate of a window that ends with the latest packet. At the start and after a pause of 300 ms the
// window is as long as what was seen since; 0 while that is less than 50 ms: a sender that was silent says nothing about
// the path.
func (m *deliveredMeter) over(window time.Duration) Bitrate {
	n := min(int64(window/rateBucket), m.newest-m.first, rateBuckets-1)
	window = time.Duration(n) * rateBucket
	if !m.started || window < rateLeast {
		return 0
	}
	return rateOf(int(*m.total(m.newest)-*m.total(m.newest - n)), window)
}
