package sfu

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// crowd is a room whose participants have sessions that nobody reads but the test.
type crowd struct {
	t  testing.TB
	rm *Room
}

func newCrowd(t testing.TB) *crowd {
	s := &Server{cfg: Config{AudioSlots: 8, MaxParticipants: 10_000}, start: time.Now(), log: zap.NewNop()}
	s.scope.init(context.Background())
	return &crowd{t, newRoom(s, "room")}
}

func (c *crowd) join(identity string, pubs ...*Publication) (*Participant, *signaling.Welcome) {
	c.t.Helper()
	p := newParticipant(c.rm.srv, signaling.JoinRequest{
		Session: signaling.NewSession(), Claims: &signaling.Claims{Identity: identity, Grants: signaling.AllGrants()},
	})
	for i, pub := range pubs {
		pub.id, pub.owner, pub.csrc = fmt.Sprint(identity, " ", i), p, uint32(len(c.rm.publications)+i+1)
	}
	var w signaling.Welcome
	if _, err := c.rm.join(p, pubs, &w); err != nil {
		c.t.Fatal(err)
	}
	return p, &w
}

// told is what a participant has been told since it was asked last: "r type" of each event.
func told(p *Participant) (out []string) {
	for text := p.session.Next(); text != nil; text = p.session.Next() {
		var e struct {
			T string
			R uint64
		}
		if json.Unmarshal(text, &e) == nil {
			out = append(out, fmt.Sprint(e.R, " ", e.T))
		}
	}
	return out
}

func joined(from, to int) (out []string) {
	for r := from; r <= to; r++ {
		out = append(out, fmt.Sprint(r, " participant.joined"))
	}
	return out
}

// In a large room joins that follow each other are told together, once for each silence, and nobody misses one or is told of what its
// welcome has.
func TestLargeRoomTellsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const there, more = 200, 30
		c := newCrowd(t)
		var all []*Participant
		for i := range there {
			p, _ := c.join(fmt.Sprintf("%04d", i))
			all = append(all, p)
			time.Sleep(longestSilence)
		}
		for _, p := range all {
			told(p)
		}
		quiet := silence(there + more)
		if quiet <= 0 || quiet > longestSilence {
			t.Fatalf("the silence is %v", quiet)
		}
		tells := 0
		for i := range more {
			p, w := c.join(fmt.Sprint("x", i))
			if w.Log.R != there+uint64(i)+1 || len(w.Roster) != there+i+1 {
				t.Fatalf("welcome %d has r %d and %d participants", i, w.Log.R, len(w.Roster))
			}
			all = append(all, p)
			if i == 0 && !slices.Equal(told(all[0]), joined(there+1, there+1)) {
				t.Fatal("the first one is not told at once")
			} else if len(told(all[0])) > 0 {
				tells++
			}
			time.Sleep(quiet / more)
		}
		time.Sleep(quiet)
		synctest.Wait()
		if tells > 2 {
			t.Errorf("%d joins within %v were told in %d turns", more, quiet, tells)
		}
		for i, p := range all[1:] {
			first := max(there+1, i+3)
			if got := told(p); !slices.Equal(got, joined(first, there+more)) {
				t.Fatalf("participant %d was told %v, want from %d on", i+1, got, first)
			}
		}
	})
}

// A small room keeps nothing back.
func TestSmallRoomTellsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		first, _ := c.join("0")
		for i := 1; i < smallRoom; i++ {
			c.join(fmt.Sprint(i))
			if got := told(first); !slices.Equal(got, joined(i+1, i+1)) {
				t.Fatalf("join %d: told %v", i, got)
			}
		}
	})
}

// What must not wait takes along what does, in order, and the roster comes behind the events that explain it.
func TestMessageTellsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var last *Participant
		for i := range 100 {
			last, _ = c.join(fmt.Sprint(i))
		}
		time.Sleep(longestSilence)
		told(last)
		c.join("a")
		told(last)
		camera := &Publication{kind: signaling.KindVideo, source: signaling.SourceCamera}
		c.join("b", camera)
		if got := told(last); len(got) > 0 || len(c.rm.roster.Load().publications) > 0 {
			t.Fatalf("told %v, roster %v", got, c.rm.roster.Load().publications)
		}
		if err := c.rm.message(last, &signaling.Message{Body: json.RawMessage("1")}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := told(last); !slices.Equal(got, []string{"102 participant.joined", "103 message"}) {
			t.Errorf("told %v", got)
		}
		if all := c.rm.roster.Load().publications; len(all) != 1 || all[0].Publication != camera {
			t.Errorf("the roster has %v", all)
		}
		time.Sleep(longestSilence)
		if got := told(last); len(got) > 0 {
			t.Errorf("told again: %v", got)
		}
	})
}

// An event is encoded once, whoever gets it, and so is a participant for the welcomes of those who come after it. Who joins without
// publications changes nothing for reconcilers.
func TestEncodedOnce(t *testing.T) {
	c := newCrowd(t)
	a, _ := c.join("a")
	b, _ := c.join("b")
	told(a)
	before := c.rm.roster.Load()
	_, w1 := c.join("c")
	ofA, ofB := a.session.Next(), b.session.Next()
	if len(ofA) == 0 || len(ofB) == 0 || &ofA[0] != &ofB[0] {
		t.Errorf("two participants get %s and %s", ofA, ofB)
	}
	_, w2 := c.join("d")
	if &w1.Roster[0][0] != &w2.Roster[0][0] {
		t.Error("a participant was encoded for each welcome")
	}
	if c.rm.roster.Load() != before {
		t.Error("a new roster without a new publication")
	}
	if err := c.rm.publish(&Publication{id: "p", owner: a, source: signaling.SourceCamera, kind: signaling.KindVideo}); err != nil {
		t.Fatal(err)
	}
	_, w3 := c.join("e")
	var d signaling.Participant
	if err := json.Unmarshal(w3.Roster[0], &d); err != nil || len(d.Publications) != 1 {
		t.Errorf("after it has published, a participant is shown as %s", w3.Roster[0])
	}
	c.rm.unpublish(a, "p")
	_, w4 := c.join("f")
	if err := json.Unmarshal(w4.Roster[0], &d); err != nil || len(d.Publications) != 0 {
		t.Errorf("after it has unpublished, a participant is shown as %s", w4.Roster[0])
	}
}
