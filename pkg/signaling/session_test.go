package signaling

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSessionOrderAndNumbers(t *testing.T) {
	s := NewSession()
	room, err := EncodeRoomEvent(TypeParticipantLeft, 9, ParticipantLeft{"p_2", "lost"})
	if err != nil {
		t.Fatal(err)
	}
	s.State("slots", TypeSlots, Slots{Rev: 1})
	s.Ephemeral("speakers", TypeSpeakers, Speakers{[]Speaker{{"p_1", 0.5}}})
	s.RoomEvents(room)
	s.Event(TypeOfferWanted, OfferWanted{Reason: "ice"})
	s.Ephemeral("speakers", TypeSpeakers, Speakers{})
	s.State("slots", TypeSlots, Slots{Rev: 2})
	s.Event("bare", nil)
	s.Close(CloseRoomClosed, "")
	want := []string{
		`{"t":"speakers","d":{"speakers":[]}}`,
		`{"t":"participant.left","r":9,"d":{"participant":"p_2","reason":"lost"}}`,
		`{"t":"offer.wanted","s":1,"d":{"reason":"ice"}}`,
		`{"t":"slots","s":2,"d":{"rev":2,"slots":[]}}`,
		`{"t":"bare","s":3}`,
		`{"t":"session.closing","s":4,"d":{"code":4004,"reason":"the room was closed"}}`,
		``,
	}
	for _, w := range want {
		if got := string(s.Next()); got != w {
			t.Errorf("got  %s\nwant %s", got, w)
		}
	}
	if s.ctx.Err() == nil {
		t.Error("the context is not done")
	}
}

// After the end all methods do nothing.
func TestClosedSession(t *testing.T) {
	for name, end := range map[string]func(*Session){
		"closed":    func(s *Session) { s.Close(CloseNormal, "") },
		"abandoned": func(s *Session) { s.abandon() },
	} {
		s := NewSession()
		end(s)
		s.RoomEvents([]byte(`{"t":"message"}`))
		s.Event(TypeSlots, nil)
		s.State("k", TypeSlots, nil)
		s.Ephemeral("k", TypeSpeakers, nil)
		s.open([]byte("welcome"))
		s.reply(TypeOK, []byte("ok"))
		s.Close(CloseKicked, "")
		if got := s.Next(); got != nil {
			t.Errorf("%s: %s", name, got)
		}
		s.abandon()
	}
}

// A reason is cut to what a close frame holds.
func TestLongCloseReason(t *testing.T) {
	s := NewSession()
	s.Close(CloseKicked, strings.Repeat("ü", 100))
	var f frame
	var c SessionClosing
	if err := json.Unmarshal(s.Next(), &f); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(f.D, &c); err != nil || c.Reason != strings.Repeat("ü", maxCloseReason/2) {
		t.Errorf("%d bytes: %v", len(c.Reason), err)
	}
}

// Ephemeral events make room for those that must be sent; when nothing more can be dropped the session is closed.
func TestOverflow(t *testing.T) {
	s := NewSession()
	big := json.RawMessage(`"` + strings.Repeat("x", 300_000) + `"`)
	for _, key := range []string{"a", "b", "c", "d"} { // the last finds no room
		s.Ephemeral(key, TypeSpeakers, big)
	}
	for range 3 {
		s.Event(TypeMessage, big)
	}
	if code, _ := s.ended(); code != 0 {
		t.Fatalf("closed with %d", code)
	}
	s.Event(TypeMessage, big)
	if code, _ := s.ended(); code != CloseSlow {
		t.Fatalf("closed with %d", code)
	}
	if got := string(s.Next()); !strings.HasPrefix(got, `{"t":"session.closing","s":1,"d":{"code":4102`) {
		t.Errorf("got %.100s", got)
	}
}

// What cannot be encoded is dropped, logged and counted; it is a fault in the server.
func TestUnencodableEvent(t *testing.T) {
	s := NewSession()
	s.Event(TypeMessage, func() {})
	if got := s.Next(); got != nil {
		t.Errorf("got %s", got)
	}
	if _, err := EncodeRoomEvent(TypeMessage, 1, func() {}); err == nil {
		t.Error("EncodeRoomEvent is content")
	}
}

// All methods at once, under the race detector; none of them blocks.
func TestSessionConcurrency(t *testing.T) {
	s := NewSession()
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 500 {
				s.Event(TypeMessage, n)
				s.State("k", TypeSlots, n)
				s.Ephemeral("k", TypeSpeakers, n)
				s.RoomEvents([]byte(`{"t":"message","r":1}`))
			}
			if n == 7 {
				s.Close(CloseKicked, "")
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	last := uint64(0)
	take := func() bool {
		text := s.Next()
		if text == nil {
			return false
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if f.S != 0 && f.S != last+1 {
			t.Fatalf("number %d follows %d", f.S, last)
		}
		last = max(last, f.S)
		return true
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(0):
		}
		for take() {
		}
	}
	s.abandon()
}

func TestEventType(t *testing.T) {
	for in, want := range map[string]string{
		`{"t":"slots","s":1}`: "slots", `{"t":"made.up"}`: "", `{"x":"slots"}`: "", ``: "", `{"t":"slots`: "",
	} {
		if got := eventType([]byte(in)); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}
