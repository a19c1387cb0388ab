package sfu

import (
	"testing"
	"time"
)

// Each Transport has its turn within egressTick, whoever comes and goes, and after a pause at once.
func TestTurns(t *testing.T) {
	var r turns
	last := map[*Transport]time.Duration{}
	var now time.Duration
	add := func() *Transport {
		tr := &Transport{in: &ingest{}}
		r.add(tr)
		last[tr] = now
		return tr
	}
	remove := func(tr *Transport) {
		r.remove(tr)
		delete(last, tr)
	}
	tick := func(passed time.Duration) {
		now += passed
		for range r.due(passed) {
			last[r.take()] = now
		}
	}
	tick(mediaTick) // nobody is there
	first := add()
	for range 12 {
		add()
	}
	for i := range 200 {
		tick(mediaTick)
		for _, at := range last {
			if now-at > egressTick+mediaTick {
				t.Fatalf("tick %d: one of %d waits for %v", i, len(last), now-at)
			}
		}
		if i == 50 {
			remove(first)
		}
		if i%37 == 36 {
			remove(r.all[0])
		}
	}
	tick(50 * mediaTick)
	for _, at := range last {
		if at != now {
			t.Fatal("one had no turn after a pause")
		}
	}
}

// Who may have lost packets is in each tick once, and no longer when it has ended.
func TestTurnsOfPublishers(t *testing.T) {
	var r turns
	tr := &Transport{in: &ingest{lines: map[string]*ingestLine{}}}
	r.add(tr)
	r.publishes(tr.in)
	tr.in.lines["0"] = &ingestLine{}
	r.publishes(tr.in) // its second m-line
	if len(r.publishing) != 1 {
		t.Fatalf("%d publishers, want 1", len(r.publishing))
	}
	r.remove(tr)
	ended := &ingest{closed: true}
	r.publishes(ended)
	if len(r.publishing) != 0 || len(r.all) != 0 {
		t.Errorf("%d publishers and %d Transports are left", len(r.publishing), len(r.all))
	}
}
