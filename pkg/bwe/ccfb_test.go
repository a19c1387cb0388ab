package bwe

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func marshalCCFB(t testing.TB, stamp uint32, blocks ...rtcp.CCFeedbackReportBlock) []byte {
	t.Helper()
	raw, err := rtcp.CCFeedbackReport{SenderSSRC: 1, ReportBlocks: blocks, ReportTimestamp: stamp}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Random reports of several SSRCs say what the model says, over wraps of sequence numbers and timestamps.
func TestCCFBMatchesTheModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	var parser CCFB
	var numbers Numbers
	next := map[uint32]uint16{7: 65000, 8: 0, 9: 40000}
	sent := map[uint32]map[uint16]int64{7: {}, 8: {}, 9: {}}
	seq, stamp := int64(0), int64(1<<32-1000000)
	for range 2000 {
		for range 20 {
			ssrc := uint32(7 + chance.IntN(3))
			numbers.Add(ssrc, next[ssrc], seq)
			sent[ssrc][next[ssrc]] = seq
			next[ssrc]++
			seq++
		}
		var blocks []rtcp.CCFeedbackReportBlock
		var want []Ack
		for ssrc := uint32(7); ssrc <= 9; ssrc++ {
			block := rtcp.CCFeedbackReportBlock{MediaSSRC: ssrc, BeginSequence: next[ssrc] - uint16(chance.IntN(10))}
			for i := range uint16(chance.IntN(12)) {
				m := rtcp.CCFeedbackMetricBlock{Received: chance.IntN(3) > 0, ECN: rtcp.ECN(chance.IntN(4)), ArrivalTimeOffset: uint16(chance.IntN(1 << 13))}
				block.MetricBlocks = append(block.MetricBlocks, m)
				at, known := sent[ssrc][block.BeginSequence+i]
				switch {
				case !known || m.Received && m.ArrivalTimeOffset >= 0x1ffe:
				case !m.Received:
					want = append(want, Ack{Seq: at, Lost: true})
				default:
					offset := time.Duration(m.ArrivalTimeOffset) * time.Second / 1024
					want = append(want, Ack{Seq: at, Recv: stampTime(stamp) - offset, ECN: uint8(m.ECN)})
				}
			}
			blocks = append(blocks, block)
		}
		got, err := parser.Parse(marshalCCFB(t, uint32(stamp), blocks...), &numbers, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
		stamp += int64(chance.IntN(1 << 16))
	}
}

func stampTime(stamp int64) time.Duration {
	return time.Duration(stamp>>16)*time.Second + time.Duration(stamp&0xffff)*time.Second>>16
}

// A number is found until a newer packet takes its place; a wrong one never.
func TestNumbersFindNothingWrong(t *testing.T) {
	var numbers Numbers
	chance := rand.New(rand.NewPCG(7, 8))
	type key struct {
		ssrc uint32
		wire uint16
	}
	model, found := map[key]int64{}, 0
	for seq := range int64(100_000) {
		k := key{uint32(chance.IntN(5)) * 12345, uint16(seq)}
		numbers.Add(k.ssrc, k.wire, seq)
		model[k] = seq
		ask := key{uint32(chance.IntN(5)) * 12345, uint16(seq - int64(chance.IntN(500)))}
		got, ok := numbers.Find(ask.ssrc, ask.wire)
		if ok {
			found++
		}
		if want, known := model[ask]; ok && (!known || got != want) {
			t.Fatalf("%v: got %d, want %d", ask, got, want)
		}
	}
	if found < 18_000 { // one in five asks for a packet that there was; few are pushed out
		t.Errorf("only %d packets were found", found)
	}
}

// Two SSRCs that share a place are not taken for each other.
func TestNumbersThatShareAPlace(t *testing.T) {
	other := uint32(1)
	for slotOf(other, 5) != slotOf(0, 5) {
		other++
	}
	var numbers Numbers
	numbers.Add(0, 5, 1)
	if seq, ok := numbers.Find(other, 5); ok {
		t.Errorf("found %d of another SSRC", seq)
	}
	numbers.Add(other, 5, 2)
	if seq, ok := numbers.Find(0, 5); ok {
		t.Errorf("found %d, which was pushed out", seq)
	}
}

func TestCCFBMalformed(t *testing.T) {
	good := marshalCCFB(t, 5, rtcp.CCFeedbackReportBlock{MediaSSRC: 7, MetricBlocks: make([]rtcp.CCFeedbackMetricBlock, 3)})
	var numbers Numbers
	numbers.Add(7, 0, 4)
	before := []Ack{{Seq: 99}}
	for n := range good {
		var parser CCFB
		if got, err := parser.Parse(good[:n], &numbers, before); !errors.Is(err, ErrFeedback) || !slices.Equal(got, before) {
			t.Errorf("%d of %d bytes: %v, %v", n, len(good), got, err)
		}
	}
	good[15] = 200 // reports than there are
	var parser CCFB
	if got, err := parser.Parse(good, &numbers, before); !errors.Is(err, ErrFeedback) || !slices.Equal(got, before) {
		t.Errorf("%v, %v", got, err)
	}
}

func FuzzCCFB(f *testing.F) {
	f.Add(marshalCCFB(f, 1<<31, rtcp.CCFeedbackReportBlock{MediaSSRC: 7, BeginSequence: 65535, MetricBlocks: []rtcp.CCFeedbackMetricBlock{
		{Received: true, ECN: 3, ArrivalTimeOffset: 100}, {}, {Received: true, ArrivalTimeOffset: 0x1fff},
	}}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var numbers Numbers
		for i := range int64(1000) {
			numbers.Add(7, uint16(65000+i), i)
		}
		var parser CCFB
		acks, err := parser.Parse(raw, &numbers, nil)
		if err != nil && len(acks) > 0 {
			t.Fatal("acks and an error")
		}
		for _, a := range acks {
			if a.Seq < 0 || a.Seq >= 1000 {
				t.Fatalf("number %d was never sent", a.Seq)
			}
		}
	})
}
