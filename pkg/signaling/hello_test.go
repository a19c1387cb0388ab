package signaling

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// badHello is what may come first, and what comes of it. {token} stands for a good token.
var badHello = []struct {
	name  string
	text  string
	code  Code
	close CloseCode
}{
	{"not JSON", `hello?`, CodeMalformed, CloseProtocol},
	{"ping first", `{"t":"ping","id":1,"d":{"n":1}}`, CodeOrder, CloseProtocol},
	{"publish first, with a token", `{"t":"publish","id":1,"d":{"token":"{token}"}}`, CodeOrder, CloseProtocol},
	{"unknown type first", `{"t":"dance","id":1}`, CodeOrder, CloseProtocol},
	{"no data", `{"t":"hello","id":1}`, CodeAuthMissing, CloseAuth},
	{"no token", `{"t":"hello","id":1,"d":{"client":"x"}}`, CodeAuthMissing, CloseAuth},
	{"empty token", `{"t":"hello","id":1,"d":{"token":""}}`, CodeAuthMissing, CloseAuth},
	{"token a number", `{"t":"hello","id":1,"d":{"token":7}}`, CodeAuthMissing, CloseAuth},
	{"token null", `{"t":"hello","id":1,"d":{"token":null}}`, CodeAuthMissing, CloseAuth},
	{"forged token", `{"t":"hello","id":1,"d":{"token":"a.b.c"}}`, CodeAuthForged, CloseAuth},
	{"another room", `{"t":"hello","id":1,"d":{"token":"{token}","room":"s"}}`, CodeAuthRoom, CloseAuth},
	{"bad data", `{"t":"hello","id":1,"d":{"token":"{token}","caps":7}}`, CodeInvalid, CloseRefused},
	{"token twice", `{"t":"hello","id":1,"d":{"token":"{token}","token":"x"}}`, CodeInvalid, CloseRefused},
	{"publications without offer", `{"t":"hello","id":1,"d":{"token":"{token}","publications":[]}}`, CodeInvalid, CloseRefused},
	{"too long without a token", `{"t":"hello","id":1,"d":{"client":"` + strings.Repeat("x", maxFrameBefore) + `","token":"{token}"}}`, CodeTooLarge, CloseProtocol},
	{"too long with a forged token", `{"t":"hello","id":1,"d":{"token":"a.b.c","client":"` + strings.Repeat("x", maxFrameBefore) + `"}}`, CodeAuthForged, CloseAuth},
	{"too long with a good token", `{"t":"hello","id":1,"d":{"token":"{token}","client":"` + strings.Repeat("x", maxFrameAfter) + `"}}`, CodeTooLarge, CloseProtocol},
	{"long and broken behind a good token", `{"t":"hello","id":1,"d":{"token":"{token}","client":"` + strings.Repeat("x", maxFrameBefore), CodeMalformed, CloseProtocol},
	{"long and deep", nested(maxFrameBefore), CodeTooLarge, CloseProtocol},
}

func TestBadHello(t *testing.T) {
	for _, c := range badHello {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHall()
				joined := false
				h.onJoin = func(context.Context, JoinRequest) (Member, *Welcome, error) {
					joined = true
					return nil, nil, Errorf(CodeRoomFull, "unexpected")
				}
				s := newSite(t, h)
				w := s.connect("192.0.2.1")
				w.send(strings.ReplaceAll(c.text, "{token}", testToken(t, "r", "ann")))
				if code, closed := w.ending(); code != c.code || closed != int(c.close) {
					t.Errorf("got %s and %d, want %s and %d", code, closed, c.code, c.close)
				}
				if joined {
					t.Error("it got as far as Join")
				}
				if got := s.metric("errors_total", string(c.code)); got != 1 {
					t.Errorf("%v errors are counted", got)
				}
			})
		})
	}
}

func TestBadTokensOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		time.Sleep(time.Until(tokenNow)) // the bubble's clock starts in 2000
		for n, b := range badTokens(t) {
			w := s.connect(fmt.Sprintf("192.0.2.%d", n))
			w.hello(b.token)
			want := b.code.row().close
			if code, closed := w.ending(); code != b.code || closed != int(want) {
				t.Errorf("%s: got %s and %d, want %s and %d", b.name, code, closed, b.code, want)
			}
		}
		for _, l := range s.logs.All() {
			text := fmt.Sprint(l.Message, l.ContextMap())
			if strings.Contains(text, "eyJ") {
				t.Errorf("the log holds a part of a token: %s", text)
			}
		}
	})
}

// A refused join closes the websocket, by retry in another class; Leave is not called.
func TestRefusedJoin(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  Code
		close CloseCode
	}{
		{Errorf(CodeRoomFull, "12 of 12"), CodeRoomFull, CloseRejoin},
		{Errorf(CodeNegotiationUnusable, "no codec"), CodeNegotiationUnusable, CloseRefused},
		{&Error{Code: CodeDraining, RetryAfter: time.Second}, CodeDraining, CloseDraining},
		{fmt.Errorf("disk full"), CodeInternal, CloseRejoin},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall()
			h.onJoin = func(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
				r.Session.Event(TypeOfferWanted, OfferWanted{Reason: "ice"}) // is never sent
				return (*guest)(nil), nil, c.err
			}
			s := newSite(t, h)
			w := s.connect("192.0.2.1")
			w.hello(testToken(t, "r", "ann"))
			if f := w.next(); f.code() != c.code || *f.Re != 1 {
				t.Errorf("got %s", f)
			}
			if _, closed := w.ending(); closed != int(c.close) {
				t.Errorf("%v closed with %d, want %d", c.err, closed, c.close)
			}
			if h.leftNow() != "" || s.metric("sessions") != 0 {
				t.Error("Leave was called, or a session is counted")
			}
		})
	}
}

// A hello of 8 KiB needs no order of its members; a longer one needs its token first.
func TestLongHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		sdp := ""
		h.onJoin = func(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
			sdp = r.Hello.Offer.SDP
			return &guest{hall: h, session: r.Session}, &Welcome{}, nil
		}
		s := newSite(t, h)
		token := testToken(t, "r", "ann")
		offer := func(n int) string { return `"offer":{"rev":1,"sdp":"` + strings.Repeat("v", n) + `"}` }
		for _, c := range []struct {
			text string
			sdp  int
			ok   bool
		}{
			{`{"d":{` + offer(7000) + `,"token":"` + token + `"},"id":1,"t":"hello"}`, 7000, true},
			{`{"t":"hello","id":1,"d":{"token":"` + token + `",` + offer(200_000) + `}}`, 200_000, true},
			{`{"d":{"token":"` + token + `",` + offer(200_000) + `},"id":1,"t":"hello"}`, 200_000, true},
			{`{"t":"hello","id":1,"d":{` + offer(9000) + `,"token":"` + token + `"}}`, 0, false},
		} {
			w := s.connect("192.0.2.1")
			sdp = ""
			w.send(c.text)
			if f := w.next(); (f.T == TypeWelcome) != c.ok || len(sdp) != c.sdp {
				t.Errorf("%.60s: %s, %d bytes of SDP", c.text, f, len(sdp))
			}
		}
	})
}

// Whoever does not authenticate is gone after 2 s: silent ones, and those that send their hello byte by byte.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		start := time.Now()
		silent, slow, pinging := s.connect("192.0.2.1"), s.connect("192.0.2.2"), s.connect("192.0.2.3")
		frame := []byte{0x81, 0xFE, 0x10, 0x00, 0, 0, 0, 0} // a masked text of 4 KiB
		var senders sync.WaitGroup
		defer senders.Wait()
		senders.Go(func() {
			for n := 0; ; n++ {
				b := byte(' ')
				if n < len(frame) {
					b = frame[n]
				}
				if _, err := slow.ws.NetConn().Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
		senders.Go(func() {
			for pinging.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) == nil {
				time.Sleep(500 * time.Millisecond)
			}
		})
		if got := s.metric("pending"); got != 3 {
			t.Errorf("%v are pending", got)
		}
		for name, w := range map[string]*wire{"silent": silent, "slow": slow, "pinging": pinging} {
			if code, closed := w.ending(); code != CodeAuthTimeout || closed != int(CloseRejoin) {
				t.Errorf("%s: got %s and %d", name, code, closed)
			}
			if d := time.Since(start); d != authTimeout {
				t.Errorf("%s: after %v", name, d)
			}
		}
		synctest.Wait()
		if got := s.metric("pending"); got != 0 {
			t.Errorf("%v are pending at the end", got)
		}
	})
}

// A websocket that is dropped, at whatever point, is gone at once.
func TestDroppedSockets(t *testing.T) {
	for name, dropped := range map[string]func(s *site) *wire{
		"before hello": func(s *site) *wire { return s.connect("192.0.2.1") },
		"in the midst of hello": func(s *site) *wire {
			w := s.connect("192.0.2.1")
			_, _ = w.ws.NetConn().Write([]byte{0x81, 0xFE, 0x10})
			return w
		},
		"refused, close frame not answered": func(s *site) *wire {
			w := s.connect("192.0.2.1")
			w.send("]")
			synctest.Wait()
			return w
		},
		"joined": func(s *site) *wire { return s.join("ann") },
		"closing": func(s *site) *wire {
			w := s.join("ann")
			s.hall.session("ann").Close(CloseKicked, "")
			return w
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, newHall())
				w := dropped(s)
				start := time.Now()
				_ = w.ws.NetConn().Close()
				synctest.Wait()
				s.server.mu.Lock()
				running := s.server.running
				s.server.mu.Unlock()
				if running != 0 || time.Since(start) != 0 {
					t.Errorf("%d sockets still run after %v", running, time.Since(start))
				}
			})
		})
	}
}

func TestHelloTokenPrefix(t *testing.T) {
	for in, want := range map[string]string{
		`{"t":"hello","id":1,"d":{"token":"abc","offer":{"sdp":"v=`: "abc",
		`{"d":{"token":"abc"`: "abc",
		`{"x":[1,{"d":2}],"d":{"y":{"token":"no"},"token":"abc",`: "abc",
		`{"d":{"token":"ab`:        "",
		`{"d":{"x":{"token":"no"}`: "",
		`{"token":"no"}`:           "",
		`[{"d":{"token":"no"}}]`:   "",
		``:                         "",
	} {
		if got, ok := helloToken([]byte(in)); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", in, got, ok)
		}
	}
}

// Claims reach the media side with the exact room.
func TestJoinRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		var got JoinRequest
		h.onJoin = func(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
			got = r
			return &guest{hall: h, session: r.Session}, &Welcome{}, nil
		}
		s := newSite(t, h)
		w := s.connect("192.0.2.1")
		w.send(`{"t":"hello","id":1,"d":{"token":"` + testToken(t, "team-*", "ann") + `","room":"team-7","resume":{"x":1},"client":"c"}}`)
		if f := w.next(); f.T != TypeWelcome {
			t.Fatalf("got %s", f)
		}
		if got.Claims.Room != "team-7" || got.Claims.Identity != "ann" || got.Hello.Client != "c" {
			text, _ := json.Marshal(got.Claims)
			t.Errorf("%s, %+v", text, got.Hello)
		}
	})
}
