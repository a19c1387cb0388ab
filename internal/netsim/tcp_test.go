package netsim

import (
	"math"
	"testing"
	"time"
)

// dumbbell is a bottleneck of 2 Mbit/s with a one-way delay of 50 ms, shared by all of a test.
func dumbbell(sim *Sim, queue time.Duration, loss Loss) (forward, back *Link) {
	forward = NewLink(sim, LinkConfig{Rate: Constant(2e6), Queue: QueueBytes(2e6, queue), Delay: 50 * ms, Loss: loss, Use: 1})
	back = NewLink(sim, LinkConfig{Rate: Constant(100e6), Delay: 50 * ms, Use: 2})
	return forward, back
}

func TestTCPFillsTheLink(t *testing.T) {
	for _, kind := range []Congestion{Reno, Cubic} {
		sim, got, longest := NewSim(1), 0, time.Duration(0)
		forward, back := dumbbell(sim, 300*ms, Loss{})
		tcp := NewTCP(sim, TCPConfig{Congestion: kind, Forward: forward, Back: back, OnDeliver: func(n int) {
			got += n
			longest = max(longest, forward.Wait())
		}})
		tcp.Start(-1)
		sim.Run(100 * time.Second)
		if share := float64(got*8) / 200e6; share < 0.95 || share > 1 {
			t.Errorf("congestion control %d fills %.3f of the link", kind, share)
		}
		if longest < 280*ms {
			t.Errorf("congestion control %d never filled the queue: %v", kind, longest)
		}
	}
}

func TestTCPsShare(t *testing.T) {
	sim := NewSim(1)
	forward, back := dumbbell(sim, 300*ms, Loss{})
	got := [2]int{}
	for i := range got {
		tcp := NewTCP(sim, TCPConfig{Forward: forward, Back: back, OnDeliver: func(n int) { got[i] += n }})
		sim.At(time.Duration(i)*5*time.Second, func() { tcp.Start(-1) })
	}
	sim.Run(300 * time.Second)
	if share := float64(got[0]) / float64(got[0]+got[1]); share < 0.4 || share > 0.6 {
		t.Errorf("the first has %.2f of the link", share)
	}
}

// The rate of Reno under random loss is about 1.22 packets per round trip and root of the loss (RFC 5348 without its
// timeouts); where it does not fill the link.
func TestRenoUnderRandomLoss(t *testing.T) {
	sim, got := NewSim(1), 0
	forward, back := dumbbell(sim, 300*ms, Loss{P: 0.05})
	tcp := NewTCP(sim, TCPConfig{Forward: forward, Back: back, OnDeliver: func(n int) { got += n }})
	tcp.Start(-1)
	sim.Run(300 * time.Second)
	perRound := float64(got) / packetSize / 300 * 0.106
	if want := 1.22 / math.Sqrt(0.05); perRound < 0.6*want || perRound > 1.3*want {
		t.Errorf("%.1f packets a round trip, want about %.1f", perRound, want)
	}
}

// All bytes of a transfer arrive, whatever is lost, and then it is done once.
func TestTransferEnds(t *testing.T) {
	for seed := range uint64(20) {
		sim, got, done := NewSim(seed), 0, 0
		forward, back := dumbbell(sim, 300*ms, Loss{P: 0.2})
		tcp := NewTCP(sim, TCPConfig{Forward: forward, Back: back, OnDeliver: func(n int) { got += n }, OnDone: func() { done++ }})
		tcp.Start(50_000)
		sim.Run(10 * time.Minute)
		if packets := (50_000 + segment - 1) / segment; done != 1 || got < packets*packetSize {
			t.Errorf("seed %d: done %d times after %d bytes", seed, done, got)
		}
	}
}

// RFC 9438, figures 1 and 2: after a loss the window is back at its old size after K, flat there.
func TestCubicWindow(t *testing.T) {
	w := newWindow(Cubic)
	w.size, w.threshold = 1000, 1000
	w.lost()
	if math.Abs(w.size-700) > 1e-9 {
		t.Fatalf("after a loss %.1f, want 700", w.size)
	}
	k := math.Cbrt(300 / cubicScale)
	now, rtt := time.Duration(0), 100*ms // so long that Reno would be slower
	for ; now < time.Duration(k*float64(time.Second)); now += rtt {
		for range int(w.size) {
			w.acked(now, rtt)
		}
	}
	if math.Abs(w.size-1000) > 10 {
		t.Errorf("after K the window is %.1f, want 1000", w.size)
	}
}

func TestWebReadersComeAndGo(t *testing.T) {
	sim, got := NewSim(1), 0
	forward, back := dumbbell(sim, 300*ms, Loss{})
	for i := range uint64(10) {
		StartWeb(sim, Web{30_000, 50_000, 10 * time.Second}, i, TCPConfig{Forward: forward, Back: back, OnDeliver: func(n int) { got += n }})
	}
	sim.Run(300 * time.Second)
	// 10 readers with 40 kB every 10 s and what the transfer itself takes, about 0.6 s
	if want := 10 * 300 / 10.6 * 40_000; float64(got) < 0.8*want || float64(got) > 1.25*want {
		t.Errorf("%d bytes, want about %.0f", got, want)
	}
}
