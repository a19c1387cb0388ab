package netsim

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// 1000 bytes at 1 Mbit/s take 8 ms.
func TestLinkQueuesAndDelays(t *testing.T) {
	sim := NewSim(1)
	link := NewLink(sim, LinkConfig{Rate: Constant(1e6), Queue: 2500, Delay: 50 * ms})
	var arrived []time.Duration
	send := func() Fate { return link.Send(1000, func() { arrived = append(arrived, sim.Now()) }) }
	for i, want := range []Fate{{Queued: 0}, {Queued: 8 * ms}, {Lost: true, Full: true}} {
		if got := send(); got != want {
			t.Errorf("packet %d: %+v, want %+v", i, got, want)
		}
	}
	if link.Wait() != 16*ms {
		t.Errorf("the queue takes %v, want 16 ms", link.Wait())
	}
	sim.At(8*ms, func() {
		if got := send(); got.Lost || got.Queued != 8*ms {
			t.Errorf("after one was sent: %+v", got)
		}
	})
	sim.Run(time.Second)
	want := []time.Duration{58 * ms, 66 * ms, 74 * ms}
	if len(arrived) != 3 || arrived[0] != want[0] || arrived[1] != want[1] || arrived[2] != want[2] {
		t.Errorf("arrived at %v, want %v", arrived, want)
	}
}

// A saturated link carries its schedule, whatever the sizes; what it forgets does not show.
func TestLinkCarriesItsCapacity(t *testing.T) {
	sim, got := NewSim(1), 0
	rate := Schedule{{0, 1e6}, {5 * time.Second, 3e6}}
	link := NewLink(sim, LinkConfig{Rate: rate, Queue: QueueBytes(1e6, 300*ms)})
	chance := sim.Rand(9)
	var send func()
	send = func() {
		size := 100 + chance.IntN(1100)
		link.Send(size, func() { got += size })
		sim.After(ms, send)
	}
	send()
	sim.Run(10 * time.Second)
	if share := float64(got*8) / rate.Bits(0, 10*time.Second); share < 0.99 || share > 1 {
		t.Errorf("carried %.3f of the capacity", share)
	}
}

func TestOutageWithoutEndLosesAll(t *testing.T) {
	link := NewLink(NewSim(1), LinkConfig{Rate: Schedule{{0, 0}}})
	if !link.Send(1, func() { t.Error("arrived") }).Lost {
		t.Error("a packet waits for ever")
	}
}

func TestJitterBoundsAndOrder(t *testing.T) {
	sim := NewSim(1)
	link := NewLink(sim, LinkConfig{Rate: Constant(1e12), Delay: 50 * ms, Jitter: Jitter{30 * ms}})
	const n = 20000
	next, sum := 0, time.Duration(0)
	for i := range n {
		sim.At(time.Duration(i)*50*ms, func() {
			sent := sim.Now()
			link.Send(100, func() {
				delay := sim.Now() - sent
				if i != next || delay < 50*ms || delay > 81*ms {
					t.Fatalf("packet %d arrives after %v, expected was %d", i, delay, next)
				}
				next++
				sum += delay - 50*ms
			})
		})
	}
	sim.Run(time.Hour)
	if mean := sum / n; next != n || mean < 14*ms || mean > 16*ms {
		t.Errorf("%d of %d packets, mean jitter %v, want 15 ms", next, n, mean)
	}
	for i := range 1000 { // sent at once, they would overtake each other
		link.Send(1, func() {
			if i != next-n {
				t.Fatalf("packet %d overtakes %d", i, next-n)
			}
			next++
		})
	}
	sim.Run(2 * time.Hour)
}

func TestPolicerPassesItsRateAndItsBucket(t *testing.T) {
	sim := NewSim(1)
	link := NewLink(sim, LinkConfig{Rate: Constant(1e9), Policer: Policer{Rate: 1e6, Bucket: 20_000}})
	passed := 0
	for i := range 20_000 { // 10 s at 16 Mbit/s
		sim.At(time.Duration(i)*500*time.Microsecond, func() {
			if !link.Send(1000, func() {}).Lost {
				passed += 1000
			}
		})
	}
	sim.Run(10 * time.Second)
	if want := 20_000 + 1_250_000; passed < want-2000 || passed > want {
		t.Errorf("passed %d bytes, want %d", passed, want)
	}
}
