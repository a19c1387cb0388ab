package rtpfwd

import "math/bits"

const (
	// subBits splits each octave of a histogram into eight bins, so that a quantile is at
	// most an eighth too high.
	subBits = 3
	// histogramOctaves makes 2^20 the largest value: 11 s in ticks of 90 kHz, 1 s in
	// microseconds. Larger ones count as that.
	histogramOctaves = 20
	histogramBins    = (histogramOctaves - subBits + 1) << subBits
	// sampleWeight is what one sample counts for. It leaves room to be halved.
	sampleWeight = 1 << 10
	// histogramMost is how many samples there are at most; then all are halved.
	histogramMost = 1 << 16
)

// histogram is a distribution of values from 0 on, in bins whose width grows with the
// value. Halving it now and then makes it slide: what is old counts for less and less.
// The zero value is ready.
type histogram struct {
	bins  [histogramBins]uint32
	total uint32 // the sum of the bins
}

// binOf returns the bin of a value. The first eight values have a bin each.
//
//	value  0 .. 7   8 .. 15   16,17 .. 30,31   32-35 .. 60-63
//	bin    0 .. 7   8 .. 15   16    .. 23      24    .. 31
func binOf(value uint64) int {
	value = min(value, 1<<histogramOctaves-1)
	shift := max(bits.Len64(value)-subBits-1, 0)
	return shift<<subBits + int(value>>shift)
}

// binTop returns the largest value of a bin.
func binTop(bin int) uint64 {
	if bin < 2<<subBits {
		return uint64(bin)
	}
	shift := bin>>subBits - 1
	first := uint64(bin&(1<<subBits-1) | 1<<subBits)
	return (first+1)<<shift - 1
}

// add counts a value.
func (h *histogram) add(value uint64) {
	if h.total >= histogramMost*sampleWeight {
		h.halve()
	}
	h.bins[binOf(value)] += sampleWeight
	h.total += sampleWeight
}

// halve makes all that was counted so far count half.
func (h *histogram) halve() {
	h.total = 0
	for i := range h.bins {
		h.bins[i] /= 2
		h.total += h.bins[i]
	}
}

// samples returns how many samples there are, old ones counted in part.
func (h *histogram) samples() uint32 { return h.total / sampleWeight }

// quantile returns a value that at least this share of the samples, in 1/1000, does not
// exceed; 0 if there are none.
func (h *histogram) quantile(permille uint32) uint64 {
	need := (uint64(h.total)*uint64(permille) + 999) / 1000
	if need == 0 {
		return 0
	}
	sum := uint64(0)
	for i, n := range h.bins {
		if sum += uint64(n); sum >= need {
			return binTop(i)
		}
	}
	return 0
}
