package bwe

import (
	"math/rand/v2"
	"testing"
	"time"
)

// Pairs show the capacity in spite of jitter and of others' packets between some of them, and nothing else does.
func TestPairsShowTheCapacity(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 9))
	var m pairMeter
	recv := time.Duration(0)
	for i := range int64(200) {
		at := time.Duration(i) * 20 * time.Millisecond
		recv = max(recv, at) + time.Duration(chance.IntN(int(5*time.Millisecond)))
		m.add(&sentPacket{seq: 2 * i, at: at, size: 1200}, recv)
		recv += (2 * Mbps).Lasts(1200) + time.Duration(chance.NormFloat64()*float64(500*time.Microsecond))
		if chance.IntN(4) == 0 {
			recv += (2 * Mbps).Lasts(1500)
		}
		m.add(&sentPacket{seq: 2*i + 1, at: at, size: 1200}, recv)
	}
	if got := m.capacity(); got < 1700*Kbps || got > 2300*Kbps {
		t.Errorf("%v, want 2 Mbit/s", got)
	}
}

func TestPairsAreSentTogether(t *testing.T) {
	for name, second := range map[string]sentPacket{
		"later":        {seq: 1, at: time.Millisecond, size: 1200},
		"not the next": {seq: 2, size: 1200},
		"small":        {seq: 1, size: 100},
	} {
		var m pairMeter
		m.add(&sentPacket{size: 1200}, 0)
		m.add(&second, time.Millisecond)
		if m.count != 0 {
			t.Errorf("%s: counts as a pair", name)
		}
	}
}
