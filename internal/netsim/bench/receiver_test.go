package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// What is reported is what has arrived, to 250 us, and in numbers of two bytes.
func TestReports(t *testing.T) {
	r := receiver{offset: time.Hour, next: 70_000, arrivals: nil}
	var parser bwe.TransportCC
	now := time.Duration(0)
	for round := range int64(200) {
		first := 70_000 + 30*round
		var sent []int64
		for i := range int64(30) {
			now += time.Duration((round*7+i*13)%17) * 5 * ms
			if i%5 != 2 {
				r.add(now, first+i, 100)
				sent = append(sent, int64(now+time.Hour))
			}
		}
		raw, err := r.report()
		if err != nil {
			t.Fatal(err)
		}
		acks, err := parser.Parse(raw, first+40, nil)
		if err != nil || len(acks) != 30 {
			t.Fatalf("round %d: %d acks, %v", round, len(acks), err)
		}
		for i, a := range acks {
			if a.Seq != first+int64(i) || a.Lost != (i%5 == 2) {
				t.Fatalf("round %d, packet %d: %+v", round, i, a)
			}
			if a.Lost {
				continue
			}
			if off := time.Duration(sent[0]) - a.Recv; off < 0 || off >= 250*time.Microsecond {
				t.Fatalf("round %d, packet %d: off by %v", round, i, off)
			}
			sent = sent[1:]
		}
	}
	if raw, err := r.report(); raw != nil || err != nil {
		t.Errorf("a report of nothing: %v, %v", raw, err)
	}
}

// Feedback takes at most 5 % of the rate, and comes every 50 to 250 ms.
func TestReportsAreBounded(t *testing.T) {
	for rate, want := range map[int]time.Duration{0: 250 * ms, 20_000: 250 * ms, 100_000: 108800 * time.Microsecond, 5_000_000: 50 * ms} {
		var r receiver
		got := time.Duration(0)
		for range 100 {
			r.bytes = rate / 80
			got = r.wait(100*ms, 68)
		}
		if (got - want).Abs() > ms {
			t.Errorf("at %d bit/s every %v, want %v", rate, got, want)
		}
	}
}

// Chunks tell of each packet, and of nothing else.
func TestChunksFit(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		symbols := make([]uint16, 1+chance.IntN(40))
		for i := range symbols {
			if symbols[i] = 1; chance.IntN(8) == 0 {
				symbols[i] = uint16(chance.IntN(3))
			}
		}
		var got []uint16
		for _, c := range chunks(symbols) {
			switch c := c.(type) {
			case *rtcp.RunLengthChunk:
				got = append(got, slices.Repeat([]uint16{c.PacketStatusSymbol}, int(c.RunLength))...)
			case *rtcp.StatusVectorChunk:
				got = append(got, c.SymbolList...)
			}
		}
		if !slices.Equal(got, symbols) {
			t.Fatalf("%v, want %v", got, symbols)
		}
	}
	if all := chunks(make([]uint16, 10_000)); len(all) != 2 {
		t.Errorf("%d chunks for a run that is longer than one holds", len(all))
	}
}
