package signaling

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

// What is not a good websocket request gets an HTTP error and a sentence.
func TestConnectRefused(t *testing.T) {
	s := newTCPSite(t, newHall())
	for _, c := range []struct {
		name   string
		method string
		header http.Header
		status int
		reason string
		words  string
	}{
		{"a page view", "GET", nil, 400, refusedUpgrade, "websocket"},
		{"a POST", "POST", upgradeHeader(Subprotocol), 400, refusedUpgrade, "GET"},
		{"no subprotocol", "GET", upgradeHeader(""), 400, refusedSubprotocol, Subprotocol},
		{"another subprotocol", "GET", upgradeHeader("heliograph.v9+json, chat"), 400, refusedSubprotocol, Subprotocol},
		{"foreign origin", "GET", with2(upgradeHeader(Subprotocol), "Origin", "https://evil.example"), 403, refusedOrigin, "origin"},
		{"old websocket", "GET", with2(upgradeHeader(Subprotocol), "Sec-WebSocket-Version", "8"), 400, refusedUpgrade, "version"},
		{"no key", "GET", with2(upgradeHeader(Subprotocol), "Sec-WebSocket-Key", "x"), 400, refusedUpgrade, "Key"},
	} {
		r, err := http.NewRequest(c.method, "http"+strings.TrimPrefix(s.url, "ws"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != nil {
			r.Header = c.header
		}
		before := s.metric("refused_total", c.reason)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.words) {
			t.Errorf("%s: %d %q", c.name, resp.StatusCode, body)
		}
		if got := s.metric("refused_total", c.reason); got != before+1 {
			t.Errorf("%s is counted %v times", c.name, got-before)
		}
	}
}

func upgradeHeader(subprotocol string) http.Header {
	h := http.Header{}
	h.Set("Connection", "Upgrade")
	h.Set("Upgrade", "websocket")
	h.Set("Sec-WebSocket-Version", "13")
	h.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	if subprotocol != "" {
		h.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	return h
}

func with2(h http.Header, name, value string) http.Header {
	h.Set(name, value)
	return h
}

func TestConnectAccepted(t *testing.T) {
	s := newTCPSite(t, newHall())
	for _, origin := range []string{"", "http" + strings.TrimSuffix(strings.TrimPrefix(s.url, "ws"), "/v1/connect"), "https://meet.example.org"} {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		w, resp, err := s.tryConnect("127.0.0.1", h)
		if err != nil {
			t.Errorf("origin %q: %v, %v", origin, resp, err)
			continue
		}
		if w.ws.Subprotocol() != Subprotocol || resp.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("the subprotocol is %q, the extensions are %q", w.ws.Subprotocol(), resp.Header.Get("Sec-WebSocket-Extensions"))
		}
	}
}

func TestNoCompression(t *testing.T) {
	s := newTCPSite(t, newHall())
	d := websocket.Dialer{Subprotocols: []string{Subprotocol}, EnableCompression: true}
	ws, resp, err := d.Dial(s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	if resp.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Error("compression is on")
	}
}

// More than maxPending unauthenticated websockets are refused, whatever their addresses.
func TestPendingLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		s.server.mu.Lock()
		s.server.pending = maxPending - 1
		s.server.mu.Unlock()
		w := s.connect("192.0.2.1")
		_, resp, err := s.tryConnect("192.0.2.2", nil)
		if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %v, %v", resp, err)
		}
		w.hello(testToken(t, "r", "ann"))
		w.next()
		if _, _, err := s.tryConnect("192.0.2.2", nil); err != nil {
			t.Errorf("when one had authenticated: %v", err)
		}
	})
}

func TestNewServerRefuses(t *testing.T) {
	r := prometheus.NewRegistry()
	if _, err := NewServer(Config{Rooms: newHall(), Keys: testKeys(), Metrics: r}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Config{
		"no rooms":         {Keys: testKeys()},
		"short key":        {Rooms: newHall(), Keys: Keys{"a": []byte("short")}},
		"bad origin":       {Rooms: newHall(), Keys: testKeys(), Origins: Origins{"x"}},
		"registered twice": {Rooms: newHall(), Keys: testKeys(), Metrics: r},
	} {
		if _, err := NewServer(c); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Metrics are there from the start, under names of the glossary.
func TestMetricNames(t *testing.T) {
	s := newServerOnly(t, newHall())
	families, err := s.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) < 8 {
		t.Errorf("only %d metrics are there from the start", len(families))
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "heliograph_signaling_") || f.GetHelp() == "" {
			t.Errorf("%s: %q", f.GetName(), f.GetHelp())
		}
	}
	for _, row := range errorTable {
		if got := s.metric("errors_total", string(row.code)); got != 0 {
			t.Errorf("%s starts at %v", row.code, got)
		}
	}
}
