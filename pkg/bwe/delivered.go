package bwe

import "time"

const (
	rateBucket  = 5 * time.Millisecond
	rateBuckets = 256
	rateSpan    = rateBucket * (rateBuckets - 1)
	rateGap     = 60 // buckets, 300 ms
)

// deliveredMeter measures the rate at which packets arrive, by the receiver's clock, over any window of up to 1.2 s. It
// costs the same at any rate, and no time that a receiver claims can make it grow.
type deliveredMeter struct {
	bytes   [rateBuckets]int
	newest  int64 // index of the latest bucket since the origin of the receiver's clock
	first   int64 // index of the first bucket with something in it
	started bool
}

// add takes a packet that has arrived.
func (m *deliveredMeter) add(recv time.Duration, size int) {
	index := int64(recv / rateBucket)
	if !m.started || index-m.newest > int64(clockJump/rateBucket) || m.newest-index > int64(clockJump/rateBucket) {
		*m = deliveredMeter{newest: index, first: index, started: true}
	}
	if index-m.newest > rateGap {
		m.first = index
	}
	for n := 0; m.newest < index && n < rateBuckets; n++ {
		m.newest++
		m.bytes[m.slot(m.newest)] = 0
	}
	m.newest = max(m.newest, index)
	if m.newest-index < rateBuckets {
		m.bytes[m.slot(index)] += size
	}
}

func (m *deliveredMeter) slot(index int64) int {
	return int((index%rateBuckets + rateBuckets) % rateBuckets)
}

// over returns the mean rate of a window that ends with the latest arrival. At the start and after a pause of 300 ms the
// window is as long as what was seen since; 0 while that is less than 50 ms: a sender that was silent says nothing about
// the path.
func (m *deliveredMeter) over(window time.Duration) Bitrate {
	seen := time.Duration(m.newest-m.first) * rateBucket
	window = min(window, seen, rateSpan)
	if !m.started || window < 50*time.Millisecond {
		return 0
	}
	total := 0
	for i := range int64(window / rateBucket) {
		total += m.bytes[m.slot(m.newest-i)]
	}
	return rateOf(total, window/rateBucket*rateBucket)
}
