package rtpfwd

import (
	"slices"
	"testing"
)

func TestHistogramBinsAreInOrder(t *testing.T) {
	last := -1
	for value := range uint64(1 << (histogramOctaves + 1)) {
		bin := binOf(value)
		if bin < last || bin > last+1 || bin >= histogramBins {
			t.Fatalf("bin %d of %d follows bin %d", bin, value, last)
		}
		last = bin
		if top := binTop(bin); value < 1<<histogramOctaves && (top < value || top > value+value/8) {
			t.Fatalf("the bin of %d ends at %d", value, top)
		}
	}
	if last != histogramBins-1 {
		t.Errorf("%d bins are in use, want %d", last+1, histogramBins)
	}
}

// runHistogram compares quantiles with those of a sorted list of the same values. What was
// halved away counts by its weight.
func runHistogram(t *testing.T, steps []byte) {
	t.Helper()
	type sample struct {
		value  uint64
		weight uint64
	}
	var h histogram
	var model []sample
	for i := 0; i+1 < len(steps); i += 2 {
		if steps[i] == 0xff && steps[i+1]&1 == 0 {
			h.halve()
			for k := range model {
				model[k].weight /= 2
			}
			if len(model) > 0 && model[0].weight < sampleWeight/4 {
				return // from here on the parts lost in rounding show
			}
			continue
		}
		v := uint64(steps[i+1]) << (steps[i] % 16)
		h.add(v)
		model = append(model, sample{min(v, 1<<histogramOctaves-1), sampleWeight})
	}
	slices.SortFunc(model, func(a, b sample) int { return int(a.value) - int(b.value) })
	total := uint64(0)
	for _, s := range model {
		total += s.weight
	}
	if uint64(h.total) != total {
		t.Fatalf("the total is %d, want %d", h.total, total)
	}
	for _, permille := range []uint32{1, 500, 950, 990, 1000} {
		want, sum := uint64(0), uint64(0)
		for _, s := range model {
			if sum += s.weight; sum*1000 >= total*uint64(permille) {
				want = s.value
				break
			}
		}
		if got := h.quantile(permille); got < want || got > want+want/8 {
			t.Fatalf("%d permille of %d samples: %d, want %d", permille, len(model), got, want)
		}
	}
}

func TestHistogramLikeSortedList(t *testing.T) {
	rng := seeded(21)
	for range 200 {
		steps := make([]byte, 2*rng.IntN(300))
		for i := range steps {
			steps[i] = byte(rng.Uint32())
		}
		runHistogram(t, steps)
	}
	var h histogram
	if h.quantile(990) != 0 || h.samples() != 0 {
		t.Error("an empty histogram has a quantile")
	}
}

func FuzzHistogram(f *testing.F) {
	f.Add([]byte{0, 5, 3, 200, 15, 255, 0xff, 0, 1, 1})
	f.Fuzz(func(t *testing.T, steps []byte) { runHistogram(t, steps) })
}
