package signaling

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestJoinAndLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		ann, bob := s.join("ann"), s.join("bob")
		if f := ann.next(); f.T != TypeParticipantJoined || f.R != 2 {
			t.Fatalf("ann got %s", f)
		}
		if got := s.metric("sessions"); got != 2 {
			t.Errorf("%v sessions are counted, not 2", got)
		}
		if f := bob.response(bob.request(TypeLeave, struct{}{})); f.T != TypeOK {
			t.Fatalf("leave got %s", f)
		}
		if _, code := bob.ending(); code != int(CloseNormal) {
			t.Errorf("leave closed with %d", code)
		}
		synctest.Wait() // the hall hears of each end on a goroutine of its own: bob's before ann's begins
		_ = ann.ws.Close()
		synctest.Wait()
		if got := s.hall.leftNow(); got != "bob:left ann:lost" {
			t.Errorf("left: %s", got)
		}
		for name, want := range map[string]float64{"sessions": 0, "pending": 0} {
			if got := s.metric(name); got != want {
				t.Errorf("%s is %v at the end", name, got)
			}
		}
		if s.metric("closes_total", "1000") != 1 || s.metric("closes_total", "lost") != 1 {
			t.Error("the two ends are not counted as 1000 and lost")
		}
	})
}

func TestWelcomeComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		h.onJoin = func(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
			r.Session.State("slots", TypeSlots, Slots{Rev: 1})
			r.Session.Event(TypeOfferWanted, OfferWanted{Reason: "ice"})
			r.Session.State("slots", TypeSlots, Slots{Rev: 2})
			time.Sleep(time.Second) // the writer has time to err
			return &guest{hall: h, session: r.Session}, &Welcome{}, nil
		}
		s := newSite(t, h)
		w := s.connect("192.0.2.1")
		w.hello(testToken(t, "r", "ann"))
		for _, want := range []string{`{"t":"welcome","re":1,`, `{"t":"offer.wanted","s":1,`, `{"t":"slots","s":2,"d":{"rev":2,`} {
			if f := w.next(); !strings.HasPrefix(f.raw, want) {
				t.Errorf("got %s, want %s", f, want)
			}
		}
	})
}

func TestWelcomeIsFilledIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.connect("192.0.2.1")
		w.request(TypeHello, Hello{Token: testToken(t, "team-*", "ann"), Room: "team-7"})
		var got Welcome
		if f := w.next(); json.Unmarshal(f.D, &got) != nil {
			t.Fatalf("got %s", f)
		}
		if got.Session != s.hall.session("ann").ID() || got.Room != "team-7" {
			t.Errorf("session %q, room %q", got.Session, got.Room)
		}
		if got.Keepalive != (KeepaliveTimes{3000, 7500}) {
			t.Errorf("keepalive %v", got.Keepalive)
		}
	})
}

// Nobody can write another sender's name on a message.
func TestMessageSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		ann, bob := s.join("ann"), s.join("bob")
		bob.send(`{"t":"message","id":2,"d":{"from":"p_eve","at":7,"body":{"html":"<b>"}}}`)
		if f := ann.next(); f.T != TypeParticipantJoined {
			t.Fatalf("got %s", f)
		}
		if f := ann.next(); f.raw != `{"t":"message","r":3,"d":{"from":"p_bob","body":{"html":"<b>"}}}` {
			t.Errorf("got %s", f)
		}
	})
}

// A participant that answers pings stays, one that is silent is dead 12 s after its last sign of life.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		ann, bob := s.join("ann"), s.join("bob")
		go func() {
			for ann.next().close == nil { // reading answers pings
			}
		}()
		gone := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, bob.ws.NetConn()) // reads, but answers nothing
			close(gone)
		}()
		start := time.Now()
		<-gone
		if d := time.Since(start); d < deadAfter || d > deadAfter+closeGrace {
			t.Errorf("the silent one was dead after %v", d)
		}
		time.Sleep(time.Minute)
		if got := s.hall.leftNow(); got != "bob:lost" {
			t.Errorf("left: %s", got)
		}
		if s.metric("closes_total", "4104") != 1 {
			t.Error("the end is not counted as 4104")
		}
	})
}

// A websocket ping of the participant is answered, and counts as a sign of life.
func TestPingFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		var pongs atomic.Int32
		w.ws.SetPingHandler(func(string) error { return nil })
		w.ws.SetPongHandler(func(d string) error {
			if d != "x" {
				t.Errorf("the pong says %q", d)
			}
			pongs.Add(1)
			return nil
		})
		go func() {
			for w.next().close == nil {
			}
		}()
		for range 20 {
			if err := w.ws.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Second)
		}
		if n := pongs.Load(); n != 20 {
			t.Errorf("20 pings got %d pongs", n)
		}
	})
}

// Only who is silent is pinged: after five seconds, and again after each five more.
func TestWhoSpeaksIsNotPinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		var pings atomic.Int32
		w.ws.SetPingHandler(func(string) error {
			pings.Add(1)
			return w.ws.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second))
		})
		go func() {
			for w.next().close == nil {
			}
		}()
		for range 20 {
			w.send(`{"t":"ping","id":7,"d":{"n":1}}`)
			time.Sleep(3 * time.Second)
		}
		if n := pings.Load(); n != 0 {
			t.Errorf("%d pings to who pings every three seconds", n)
		}
		time.Sleep(28 * time.Second) // the last request was three seconds ago
		if n := pings.Load(); n != 6 {
			t.Errorf("%d pings in 31 s of silence", n)
		}
	})
}

func TestSlowReaderIsClosedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		slow, good := s.join("slow"), s.join("good")
		got := make(chan int)
		go func() {
			n := 0
			for n < 200 && good.next().close == nil {
				n++
			}
			got <- n
		}()
		start := time.Now()
		body := json.RawMessage(`"` + strings.Repeat("x", 10<<10) + `"`)
		for range 200 { // 2 MiB
			s.hall.broadcast(TypeMessage, Message{Body: body})
			synctest.Wait()
		}
		if n := <-got; n != 200 || time.Since(start) != 0 {
			t.Errorf("the other one got %d of 200 messages within %v", n, time.Since(start))
		}
		texts := 0
		for {
			f := slow.next()
			if f.close != nil {
				if f.close.Code != int(CloseSlow) {
					t.Errorf("the slow one was closed with %v", f.close)
				}
				break
			}
			texts++
		}
		// participant.joined, what fits the connection, what was being written, session.closing; what waited was dropped
		if texts != 1+memBuffer/(10<<10)+1+1 {
			t.Errorf("the slow one still got %d messages", texts)
		}
		synctest.Wait()
		if got := s.hall.leftNow(); got != "slow:lost" {
			t.Errorf("left: %s", got)
		}
	})
}

// A participant whose websocket takes nothing at all is given up after the write deadline.
func TestStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		s.join("stuck")
		s.hall.broadcast(TypeMessage, Message{Body: json.RawMessage(`"` + strings.Repeat("x", memBuffer) + `"`)})
		time.Sleep(writeTimeout - time.Millisecond)
		if got := s.hall.leftNow(); got != "" {
			t.Errorf("left early: %s", got)
		}
		time.Sleep(2 * time.Millisecond)
		if got := s.hall.leftNow(); got != "stuck:lost" {
			t.Errorf("left: %s", got)
		}
		if s.metric("closes_total", "4102") != 1 {
			t.Error("the end is not counted as 4102")
		}
	})
}

// The context of a request ends with the session and after requestTimeout.
func TestRequestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		ended := make(chan time.Duration, 1)
		h.onOffer = func(ctx context.Context, _ *Offer) (*OfferOK, error) {
			start := time.Now()
			<-ctx.Done()
			ended <- time.Since(start)
			return nil, ctx.Err()
		}
		s := newSite(t, h)
		w := s.join("ann")
		id := w.request(TypeOffer, Offer{Rev: 1, SDP: "v=0"})
		if f := w.response(id); f.code() != CodeInternal || strings.Contains(f.raw, "deadline") {
			t.Errorf("got %s", f)
		}
		if d := <-ended; d != requestTimeout {
			t.Errorf("the context ended after %v", d)
		}
		w.request(TypeOffer, Offer{Rev: 2, SDP: "v=0"})
		synctest.Wait()
		h.session("ann").Close(CloseKicked, "")
		if d := <-ended; d != 0 {
			t.Errorf("the context ended %v after Close", d)
		}
		if s.metric("errors_total", string(CodeInternal)) != 1 {
			t.Error("the request that Close cut short is counted as an error")
		}
	})
}

func TestPanicClosesOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		h.onOffer = func(context.Context, *Offer) (*OfferOK, error) { panic("secret-of-the-server") }
		s := newSite(t, h)
		bad, good := s.join("bad"), s.join("good")
		bad.request(TypeOffer, Offer{Rev: 1, SDP: "v=0"})
		if code, closed := bad.ending(); code != CodeInternal || closed != int(CloseInternal) {
			t.Errorf("got %s and %d", code, closed)
		}
		if f := good.response(good.request(TypePing, Ping{7})); f.T != TypeOK {
			t.Errorf("the other one got %s", f)
		}
		if s.metric("panics_total") != 1 || s.hall.leftNow() != "bad:lost" {
			t.Errorf("panics %v, left %q", s.metric("panics_total"), s.hall.leftNow())
		}
	})
}

func TestPanicInJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		h.onJoin = func(context.Context, JoinRequest) (Member, *Welcome, error) { panic("join") }
		s := newSite(t, h)
		w := s.connect("192.0.2.1")
		w.hello(testToken(t, "r", "ann"))
		if code, closed := w.ending(); code != CodeInternal || closed != int(CloseInternal) {
			t.Errorf("got %s and %d", code, closed)
		}
		if s.metric("sessions") != 0 {
			t.Error("a session is counted")
		}
	})
}
