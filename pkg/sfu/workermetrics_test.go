package sfu

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestBoundsOfSpreadsGrow(t *testing.T) {
	if !slices.IsSorted(timeBounds[:]) || !slices.IsSorted(sizeBounds[:]) {
		t.Error("bounds must grow")
	}
}

// A spread counts what a list of all values would.
func TestSpreadAgainstAList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s spread
	var list []int64
	for range 2000 {
		v := timeBounds[r.IntN(len(timeBounds))] + r.Int64N(3) - 1 // at each bound and beside it
		s.add(v, &timeBounds)
		list = append(list, v)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(oneMetric{s.metric(prometheus.NewDesc("d", "d", nil, nil), &timeBounds, time.Second)})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, v := range list {
		sum += float64(v) / 1e9
	}
	h := families[0].GetMetric()[0].GetHistogram()
	if h.GetSampleCount() != 2000 || h.GetSampleSum()-sum > 1e-6 || sum-h.GetSampleSum() > 1e-6 {
		t.Errorf("count %d, sum %v, want 2000, %v", h.GetSampleCount(), h.GetSampleSum(), sum)
	}
	for i, b := range h.GetBucket() {
		want := uint64(0)
		for _, v := range list {
			if v <= timeBounds[i] {
				want++
			}
		}
		if b.GetCumulativeCount() != want {
			t.Errorf("up to %v s: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want)
		}
	}
}

// oneMetric collects one metric.
type oneMetric struct{ prometheus.Metric }

func (m oneMetric) Describe(out chan<- *prometheus.Desc) { out <- m.Desc() }
func (m oneMetric) Collect(out chan<- prometheus.Metric) { out <- m.Metric }

// at is a clock that stands still.
func at(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// beginTimed begins a round that is timed.
func (t *tally) beginTimed(now time.Duration) {
	for t.begin(at(now)); !t.timed; t.begin(at(now)) {
		t.end(nil)
	}
}

// One in timeEvery rounds is timed, and of their packets one in sampleEvery, to the end of the round.
func TestTally(t *testing.T) {
	c := tally{dice: 1}
	ms := time.Millisecond
	c.beginTimed(10 * ms)
	c.took(3, []job{{fn: func(time.Duration) {}}, {raw: []byte{1}, at: 8 * ms}, {raw: []byte{1}, at: 9 * ms}})
	for range 2 * sampleEvery {
		c.forwarded(9*ms, true)
		c.forwarded(0, false) // of the past
	}
	c.end(at(12 * ms))
	if c.busy != 2*ms || c.wait.sum != int64(2*ms) || c.size.sum != 3 || c.latency.sum != int64(6*ms) {
		t.Errorf("got %+v", c)
	}
	c.beginTimed(20 * ms)
	for range 10 * maxSamples * sampleEvery {
		c.forwarded(20*ms, true)
	}
	c.end(at(21 * ms))
	total := uint64(0)
	for _, n := range c.latency.counts {
		total += n
	}
	if total != 2+maxSamples || c.sampled != 0 || c.busy != 3*ms {
		t.Errorf("%d samples, want %d; busy for %v, want 3 ms", total, 2+maxSamples, c.busy)
	}
	c.took(0, nil)
	if got := testing.AllocsPerRun(100, func() {
		c.begin(at(0))
		c.took(1, []job{})
		c.forwarded(0, true)
		c.end(at(1))
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// Which rounds are timed follows no pattern: of any number of rounds that repeat, each is timed as often as the others.
func TestTimedRoundsFollowNoPattern(t *testing.T) {
	const rounds = 80000
	for _, period := range []int{1, 2, 3, 5, 8, 16} {
		c := tally{dice: 1}
		counts := make([]int, period)
		for i := range rounds {
			if c.begin(at(0)); c.timed {
				counts[i%period]++
			}
			c.end(at(0))
		}
		want := rounds / timeEvery / period
		for _, n := range counts {
			if n < want*4/5 || n > want*6/5 {
				t.Errorf("period %d: timed %v, want %d each", period, counts, want)
			}
		}
	}
}

// A worker that does not answer any more leaves its last figures, and names follow the conventions.
func TestWorkerMetricsOutliveTheWorkers(t *testing.T) {
	registry := prometheus.NewRegistry()
	srv := realServer(t, Config{Workers: 2, Registerer: registry})
	for range 3 {
		if _, err := registry.Gather(); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() (rounds float64) {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "heliograph_worker_rounds_total" {
					rounds += m.GetCounter().GetValue()
				}
			}
		}
		return rounds
	}
	before := sum()
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	closeServer(t, srv)
	if after := sum(); before < 6 || after < before {
		t.Errorf("%v rounds, %v after the close", before, after)
	}
}

// What the figures cost: a forwarded packet and a round, to be held against some 2 us for a forwarded packet.
func BenchmarkTally(b *testing.B) {
	start := time.Now()
	clock := func() time.Duration { return time.Since(start) }
	c := tally{dice: 1}
	b.Run("packet", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.forwarded(1, true)
			c.forwardedBytes += 1200
		}
	})
	b.Run("round", func(b *testing.B) {
		jobs := []job{{raw: []byte{1}}}
		b.ReportAllocs()
		for b.Loop() {
			c.begin(clock)
			c.took(1, jobs)
			c.end(clock)
		}
	})
}
