package bwe

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// feedbackOf marshals transport-wide feedback with pion/rtcp: symbols and deltas (in 250 us) as given.
func feedbackOf(t testing.TB, base uint16, reference uint32, symbols []uint16, deltas []int64, oneBit bool) []byte {
	t.Helper()
	p := rtcp.TransportLayerCC{
		Header:             rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback},
		BaseSequenceNumber: base, PacketStatusCount: uint16(len(symbols)), ReferenceTime: reference,
	}
	size, n, kind := 20, 7, uint16(rtcp.TypeTCCSymbolSizeTwoBit)
	if oneBit {
		n, kind = 14, rtcp.TypeTCCSymbolSizeOneBit
	}
	for rest := symbols; len(rest) > 0; rest = rest[min(n, len(rest)):] {
		list := make([]uint16, n)
		copy(list, rest)
		p.PacketChunks = append(p.PacketChunks, &rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: kind, SymbolList: list})
		size += 2
	}
	i := 0
	for _, s := range symbols {
		if s == smallDelta || s == largeDelta {
			p.RecvDeltas = append(p.RecvDeltas, &rtcp.RecvDelta{Type: s, Delta: deltas[i] * 250})
			size += int(s)
			i++
		}
	}
	p.Header.Padding = size%4 != 0
	p.Header.Length = uint16((size+3)/4 - 1)
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Random feedback says what the model says, over wraps of numbers and reference times, after a start anywhere.
func TestTransportCCMatchesTheModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	var parser TransportCC
	latest, reference := int64(65000), int64(1<<24-50)
	origin := time.Duration(-1)
	for range 3000 {
		first := latest - int64(chance.IntN(300))
		oneBit := chance.IntN(2) == 0
		var symbols []uint16
		var deltas []int64
		var want []Ack
		at := time.Duration(reference) * 64 * time.Millisecond
		for i := range int64(1 + chance.IntN(60)) {
			s := uint16(chance.IntN(3))
			if oneBit {
				s = uint16(chance.IntN(2))
			}
			symbols = append(symbols, s)
			delta := int64(0)
			switch s {
			case smallDelta:
				delta = chance.Int64N(256)
			case largeDelta:
				delta = chance.Int64N(1<<16) - 1<<15
			}
			if s != notReceived {
				deltas = append(deltas, delta)
				at += time.Duration(delta) * 250 * time.Microsecond
			}
			if seq := first + i; seq <= latest {
				want = append(want, ackOf(seq, at, s == notReceived))
			}
		}
		raw := feedbackOf(t, uint16(first), uint32(reference)&0xffffff, symbols, deltas, oneBit)
		got, err := parser.Parse(raw, latest, nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin < 0 {
			origin = time.Duration(parser.reference-reference) * 64 * time.Millisecond
		}
		for i := range got {
			if !got[i].Lost {
				got[i].Recv -= origin
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		latest += int64(chance.IntN(200))
		reference += int64(chance.IntN(40)) - 5
	}
}

func TestTransportCCRunLengths(t *testing.T) {
	p := rtcp.TransportLayerCC{
		Header:            rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 5},
		PacketStatusCount: 5,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{PacketStatusSymbol: notReceived, RunLength: 3},
			&rtcp.RunLengthChunk{PacketStatusSymbol: withoutDelta, RunLength: 2},
		},
	}
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var parser TransportCC
	got, err := parser.Parse(raw, 1, nil)
	if want := []Ack{{Seq: 0, Lost: true}, {Seq: 1, Lost: true}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v: what was never sent and what has no time is left out", got, err, want)
	}
}

func TestTransportCCMalformed(t *testing.T) {
	good := feedbackOf(t, 1, 1, []uint16{1, 0, 2}, []int64{1, 400}, false)
	before := []Ack{{Seq: 99}}
	for n := range good {
		var parser TransportCC
		if got, err := parser.Parse(good[:n], 5, before); !errors.Is(err, ErrFeedback) || !slices.Equal(got, before) {
			t.Errorf("%d of %d bytes: %v, %v", n, len(good), got, err)
		}
	}
	for name, change := range map[string]func([]byte){
		"version":      func(b []byte) { b[0] &= 0x3f },
		"format":       func(b []byte) { b[0] ^= 1 },
		"type":         func(b []byte) { b[1]++ },
		"length":       func(b []byte) { b[3]++ },
		"padding":      func(b []byte) { b[0] |= 0x20; b[len(b)-1] = 200 },
		"no padding":   func(b []byte) { b[0] |= 0x20; b[len(b)-1] = 0 },
		"many symbols": func(b []byte) { b[14] = 0xff },
		"empty run":    func(b []byte) { b[20], b[21] = 0, 0 },
		"many deltas":  func(b []byte) { b[20], b[21] = 0x40, 3 },
	} {
		raw := slices.Clone(good)
		change(raw)
		var parser TransportCC
		if _, err := parser.Parse(raw, 5, nil); !errors.Is(err, ErrFeedback) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzTransportCC holds the parser to what it promises, and to pion's where both take a packet.
func FuzzTransportCC(f *testing.F) {
	f.Add(feedbackOf(f, 65530, 1<<24-1, []uint16{1, 0, 2, 1, 1, 1, 1, 1, 0}, []int64{1, -400, 3, 0, 0, 255, 7}, false), int64(70000))
	f.Add(feedbackOf(f, 3, 0, []uint16{1, 0, 1}, []int64{1, 4}, true), int64(4))
	f.Fuzz(func(t *testing.T, raw []byte, latest int64) {
		latest = max(0, latest&(1<<40-1))
		var parser TransportCC
		acks, err := parser.Parse(raw, latest, nil)
		if err != nil && len(acks) > 0 {
			t.Fatal("acks and an error")
		}
		for i, a := range acks {
			if a.Seq < 0 || a.Seq > latest || i > 0 && a.Seq <= acks[i-1].Seq {
				t.Fatalf("number %d after %v, latest sent %d", a.Seq, acks[:i], latest)
			}
		}
		var theirs rtcp.TransportLayerCC
		if err != nil || theirs.Unmarshal(raw) != nil || latest < 1<<17 {
			return
		}
		lost := 0
		for _, a := range acks {
			if a.Lost {
				lost++
			}
		}
		if got := len(acks) - lost; got > len(theirs.RecvDeltas) {
			t.Fatalf("%d arrivals, pion has %d", got, len(theirs.RecvDeltas))
		}
	})
}
