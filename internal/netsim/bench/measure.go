package bench

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
	"github.com/heliograph/heliograph/pkg/bwe"
)

const binTime = 100 * time.Millisecond

// meter counts what happens to the packets of a flow.
type meter struct {
	bins       []int // media bytes delivered, by time
	sentBins   []int // all bytes sent, by time
	waits      []wait
	sent, lost int // media packets
	media, pad int // bytes sent
	feedback   int
}

type wait struct {
	at, queued time.Duration
	audio      bool
}

func addBin(bins []int, at time.Duration, size int) []int {
	i := int(at / binTime)
	for len(bins) <= i {
		bins = append(bins, 0)
	}
	bins[i] += size
	return bins
}

func (m *meter) delivered(now time.Duration, item bwe.Item) {
	if item.Kind != bwe.Padding {
		m.bins = addBin(m.bins, now, item.Size)
	}
}

func (m *meter) passed(now time.Duration, item bwe.Item, fate netsim.Fate) {
	m.sentBins = addBin(m.sentBins, now, item.Size)
	if item.Kind == bwe.Padding {
		m.pad += item.Size
		return
	}
	m.media += item.Size
	m.sent++
	if fate.Lost {
		m.lost++
		return
	}
	m.waits = append(m.waits, wait{now, fate.Queued, item.Kind == bwe.Audio})
}

// bytesIn returns what bins hold between two times.
func bytesIn(bins []int, from, to time.Duration) int {
	total := 0
	for i := int(from / binTime); i < min(int(to/binTime), len(bins)); i++ {
		total += bins[i]
	}
	return total
}

// percentile returns the smallest of sorted values that p of them do not exceed.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))]
}

// waits returns how long the packets of all flows waited, sorted, and those of audio among them.
func (w *world) waits() (all, audio []time.Duration) {
	for _, f := range w.flows {
		for _, one := range f.meter.waits {
			all = append(all, one.queued)
			if one.audio {
				audio = append(audio, one.queued)
			}
		}
	}
	slices.Sort(all)
	slices.Sort(audio)
	return all, audio
}

// jain returns the fairness index of Jain: 1 if all are equal, 1/n if one has all.
func jain(values []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum, squares = sum+v, squares+v*v
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / (float64(len(values)) * squares)
}
