package bwe

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The rate over a window is that of the packets in it, whatever the order in which they are told.
func TestDeliveredMatchesTheModel(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 1))
	var m deliveredMeter
	type packet struct {
		recv time.Duration
		size int
	}
	var all []packet
	newest := time.Duration(-1 << 40) // the receiver's clock may be anything
	for range 20_000 {
		newest += time.Duration(chance.IntN(int(20 * time.Millisecond)))
		p := packet{newest - time.Duration(chance.IntN(int(30*time.Millisecond))), 1 + chance.IntN(1500)}
		m.add(p.recv, p.size)
		all = append(all, p)
		if len(all) < 200 {
			continue
		}
		window := time.Duration(20+chance.IntN(180)) * rateBucket
		total := 0
		for _, q := range all[max(0, len(all)-400):] {
			if index := bucketOf(q.recv); index > m.newest-int64(window/rateBucket) {
				total += q.size
			}
		}
		if got, want := m.over(window), rateOf(total, window); got != want {
			t.Fatalf("over %v: %v, want %v", window, got, want)
		}
	}
}

func TestDeliveredAfterAPause(t *testing.T) {
	var m deliveredMeter
	at := time.Duration(0)
	add := func(n int) {
		for range n {
			m.add(at, 1250)
			at += 10 * time.Millisecond
		}
	}
	add(100)
	if got := m.over(controlWindow); got < 990*Kbps || got > 1010*Kbps {
		t.Errorf("%v, want 1 Mbit/s", got)
	}
	at += time.Second // nothing is said about the path by a sender that is silent
	m.add(at, 1250)
	if got := m.over(controlWindow); got != 0 {
		t.Errorf("%v from one packet", got)
	}
	at += 10 * time.Millisecond
	add(10)
	if got := m.over(controlWindow); got < 900*Kbps || got > 1200*Kbps {
		t.Errorf("%v after a pause, want about 1 Mbit/s", got)
	}
}

// A clock that was set starts the measurement anew.
func TestDeliveredAfterAClockJump(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 1 << 62, -1 << 62} {
		var m deliveredMeter
		for i := range 100 {
			m.add(time.Duration(i)*10*time.Millisecond, 1250)
		}
		for i := range 100 {
			m.add(jump+time.Duration(i)*10*time.Millisecond, 1250)
		}
		if got := m.over(controlWindow); got < 990*Kbps || got > 1010*Kbps {
			t.Errorf("after a jump of %v: %v, want 1 Mbit/s", jump, got)
		}
	}
}
