package bwe

import (
	"testing"
	"time"
)

// Once a limit was held for its time it is asked whether the policer is gone: soon where what is sent leaves room for it, else more rarely.
// What was taken back since is given up for that, as the policer's bucket is empty afterwards.
func TestPolicerIsAskedWhetherItIsGone(t *testing.T) {
	for _, c := range []struct {
		sends Bitrate
		after time.Duration // the end of the hold
	}{{60 * Kbps, 0}, {95 * Kbps, policeRestful - policeRest}} {
		e := New(testConfig())
		e.policing = policing{phase: policeHolding, limit: 100 * Kbps, until: time.Second}
		var seq int64
		asked := time.Duration(-1)
		for now := time.Duration(0); now < policeRestful && asked < 0; now += 20 * time.Millisecond {
			size := c.sends.Bytes(20 * time.Millisecond)
			e.OnPacketSent(Sent{Seq: seq, At: now, Size: size})
			e.delivered.add(now, size)
			e.sending.add(now, size)
			seq++
			e.SetDemand(now, Demand{Wanted: Mbps, NextStep: 300 * Kbps})
			e.police(now)
			if e.planProbe(now); e.prober.busy() {
				asked = now
			}
		}
		if late := asked - time.Second - c.after; late < 0 || late > 200*time.Millisecond {
			t.Errorf("%v of 100 kbit/s: asked at %v, the hold ended at 1s", c.sends, asked)
		}
		if p := e.prober.current; p.Size != probeSmall || p.Bytes < 10_000 {
			t.Errorf("asked by %+v: that passes by the bucket or overdraws it", p)
		}
		if e.policing.limit != 100*Kbps {
			t.Errorf("the limit is %v", e.policing.limit)
		}
		if e.mayAsk(asked + policeRest - time.Millisecond) {
			t.Errorf("asked again before %v have passed", policeRest)
		}
	}
}

// A probe that leaves a queue has met a slow path, and no policer.
func TestPolicerHasNoQueue(t *testing.T) {
	e := New(testConfig())
	e.policing = policing{phase: policeGrowing, limit: 100 * Kbps, held: 100 * Kbps, deaf: 2 * time.Second}
	e.delay.queue = drainQueue - time.Millisecond
	if e.police(time.Second); e.policing.phase != policeGrowing {
		t.Errorf("a short queue: %+v", e.policing)
	}
	e.delay.queue = drainQueue + time.Millisecond
	if e.police(time.Second); e.policing.phase != policeNothing {
		t.Errorf("a long queue: %+v", e.policing)
	}
}
