package srtpkeys

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/pion/transport/v4/replaydetector"
)

// replayPair is our detector and its model, which must agree.
type replayPair struct {
	ours  *replays
	model replaydetector.ReplayDetector
}

func newReplayPair(most uint64) replayPair {
	return replayPair{newReplays(most), replaydetector.New(ReplayWindow, most)}
}

// take checks one index, and marks it if it is to be verified.
func (p replayPair) take(t *testing.T, index uint64, verified bool) {
	t.Helper()
	token := p.ours.CheckSeq(index)
	accept, ok := p.model.Check(index)
	if token.Passed() != ok {
		t.Fatalf("index %d after %d: passes %v, want %v", index, p.ours.latest, token.Passed(), ok)
	}
	if !verified {
		return
	}
	if got, want := p.ours.Accept(token), accept(); got != want && index != 0 { // the model takes 0 for the latest, always
		t.Fatalf("index %d is the latest: %v, want %v", index, got, want)
	}
}

func TestReplaysAreThoseOfTheModel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, most := range []uint64{maxRTPIndex, maxRTCPIndex, 5000} {
		p := newReplayPair(most)
		at := uint64(0)
		for range 200_000 {
			switch random.IntN(20) {
			case 0:
				at += random.Uint64N(3 * ReplayWindow)
			case 1:
				at += random.Uint64N(130)
			default:
				at++
			}
			index := at
			if random.IntN(3) == 0 {
				index -= min(index, random.Uint64N(ReplayWindow+ReplayWindow/8))
			}
			p.take(t, index, random.IntN(8) != 0)
		}
	}
}

func TestReplaysAtTheEdges(t *testing.T) {
	p := newReplayPair(maxRTCPIndex)
	for _, index := range []uint64{
		0, 0, 1, ReplayWindow, 0, 1, 2, ReplayWindow + 1, 2, 3, 2 * ReplayWindow, ReplayWindow, ReplayWindow + 1, 3*ReplayWindow + 63,
		2*ReplayWindow + 63, 2*ReplayWindow + 64, 3*ReplayWindow + 128, maxRTCPIndex, maxRTCPIndex, maxRTCPIndex + 1, maxRTCPIndex - ReplayWindow, maxRTCPIndex - ReplayWindow + 1,
	} {
		p.take(t, index, true)
	}
}

// What was not verified is not marked, and a token that is no more within the window marks nothing.
func TestReplaysMarkWhatIsAccepted(t *testing.T) {
	r := newReplays(maxRTPIndex)
	for range 2 {
		if !r.CheckSeq(7).Passed() {
			t.Error("a check has marked an index")
		}
	}
	late := r.CheckSeq(5)
	if r.Accept(replaydetector.Rejected(9)) || r.Accept(replaydetector.Token{}) || r.latest != 0 {
		t.Error("what was rejected is accepted")
	}
	if !r.Accept(r.CheckSeq(5 + ReplayWindow)) {
		t.Error("a newer index is not the latest")
	}
	if r.Accept(late) || !r.has(5+ReplayWindow) || !r.CheckSeq(6).Passed() {
		t.Error("a token that has left the window has marked something")
	}
	accept, ok := r.Check(6)
	if !ok || accept() || r.CheckSeq(6).Passed() {
		t.Error("Check and its accept are not CheckSeq and Accept")
	}
}

func TestReplaysAllocateNothing(t *testing.T) {
	r, index := newReplays(maxRTPIndex), uint64(0)
	if n := testing.AllocsPerRun(100, func() { index++; r.Accept(r.CheckSeq(index)) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzReplays(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 1, 4, 0, 3, 255, 0, 1})
	f.Add([]byte{255, 255, 128, 0, 255, 255, 0, 0, 0, 63, 0, 64})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newReplayPair(1 << 20)
		for ; len(b) >= 2; b = b[2:] {
			step := binary.BigEndian.Uint16(b)
			index := p.ours.latest + uint64(step>>1)
			if step%2 == 1 {
				index = p.ours.latest - min(p.ours.latest, uint64(step>>1))
			}
			p.take(t, index, step%5 != 0)
		}
	})
}

func BenchmarkReplays(b *testing.B) {
	for name, d := range map[string]replaydetector.ReplayDetector{"ours": newReplays(maxRTPIndex), "pion": replaydetector.New(ReplayWindow, maxRTPIndex)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			both := d.(replaydetector.CheckAccepter)
			for i := range uint64(b.N) {
				both.Accept(both.CheckSeq(i))
			}
		})
	}
}
