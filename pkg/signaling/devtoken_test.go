package signaling

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var loopbackListener = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}

// devRequest is a request that gets a token; change alters it.
func devRequest(change func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/v1/dev/token", strings.NewReader(`{"room":"r","identity":"ann","name":"Ann"}`))
	r.RemoteAddr = "127.0.0.1:5555"
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if change != nil {
		change(r)
	}
	return r
}

func devTokens(t *testing.T, c DevTokenConfig) *DevTokens {
	t.Helper()
	c.Keys, c.KeyID = testKeys(), "k1"
	d, err := NewDevTokens(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDevToken(t *testing.T) {
	w := httptest.NewRecorder()
	devTokens(t, DevTokenConfig{Listen: loopbackListener}).ServeHTTP(w, devRequest(nil))
	var got DevTokenResponse
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c, err := testKeys().Verify(got.Token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if c.Identity != "ann" || c.Name != "Ann" || c.Room != "r" || !c.Grants.CanPublish(SourceCamera) || !c.Grants.Subscribe || !c.Grants.Data {
		t.Errorf("the claims are %+v", c)
	}
	if left := time.Until(got.Expires); left > DevTokenTTL || left < DevTokenTTL-time.Minute || !c.Expires.Equal(got.Expires) {
		t.Errorf("it expires in %v, at %v and %v", left, got.Expires, c.Expires)
	}
	if got.URL != "ws://localhost:8080/v1/connect" || got.Room != "r" || got.Identity != "ann" {
		t.Errorf("%+v", got)
	}
	if h := w.Header(); h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
		t.Errorf("the headers are %v", h)
	}
}

func TestDevTokenMakesUpAnIdentity(t *testing.T) {
	seen := map[string]bool{}
	for range 2 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "https://[::1]:8080/v1/dev/token", strings.NewReader(` {"room":"r"} `))
		r.RemoteAddr = "[::1]:5555"
		r.Header.Set("Content-Type", "application/json")
		devTokens(t, DevTokenConfig{Listen: loopbackListener}).ServeHTTP(w, r)
		var got DevTokenResponse
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.URL != "wss://[::1]:8080/v1/connect" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if seen[got.Identity] || !strings.HasPrefix(got.Identity, "guest-") {
			t.Errorf("the identity is %q", got.Identity)
		}
		seen[got.Identity] = true
	}
}

// Who may have a token, without and with --dev.
func TestDevTokenPermission(t *testing.T) {
	loopback := DevTokenConfig{Listen: loopbackListener}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	from := func(a string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = a } }
	for _, c := range []struct {
		name            string
		config          DevTokenConfig
		change          func(*http.Request)
		without, enable bool
	}{
		{"plain", loopback, nil, true, true},
		{"127.0.0.1", loopback, host("127.0.0.1:8080"), true, true},
		{"::1", loopback, host("[::1]"), true, true},
		{"LOCALHOST", loopback, host("LOCALHOST"), true, true},
		{"mapped remote address", loopback, from("[::ffff:127.0.0.1]:1"), true, true},
		{"own origin", loopback, header("Origin", "http://localhost:8080"), true, true},
		{"another port's origin", loopback, header("Origin", "http://localhost:9090"), false, false},
		{"foreign origin", loopback, header("Origin", "https://evil.example"), false, false},
		{"origin null", loopback, header("Origin", "null"), false, false},
		{"allowed origin", DevTokenConfig{Listen: loopbackListener, Origins: Origins{"http://localhost:3000"}},
			header("Origin", "http://localhost:3000"), true, true},
		{"rebound name", loopback, func(r *http.Request) {
			r.Host = "evil.example:8080"
			r.Header.Set("Origin", "http://evil.example:8080")
		}, false, true},
		{"localhost as a prefix", loopback, host("localhost.evil.example"), false, true},
		{"no host", loopback, host(""), false, true},
		{"remote machine", loopback, from("192.0.2.1:5"), false, true},
		{"remote pipe", loopback, from("pipe"), false, true},
		{"listens everywhere", DevTokenConfig{Listen: &net.TCPAddr{Port: 8080}}, nil, false, true},
		{"listens outside", DevTokenConfig{Listen: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8080}}, nil, false, true},
		{"listener unknown", DevTokenConfig{}, nil, false, true},
		{"Forwarded", loopback, header("Forwarded", "for=192.0.2.1"), false, true},
		{"X-Forwarded-For", loopback, header("X-Forwarded-For", "127.0.0.1"), false, true},
		{"X-Forwarded-Proto", loopback, header("X-Forwarded-Proto", "https"), false, true},
		{"X-Real-IP", loopback, header("X-Real-IP", "127.0.0.1"), false, true},
		{"Via", loopback, header("Via", "1.1 proxy"), false, true},
	} {
		for enabled, want := range map[bool]bool{false: c.without, true: c.enable} {
			config := c.config
			config.Enabled = enabled
			w := httptest.NewRecorder()
			devTokens(t, config).ServeHTTP(w, devRequest(c.change))
			if got := w.Code == 200; got != want {
				t.Errorf("%s, enabled %v: %d %s", c.name, enabled, w.Code, w.Body)
			}
			var e ErrorBody
			if w.Code != 200 && (json.Unmarshal(w.Body.Bytes(), &e) != nil || Code(e.Code) != CodeForbiddenDevToken || w.Code != 403) {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
		}
	}
}

func TestDevTokenBadInput(t *testing.T) {
	d := devTokens(t, DevTokenConfig{Listen: loopbackListener})
	for body, want := range map[string]struct {
		status int
		code   Code
	}{
		``:                             {400, CodeMalformed},
		`{`:                            {400, CodeMalformed},
		nested(20):                     {400, CodeMalformed},
		"{\"room\":\"\xff\"}":          {400, CodeMalformed},
		`[]`:                           {400, CodeInvalid},
		`{}`:                           {400, CodeInvalid},
		`{"room":""}`:                  {400, CodeInvalid},
		`{"room":7}`:                   {400, CodeInvalid},
		`{"room":"*"}`:                 {400, CodeInvalid},
		`{"room":"team-*"}`:            {400, CodeInvalid},
		`{"room":"a\nb"}`:              {400, CodeInvalid},
		`{"room":"r","identity":null}`: {400, CodeInvalid},
		`{"room":"r","identity":"` + strings.Repeat("x", 257) + `"}`: {400, CodeInvalid},
		`{"room":"` + strings.Repeat("x", 9000) + `"}`:               {413, CodeTooLarge},
	} {
		r := devRequest(nil)
		r2 := httptest.NewRequest(http.MethodPost, r.URL.String(), strings.NewReader(body))
		r2.RemoteAddr, r2.Header = r.RemoteAddr, r.Header
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r2)
		var e ErrorBody
		if json.Unmarshal(w.Body.Bytes(), &e) != nil || w.Code != want.status || Code(e.Code) != want.code {
			t.Errorf("%.40s: %d %s", body, w.Code, w.Body)
		}
	}
	for method, want := range map[string]int{"GET": 405, "PUT": 405, "OPTIONS": 204, "POST": 200} {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, devRequest(func(r *http.Request) { r.Method = method }))
		if w.Code != want {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, devRequest(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }))
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text/plain: %d", w.Code)
	}
}

// A page of an allowed origin can read the answer; one of a foreign origin learns nothing from a preflight.
func TestDevTokenCORS(t *testing.T) {
	d := devTokens(t, DevTokenConfig{Listen: loopbackListener, Origins: Origins{"http://localhost:3000"}})
	for origin, want := range map[string]string{"http://localhost:3000": "http://localhost:3000", "https://evil.example": ""} {
		for _, method := range []string{"OPTIONS", "POST"} {
			w := httptest.NewRecorder()
			d.ServeHTTP(w, devRequest(func(r *http.Request) {
				r.Method = method
				r.Header.Set("Origin", origin)
			}))
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s from %s: allow %q", method, origin, got)
			}
		}
	}
}

func TestNewDevTokensRefuses(t *testing.T) {
	for name, c := range map[string]DevTokenConfig{
		"no key":     {Keys: testKeys(), KeyID: "k2"},
		"short key":  {Keys: Keys{"k1": []byte("x")}, KeyID: "k1"},
		"bad origin": {Keys: testKeys(), KeyID: "k1", Origins: Origins{"x"}},
	} {
		if _, err := NewDevTokens(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
