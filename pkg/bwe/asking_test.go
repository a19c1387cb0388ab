package bwe

import (
	"testing"
	"time"
)

// A probe that was to find out why packets are lost, and was given up, does not take the next one for its answer.
func TestAProbeThatWasGivenUpAsksNoMore(t *testing.T) {
	e := New(Config{Min: 50 * Kbps, Start: Mbps, Max: 10 * Mbps})
	e.losses.recent = 0.3
	e.ask(time.Second, 300*Kbps)
	if !e.prober.busy() || e.policing.asks != e.prober.current.ID {
		t.Fatal("it does not ask")
	}
	e.prober.cancel() // nobody fetched it
	e.plan(2*time.Second, 2*Mbps)
	judged := e.prober.ended
	e.judgeProbe(time.Minute)
	if e.prober.busy() || e.prober.ended != judged+1 || e.policing.again != 0 || e.losses.inherent != 0 {
		t.Errorf("the next probe was taken for the answer: %d judged, again %v, inherent %v", e.prober.ended-judged, e.policing.again, e.losses.inherent)
	}
}
