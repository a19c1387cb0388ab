package udpio

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkWorkers sends K packets to each of 50 destinations: one goroutine, two that have a socket of the group each, and two that share
// one. x-carry is how many times more than one goroutine they carry on the clock, the median of the rounds; x-cores the same by what a packet
// costs, which says what they would carry if nothing else ran.
func BenchmarkWorkers(b *testing.B) {
	for _, k := range []int{1, 4, 8} {
		b.Run(fmt.Sprintf("K=%d", k), func(b *testing.B) { benchWorkers(b, k) })
	}
}

const roundsOfWorker = 100

func benchWorkers(b *testing.B, k int) {
	group, err := ListenShared(netip.MustParseAddrPort("127.0.0.1:0"), 2, Config{Buffer: 4 << 20})
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range group {
		b.Cleanup(func() { _ = s.Close() })
	}
	first, last := group[0], group[len(group)-1]
	alone := fanOut(first, sinks(b), k)
	ways := []func(){
		alone,
		both(fanOut(first, sinks(b), k), fanOut(last, sinks(b), k)),
		both(fanOut(first, sinks(b), k), fanOut(first, sinks(b), k)),
	}
	carry, cores := make([][]float64, len(ways)), make([][]float64, len(ways))
	for b.Loop() {
		var wall, cpu float64
		for i, way := range ways {
			at, used := time.Now(), cpuTime(b)
			way()
			w, c := float64(time.Since(at)), float64(cpuTime(b)-used)
			if i == 0 {
				wall, cpu = w, c
			}
			carry[i], cores[i] = append(carry[i], 2*wall/w), append(cores[i], 4*cpu/c)
		}
	}
	for i, name := range []string{"", "group", "shared"} {
		if i > 0 {
			b.ReportMetric(median(carry[i]), name+"-x-carry")
			b.ReportMetric(median(cores[i]), name+"-x-cores")
		}
	}
}

// fanOut is the rounds of a worker.
func fanOut(s *Socket, to []netip.AddrPort, k int) func() {
	q, packet := NewQueue(), pattern(benchBytes, 1)
	var flows []*Flow
	for _, a := range to {
		flows = append(flows, q.NewFlow(s, a))
	}
	return func() {
		for range roundsOfWorker {
			for _, f := range flows {
				for range k {
					f.Put(packet)
				}
			}
			q.Flush()
		}
	}
}

func both(one, two func()) func() {
	return func() {
		var all sync.WaitGroup
		all.Go(one)
		all.Go(two)
		all.Wait()
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
