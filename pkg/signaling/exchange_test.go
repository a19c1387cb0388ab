package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// broadcast is a site of which only WHIP and WHEP are used, whose hall answers every offer.
type broadcast struct {
	*site
	handler http.Handler
	joined  []JoinRequest
}

func newBroadcast(t testing.TB, guests *DevTokens) *broadcast {
	h := newHall()
	b := &broadcast{site: newServerOnly(t, h)}
	h.onJoin = func(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
		b.joined = append(b.joined, r)
		return &guest{h, r.Claims.Identity, r.Session}, &Welcome{
			Answer:     &Answer{Rev: r.Hello.Offer.Rev, SDP: "v=0\r\nanswer"},
			ICEServers: []ICEServer{{URLs: []string{"turn:t.example:3478?transport=udp"}, Username: `a"b`, Credential: "c"}},
		}, nil
	}
	b.server.guests = guests
	b.handler = b.server.Exchanges()
	t.Cleanup(b.close)
	return b
}

// ask sends one request with the token of a participant of room r; change alters it.
func (b *broadcast) ask(method, target, token string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://sfu.test"+target, strings.NewReader("v=0\r\noffer"))
	r.RemoteAddr = "192.0.2.1:4000"
	r.Header.Set("Content-Type", "application/sdp")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

// problem decodes the body of a refusal.
func problemIn(t *testing.T, w *httptest.ResponseRecorder) problemBody {
	t.Helper()
	var p problemBody
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("no problem: %q, %v", w.Body, err)
	}
	if p.Title == "" || p.Status != w.Code {
		t.Errorf("the problem is %+v, the status %d", p, w.Code)
	}
	return p
}

func TestAnExchangeBeginsAndEnds(t *testing.T) {
	for name, lines := range map[string]Lines{"whip": LinesPublish, "whep": LinesView} {
		b := newBroadcast(t, nil)
		token := testToken(t, "stand up/*", "studio")
		w := b.ask("POST", "/v1/"+name+"/stand%20up%2Fone", token, nil)
		location := w.Header().Get("Location")
		if w.Code != 201 || w.Header().Get("Content-Type") != "application/sdp" || w.Body.String() != "v=0\r\nanswer" ||
			!strings.HasPrefix(location, "/v1/"+name+"/stand%20up%2Fone/r_") {
			t.Fatalf("%s: got %d %v %q", name, w.Code, w.Header(), w.Body)
		}
		if got, want := w.Header().Get("Link"), `<turn:t.example:3478?transport=udp>; rel="ice-server"; username="a\"b"; credential="c"; credential-type="password"`; got != want {
			t.Errorf("%s: Link is %s", name, got)
		}
		j := b.joined[0]
		if j.Lines != lines || j.Claims.Room != "stand up/one" || j.Claims.Identity != "studio" || j.Hello.Offer.SDP != "v=0\r\noffer" {
			t.Errorf("%s: joined by %+v", name, j)
		}
		if got := b.ask("GET", location, token, nil); got.Code != 204 {
			t.Errorf("%s: GET of the session: %d", name, got.Code)
		}
		if got := b.ask("DELETE", location, testToken(t, "*", "mallory"), nil); got.Code != 403 || problemIn(t, got).Detail == "" {
			t.Errorf("%s: DELETE by another one: %d", name, got.Code)
		}
		other := map[string]string{"whip": "whep", "whep": "whip"}[name]
		if got := b.ask("DELETE", strings.Replace(location, name, other, 1), token, nil); got.Code != 404 {
			t.Errorf("%s: DELETE as %s: %d", name, other, got.Code)
		}
		if got := b.ask("DELETE", location, "", nil); got.Code != 401 || got.Header().Get("WWW-Authenticate") != `Bearer realm="heliograph"` {
			t.Errorf("%s: DELETE without a token: %d %v", name, got.Code, got.Header())
		}
		if got := b.metric("sessions"); got != 1 {
			t.Errorf("%s: %v sessions", name, got)
		}
		if got := b.ask("DELETE", location, token, nil); got.Code != 200 || b.hall.leftNow() != "studio:left" {
			t.Errorf("%s: DELETE: %d, left %q", name, got.Code, b.hall.leftNow())
		}
		if got := b.ask("DELETE", location, token, nil); got.Code != 404 {
			t.Errorf("%s: second DELETE: %d", name, got.Code)
		}
		if got := b.metric("sessions") + b.metric("pending"); got != 0 || b.metric("http_requests_total", name, "201") != 1 {
			t.Errorf("%s: %v sessions are left", name, got)
		}
	}
}

// A token that has expired ends what it began, and so does a fresh one of the same identity.
func TestASessionOutlivesItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t, nil)
		old := testToken(t, "r", "studio")
		first := b.ask("POST", "/v1/whip/r", old, nil).Header().Get("Location")
		second := b.ask("POST", "/v1/whip/r", old, nil).Header().Get("Location")
		time.Sleep(2 * time.Hour)
		if got := b.ask("DELETE", first, old, nil); got.Code != 200 {
			t.Errorf("expired: %d", got.Code)
		}
		if got := b.ask("DELETE", second, testToken(t, "r", "studio"), nil); got.Code != 200 {
			t.Errorf("renewed: %d", got.Code)
		}
		if got := b.ask("POST", "/v1/whip/r", old, nil); got.Code != 401 || !strings.Contains(got.Header().Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("POST with an expired token: %d", got.Code)
		}
	})
}

func TestExchangesRefuse(t *testing.T) {
	viewer, err := testKeys().Mint("k1", Claims{Identity: "v", Room: "r", Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	token := testToken(t, "r", "ann")
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Body = &bodyOf{strings.NewReader(text)} }
	}
	set := func(key, value string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(key, value) } }
	for name, tc := range map[string]struct {
		method, target, token string
		change                func(*http.Request)
		status                int
		code                  Code
	}{
		"no token":        {"POST", "/v1/whip/r", "", nil, 401, CodeAuthMissing},
		"another scheme":  {"POST", "/v1/whip/r", "", set("Authorization", "Basic YTpi"), 401, CodeAuthMissing},
		"two tokens":      {"POST", "/v1/whip/r", token, func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, 401, CodeAuthMissing},
		"forged":          {"POST", "/v1/whip/r", token + "x", nil, 401, CodeAuthForged},
		"another room":    {"POST", "/v1/whip/s", token, nil, 403, CodeAuthRoom},
		"may not view":    {"POST", "/v1/whep/r", viewer, nil, 403, CodeForbiddenSubscribe},
		"no type":         {"POST", "/v1/whip/r", token, set("Content-Type", ""), 415, ""},
		"JSON":            {"POST", "/v1/whip/r", token, set("Content-Type", "application/json"), 415, ""},
		"empty":           {"POST", "/v1/whip/r", token, func(r *http.Request) { r.Body = http.NoBody }, 400, CodeNegotiationInvalid},
		"not UTF-8":       {"POST", "/v1/whip/r", token, body("\xff"), 400, CodeNegotiationInvalid},
		"too long":        {"POST", "/v1/whip/r", token, body(strings.Repeat("a", maxSDPBytes+1)), 413, CodeTooLarge},
		"foreign origin":  {"POST", "/v1/whip/r", token, set("Origin", "https://evil.example"), 403, ""},
		"PATCH":           {"PATCH", "/v1/whip/r/x", token, nil, 405, ""},
		"PUT":             {"PUT", "/v1/whip/r", token, nil, 405, ""},
		"POST to session": {"POST", "/v1/whip/r/x", token, nil, 405, ""},
		"no such session": {"DELETE", "/v1/whip/r/x", token, nil, 404, ""},
	} {
		b := newBroadcast(t, nil)
		w := b.ask(tc.method, tc.target, tc.token, tc.change)
		if w.Code != tc.status || problemIn(t, w).Code != string(tc.code) || len(b.joined) > 0 {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, w.Body, tc.status, tc.code)
		}
		if (w.Code == 405) != (w.Header().Get("Allow") != "") {
			t.Errorf("%s: Allow is %q", name, w.Header().Get("Allow"))
		}
		if got := b.metric("pending") + b.metric("sessions"); got != 0 {
			t.Errorf("%s: %v left", name, got)
		}
	}
	if w := newBroadcast(t, nil).ask("POST", "/v1/whip/r", viewer, nil); w.Code != 201 {
		t.Errorf("a publisher needs no grant to subscribe: %d", w.Code)
	}
}

// Errors of the media side keep their meaning.
func TestExchangesTellTheErrorsOfTheMediaSide(t *testing.T) {
	for code, want := range map[Code]int{
		CodeNegotiationInvalid: 400, CodeNegotiationUnusable: 406, CodeForbiddenPublish: 403, CodePublicationDuplicate: 409,
		CodeRoomFull: 503, CodeDraining: 503, CodeRateLimited: 429, CodeInternal: 500,
	} {
		b := newBroadcast(t, nil)
		b.hall.onJoin = func(context.Context, JoinRequest) (Member, *Welcome, error) { return nil, nil, Errorf(code, "secret") }
		w := b.ask("POST", "/v1/whip/r", testToken(t, "r", "ann"), nil)
		if got := problemIn(t, w); w.Code != want || got.Code != string(code) || (got.Detail == "secret") == (code == CodeInternal) {
			t.Errorf("%s: got %d %+v, want %d", code, w.Code, got, want)
		}
		if retry := w.Header().Get("Retry-After"); (retry != "") != (want == 503 || want == 429) {
			t.Errorf("%s: Retry-After is %q", code, retry)
		}
	}
	b := newBroadcast(t, nil)
	b.hall.onJoin = func(context.Context, JoinRequest) (Member, *Welcome, error) { panic("boom") }
	if w := b.ask("POST", "/v1/whip/r", testToken(t, "r", "ann"), nil); w.Code != 500 || b.metric("panics_total") != 1 {
		t.Errorf("a panic: %d", w.Code)
	}
}

func TestGuestsNeedNoToken(t *testing.T) {
	local := func(r *http.Request) { r.RemoteAddr, r.Host = "127.0.0.1:5", "localhost:8080" }
	b := newBroadcast(t, devTokens(t, DevTokenConfig{Listen: loopbackListener}))
	if w := b.ask("POST", "/v1/whip/r", "", local); w.Code != 201 {
		t.Fatalf("this machine: %d %s", w.Code, w.Body)
	} else if got := b.ask("DELETE", w.Header().Get("Location"), "", local); got.Code != 200 {
		t.Errorf("its end: %d", got.Code)
	}
	if c := b.joined[0].Claims; !strings.HasPrefix(c.Identity, "whip-") || c.Room != "r" || !c.Grants.CanPublish(SourceCamera) || c.Grants.Hidden {
		t.Errorf("the guest is %+v", c)
	}
	empty := func(r *http.Request) {
		local(r)
		r.Header.Set("Authorization", "Bearer ")
	}
	if w := b.ask("POST", "/v1/whep/r", "", empty); w.Code != 201 || !b.joined[1].Claims.Grants.Hidden {
		t.Errorf("a viewer: %d", w.Code)
	}
	if w := b.ask("POST", "/v1/whip/a*b", "", local); w.Code != 400 {
		t.Errorf("a bad room: %d", w.Code)
	}
	if w := b.ask("POST", "/v1/whip/r", "", nil); w.Code != 401 {
		t.Errorf("another machine: %d", w.Code)
	}
	if w := b.ask("POST", "/v1/whip/r", "x", local); w.Code != 401 {
		t.Errorf("a bad token: %d", w.Code)
	}
	b = newBroadcast(t, devTokens(t, DevTokenConfig{Listen: loopbackListener, Enabled: true}))
	if w := b.ask("POST", "/v1/whip/r", "", nil); w.Code != 201 {
		t.Errorf("another machine with --dev: %d", w.Code)
	}
}

func TestPlayersOfAllowedOriginsMayAsk(t *testing.T) {
	b := newBroadcast(t, nil)
	page := func(r *http.Request) {
		r.Header.Set("Origin", "https://meet.example.org")
		r.Header.Set("Access-Control-Request-Method", "POST")
	}
	w := b.ask("OPTIONS", "/v1/whep/r", "", page)
	h := w.Header()
	if w.Code != 200 || h.Get("Accept-Post") != "application/sdp" || h.Get("Access-Control-Allow-Origin") != "https://meet.example.org" ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %d %v", w.Code, h)
	}
	if h := b.ask("OPTIONS", "/v1/whep/r/x", "", page).Header(); !strings.Contains(h.Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("preflight of DELETE: %v", h)
	}
	if h := b.ask("POST", "/v1/whep/r", testToken(t, "r", "ann"), page).Header(); !strings.Contains(h.Get("Access-Control-Expose-Headers"), "Location") {
		t.Errorf("the page cannot read Location: %v", h)
	}
}

// Who has no valid token may try as often as by the websocket; one that has may go on.
func TestExchangesShareTheBudgetOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroadcast(t, nil)
		for range failureBurst {
			if w := b.ask("POST", "/v1/whip/r", "x", nil); w.Code != 401 {
				t.Fatalf("got %d", w.Code)
			}
		}
		if w := b.ask("POST", "/v1/whip/r", testToken(t, "r", "ann"), nil); w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("over the budget: %d", w.Code)
		}
		time.Sleep(time.Second)
		for range 2 * failureBurst {
			if w := b.ask("POST", "/v1/whip/r", testToken(t, "r", "ann"), nil); w.Code != 201 {
				t.Fatalf("a second later: %d", w.Code)
			}
		}
	})
}

// A session without a websocket keeps nothing of what it is told, and ends as any other.
func TestASessionOfAnExchangeIsNotRead(t *testing.T) {
	b := newBroadcast(t, nil)
	location := b.ask("POST", "/v1/whip/r", testToken(t, "r", "ann"), nil).Header().Get("Location")
	s := b.joined[0].Session
	text := make([]byte, 1<<20)
	for range 4 {
		s.RoomEvents(text)
		s.State("k", TypeSlots, Slots{})
	}
	if code, _ := s.ended(); code != 0 || s.queue.bytes != 0 {
		t.Errorf("closed with %d, %d bytes wait", code, s.queue.bytes)
	}
	res := b.server.resources.find(location[strings.LastIndexByte(location, '/')+1:])
	s.Close(CloseTransport, "")
	<-res.ended
	if got := b.hall.leftNow(); got != "ann:lost" {
		t.Errorf("left as %q", got)
	}
}

func TestExchangesOfAClosedServer(t *testing.T) {
	b := newBroadcast(t, nil)
	token := testToken(t, "r", "ann")
	b.ask("POST", "/v1/whip/r", token, nil)
	if err := b.server.Close(t.Context()); err != nil || b.hall.leftNow() != "ann:lost" {
		t.Errorf("%v, left %q", err, b.hall.leftNow())
	}
	if w := b.ask("POST", "/v1/whip/r", token, nil); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("after it: %d", w.Code)
	}
}

// FuzzExchange sends requests of any method, path, headers and body: no panic, an answer that fits, nothing left behind.
func FuzzExchange(f *testing.F) {
	f.Add("POST", "/v1/whip/r", "application/sdp", "Bearer x", "http://sfu.test", []byte("v=0"))
	f.Add("DELETE", "/v1/whep/r/r_AAAA", "", "bearer", "null", []byte(nil))
	f.Add("PATCH", "/v1/whip/%2f%00/..", "application/sdp; a=\"", "Basic Og==", "https://[::1", []byte{0xff, 0xfe})
	f.Add("OPTIONS", "/v1/whip/"+strings.Repeat("x", 300), "text/plain", "", "", []byte("\r\n"))
	token := testToken(f, "*", "fuzz")
	b := newBroadcast(f, nil)
	f.Fuzz(func(t *testing.T, method, target, typ, authorization, origin string, body []byte) {
		u, err := url.Parse("http://sfu.test" + target)
		if err != nil || u.Host != "sfu.test" {
			return
		}
		r := &http.Request{Method: method, URL: u, Host: u.Host, RequestURI: u.RequestURI(), Header: http.Header{}, RemoteAddr: "192.0.2.1:1",
			Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
		for key, value := range map[string]string{"Content-Type": typ, "Authorization": strings.ReplaceAll(authorization, "x", token), "Origin": origin} {
			if value != "" {
				r.Header.Set(key, value)
			}
		}
		r.Body = &bodyOf{strings.NewReader(string(body))}
		b.server.addresses = newAddresses() // a budget for each
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		if w.Code == http.StatusCreated {
			r := httptest.NewRequest("DELETE", "http://sfu.test"+w.Header().Get("Location"), nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatalf("what began does not end: %d %s", w.Code, w.Body)
			}
		}
		if len(b.server.resources.byID) > 0 || b.server.pending > 0 {
			t.Fatalf("%d sessions and %d pending left", len(b.server.resources.byID), b.server.pending)
		}
	})
}

type bodyOf struct{ *strings.Reader }

func (*bodyOf) Close() error { return nil }

var errTest = errors.New("test")

// Every code of the protocol has a status, and none a success.
func TestEveryCodeHasAStatus(t *testing.T) {
	for _, row := range errorTable {
		if s := row.code.httpStatus(); s < 400 || (s >= 500 && !row.retry) {
			t.Errorf("%s: %d", row.code, s)
		}
	}
	if p := problemOf(errTest); p.status != 500 || p.detail != "" {
		t.Errorf("an unknown error: %+v", p)
	}
}
