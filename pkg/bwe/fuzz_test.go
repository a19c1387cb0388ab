package bwe

import (
	"math"
	"slices"
	"testing"
	"time"
)

// world plays a list of bytes against an Estimator: each is a call, and the next one or two its arguments.
type world struct {
	t    *testing.T
	e    *Estimator
	c    Config
	now  time.Duration
	seq  int64
	ops  []byte
	acks []Ack
}

func (w *world) next() int64 {
	if len(w.ops) == 0 {
		return 0
	}
	b := w.ops[0]
	w.ops = w.ops[1:]
	return int64(b)
}

// strange are times and rates that no honest receiver has.
func (w *world) strange() int64 {
	all := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 40, -1 << 40, int64(time.Hour), int64(w.now)}
	return all[w.next()%int64(len(all))]
}

func (w *world) step() {
	switch w.next() % 10 {
	case 0, 1:
		probe, _ := w.e.Probe(w.now)
		if probe.ID != 0 && (probe.Rate > w.c.Max || probe.Rate <= 0 || probe.Bytes <= 0 || probe.Until <= w.now) {
			w.t.Fatalf("probe %+v", probe)
		}
		for range w.next() % 16 {
			w.e.OnPacketSent(Sent{Seq: w.seq, At: w.now, Size: int(w.next()) * 6, Kind: Kind(w.next() % int64(kinds)), Probe: probe.ID})
			w.acks = append(w.acks, Ack{Seq: w.seq, Recv: w.now + time.Duration(w.next())*time.Millisecond, Lost: w.next() < 20})
			w.seq++
		}
	case 2, 3, 4:
		w.now += time.Duration(w.next()) * time.Millisecond
	case 5, 6:
		n := min(len(w.acks), int(w.next()))
		w.e.OnFeedback(w.now, w.acks[:n])
		w.acks = slices.Delete(w.acks, 0, n/2) // the rest is told again
	case 7:
		w.e.OnFeedback(w.now, []Ack{{Seq: w.seq - w.next(), Recv: time.Duration(w.strange()), Lost: w.next() > 200}})
	case 8:
		w.e.OnFallback(w.now, ReceiverReport{Lost: math.Log(float64(w.strange())), RTT: time.Duration(w.next()) * time.Millisecond}, Bitrate(w.strange()))
	case 9:
		w.rare()
	}
	w.e.OnTimeout(w.now)
}

func (w *world) rare() {
	switch w.next() % 4 {
	case 0:
		w.e.OnRouteChange(w.now)
	case 1:
		w.e.SetDemand(w.now, Demand{Wanted: Bitrate(w.strange()), NextStep: Bitrate(w.strange())})
	case 2:
		w.now += time.Duration(w.next()) * time.Minute
	case 3:
		w.seq += w.next() << (w.next() % 20)
	}
}

// check holds what must be true after any call.
func (w *world) check() {
	s := w.e.State()
	proven := max(w.c.Min, w.e.proven.scale(mostOverProven))
	switch {
	case s.Target < w.c.Min || s.Target > w.c.Max:
		w.t.Fatalf("target %v outside of %+v", s.Target, w.c)
	case s.Target > proven:
		w.t.Fatalf("target %v, proven %v", s.Target, w.e.proven)
	case s.Pacing < s.Target || s.Capacity < 0 || s.Queue < 0 || s.RTT < 0:
		w.t.Fatalf("%+v", s)
	case math.IsNaN(s.Loss) || s.Loss < 0 || s.Loss > 1:
		w.t.Fatalf("loss %v", s.Loss)
	case s.Mode > Compete:
		w.t.Fatalf("mode %d", s.Mode)
	}
}

// FuzzEstimator looks for any order of calls that breaks a bound.
func FuzzEstimator(f *testing.F) {
	f.Add([]byte{0, 5, 200, 2, 50, 100, 2, 100, 5, 255, 9, 0, 7, 3, 3, 1, 8, 4, 9, 3})
	f.Add(slices.Repeat([]byte{0, 15, 200, 2, 50, 100, 2, 50, 5, 255}, 100))
	f.Add(slices.Repeat([]byte{0, 15, 180, 2, 90, 10, 3, 250, 6, 3, 7, 1, 4, 0, 9, 2, 1}, 60))
	f.Add(slices.Repeat([]byte{7, 1, 3, 0, 7, 2, 4, 0, 8, 3, 10, 5, 9, 1, 3, 3}, 60))
	f.Fuzz(func(t *testing.T, ops []byte) {
		c := Config{Min: 30 * Kbps, Max: 50 * Mbps, Start: 300 * Kbps}
		w := &world{t: t, e: New(c), c: c, ops: ops}
		for len(w.ops) > 0 {
			w.step()
			w.check()
		}
	})
}
