package rtpfwd

import (
	"testing"
	"time"
)

// joinConditions are worlds in which others join.
func joinConditions() []conditions {
	return []conditions{
		{seed: 1, frames: 1500, joins: true, switches: true, padding: 0.3},
		{seed: 2, frames: 1500, joins: true, switches: true, clocks: true, double: 0.1},
		{seed: 3, frames: 1500, joins: true, switches: true, short: true, padding: 0.1},
		{seed: 4, frames: 1500, joins: true, switches: true, reorder: ms(10), double: 0.05},
		{seed: 5, frames: 1500, joins: true, switches: true, loss: 0.03, repair: ms(60), padding: 0.1},
		{seed: 6, frames: 1500, joins: true, switches: true, loss: 0.03, repair: ms(60), reorder: ms(20), clocks: true},
	}
}

// TestWorldJoiners: who is served from the ring has a keyframe first, and no hole in the
// numbers; all of the past decodes, and the timestamps are in real time right after it.
func TestWorldJoiners(t *testing.T) {
	for _, c := range joinConditions() {
		w := newWorld(t, c)
		w.run()
		backlog := 0
		for _, j := range w.joiners {
			v := look(j)
			v.checkJoined()
			backlog = max(backlog, v.past())
		}
		t.Logf("seed %d: %d joined, up to %d pictures of the past", c.seed, len(w.joiners), backlog)
		if len(w.joiners) < 20 || backlog < 15 {
			t.Errorf("seed %d: %d joined, up to %d pictures of the past", c.seed, len(w.joiners), backlog)
		}
	}
}

// past counts the pictures that came with the first one.
func (v *view) past() int {
	n := 0
	for ; n < len(v.pictures) && v.pictures[n].packets[0].out.now == v.w.now; n++ {
	}
	return n
}

// checkJoined checks what a joiner got.
func (v *view) checkJoined() {
	v.w.t.Helper()
	if first := v.pictures[0]; !v.w.truth[first.id].key || first.packets[0].k != 0 {
		v.w.t.Errorf("the first packet is number %d of %+v", first.packets[0].k, first.id)
	}
	past := v.past()
	for i, p := range v.pictures[:past-1] { // the newest one may be coming in
		if !p.whole {
			v.w.t.Errorf("%d of %d packets of %+v of the past", len(p.packets), p.packets[0].of, p.id)
		}
		if next := v.pictures[i+1]; next.packets[0].number != p.packets[len(p.packets)-1].number+1 {
			v.w.t.Errorf("%+v does not follow %+v", next.id, p.id)
		}
	}
	if v.w.c.loss == 0 && v.w.c.reorder == 0 {
		v.checkGapless(0)
		v.checkNumbers(0)
		v.checkDecodable(0)
	} else {
		v.checkGapless(150)
		v.checkDecodable(150)
	}
	v.checkRealTime(past)
}

// checkRealTime: the newest picture of the past is as new as it is, and those that follow
// are as much later as they come.
func (v *view) checkRealTime(past int) {
	v.w.t.Helper()
	head := v.pictures[0].packets[0]
	for i, p := range v.pictures {
		r := p.packets[0]
		if len(v.switches) > 1 && r.number >= v.switches[1] {
			return // a switch may add a picture
		}
		stamped, passed := time.Duration(r.time-head.time)*time.Second/90000, r.out.now-head.out.now
		if slack := 50*time.Millisecond + v.w.c.reorder + v.w.c.repair; stamped < passed-slack-time.Second/30 || stamped > passed+slack {
			v.w.t.Fatalf("picture %d, after %d of the past, comes after %v and is stamped %v", i, past, passed, stamped)
		}
	}
}
