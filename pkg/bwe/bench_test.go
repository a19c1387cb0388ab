package bwe

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// hotPath is a call that happens for each packet or feedback. The functions below make what a benchmark times and what the allocation test counts.
type hotPath struct {
	name string
	make func(t testing.TB) func(i int)
}

func hotPaths() []hotPath {
	return []hotPath{
		{"Estimator/packet", func(testing.TB) func(int) { return estimating(1) }},
		{"Estimator/feedback", func(testing.TB) func(int) { return estimating(5) }},
		{"Pacer", func(testing.TB) func(int) { return pacing() }},
		{"TransportCC", parsingTransportCC},
		{"CCFB", parsingCCFB},
		{"ArrivalLog", telling},
		{"Divide/50", dividing},
		{"Allocate/50", allocating},
	}
}

// estimating sends packets at 3 Mbit/s with a feedback for every n.
func estimating(n int) func(int) {
	e := New(Config{Min: 50 * Kbps, Max: 3 * Mbps, Start: 3 * Mbps})
	acks := make([]Ack, 0, n)
	return func(i int) {
		at := time.Duration(i) * 3200 * time.Microsecond
		e.OnPacketSent(Sent{Seq: int64(i), At: at, Size: 1200, Kind: Video})
		acks = append(acks, Ack{Seq: int64(i), Recv: at + 50*time.Millisecond})
		if len(acks) == n {
			e.OnFeedback(at+100*time.Millisecond, acks)
			acks = acks[:0]
		}
	}
}

func pacing() func(int) {
	p := NewPacer(3 * Mbps)
	return func(i int) {
		now := time.Duration(i) * 3200 * time.Microsecond
		p.Push(now, Item{Ref: i, Kind: Kind(i % int(kinds)), Size: 1200, Frame: int64(i / 4)})
		for _, ok := p.Pop(now); ok; _, ok = p.Pop(now) {
		}
		p.Next(now)
	}
}

func parsingTransportCC(t testing.TB) func(int) {
	symbols := []uint16{1, 1, 1, 0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	raw := feedbackOf(t, 100, 5, symbols, make([]int64, 15), false)
	var parser TransportCC
	acks := make([]Ack, 0, 16)
	return func(int) {
		if got, err := parser.Parse(raw, 200, acks[:0]); err != nil || len(got) != 16 {
			t.Fatal(got, err)
		}
	}
}

func parsingCCFB(t testing.TB) func(int) {
	raw := marshalCCFB(t, 1<<20, rtcp.CCFeedbackReportBlock{MediaSSRC: 7, BeginSequence: 3, MetricBlocks: make([]rtcp.CCFeedbackMetricBlock, 16)})
	var parser CCFB
	var numbers Numbers
	acks := make([]Ack, 0, 16)
	return func(i int) {
		numbers.Add(7, uint16(3+i%16), int64(i))
		if _, err := parser.Parse(raw, &numbers, acks[:0]); err != nil {
			t.Fatal(err)
		}
	}
}

// telling notes packets, with a feedback for every 16.
func telling(t testing.TB) func(int) {
	var l ArrivalLog
	buf := make([]byte, 0, feedbackSize)
	return func(i int) {
		l.Record(time.Duration(i)*3200*time.Microsecond, uint16(i))
		if i%16 == 15 && len(l.Append(buf[:0], 1, 2)) == 0 {
			t.Fatal("nothing to tell")
		}
	}
}

func dividing(testing.TB) func(int) {
	tracks := randomTracks(rand.New(rand.NewPCG(1, 1)), 50)
	var d Divider
	choices := make([]int, 0, 50)
	return func(i int) { d.Divide(Bitrate(i%30)*Mbps, tracks, choices[:0]) }
}

// allocating has a path that changes every second.
func allocating(testing.TB) func(int) {
	tracks := randomTracks(rand.New(rand.NewPCG(1, 1)), 50)
	var a Allocator
	grants := make([]Grant, 0, 50)
	return func(i int) {
		target := Bitrate(4+i/10%20) * Mbps
		a.Allocate(time.Duration(i)*allocationTick, State{Target: target, Capacity: target, Probes: i / 24, Probed: target}, audioReserve, tracks, grants[:0])
	}
}

func BenchmarkHotPaths(b *testing.B) {
	for _, h := range hotPaths() {
		b.Run(h.name, func(b *testing.B) {
			do := h.make(b)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				do(i)
			}
		})
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	for _, h := range hotPaths() {
		do, i := h.make(t), 0
		for ; i < 10_000; i++ {
			do(i)
		}
		if n := testing.AllocsPerRun(1000, func() { do(i); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", h.name, n)
		}
	}
}
