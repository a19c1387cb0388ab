package bwe

import (
	"slices"
	"time"
)

const (
	pairCount = 15
	pairLeast = 800 // bytes: the smaller, the more of its time is error
)

// pairMeter measures the capacity of the bottleneck by packets that were sent together: they leave it one transmission
// apart, however much traffic of others waits there with them.
type pairMeter struct {
	rates [pairCount]Bitrate
	count int

	seq  int64
	at   time.Duration
	recv time.Duration
}

// add takes a packet that has arrived.
func (m *pairMeter) add(p *sentPacket, recv time.Duration) {
	together := p.seq == m.seq+1 && p.at == m.at && p.size >= pairLeast && recv > m.recv
	if together {
		m.rates[m.count%pairCount] = rateOf(int(p.size), recv-m.recv)
		m.count++
	}
	m.seq, m.at, m.recv = p.seq, p.at, recv
}

// capacity returns the median of the latest pairs, 0 while there are too few.
func (m *pairMeter) capacity() Bitrate {
	if m.count < pairCount {
		return 0
	}
	sorted := m.rates
	slices.Sort(sorted[:])
	return sorted[pairCount/2]
}
