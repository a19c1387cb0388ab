package signaling

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// testKeys is the keyring of all tests.
func testKeys() Keys { return Keys{"k1": []byte(strings.Repeat("1", MinKeyBytes))} }

// testToken is a token for room and identity that is valid for an hour, with all grants.
func testToken(t testing.TB, room, identity string) string {
	t.Helper()
	token, err := testKeys().Mint("k1", Claims{
		Identity: identity, Room: room, Expires: time.Now().Add(time.Hour), Grants: AllGrants(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// site is a Server under test behind an http.Server, over connections in memory or over TCP.
type site struct {
	t       testing.TB
	hall    *hall
	server  *Server
	metrics *prometheus.Registry
	logs    *observer.ObservedLogs
	dial    func(from string) (net.Conn, error)
	url     string
}

// newSite starts a server in memory: it works in a synctest bubble, and a participant may come from any address.
func newSite(t testing.TB, rooms Rooms) *site {
	s := newServerOnly(t, rooms)
	l := &memListener{accept: make(chan net.Conn), closed: make(chan struct{})}
	hs := &http.Server{Handler: s.server, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := hs.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	}()
	t.Cleanup(func() {
		s.close()
		if err := hs.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		<-served
	})
	s.dial, s.url = l.dial, "ws://sfu.test/v1/connect"
	return s
}

// newTCPSite starts a server on a loopback port.
func newTCPSite(t testing.TB, rooms Rooms) *site {
	s := newServerOnly(t, rooms)
	hs := httptest.NewServer(s.server)
	t.Cleanup(func() {
		s.close()
		hs.Close()
	})
	s.url = "ws" + strings.TrimPrefix(hs.URL, "http") + "/v1/connect"
	s.dial = func(from string) (net.Conn, error) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		return d.Dial("tcp", hs.Listener.Addr().String())
	}
	return s
}

func newServerOnly(t testing.TB, rooms Rooms) *site {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	s := &site{t: t, metrics: prometheus.NewRegistry(), logs: logs}
	s.hall, _ = rooms.(*hall)
	var err error
	s.server, err = NewServer(Config{
		Rooms: rooms, Keys: testKeys(), Origins: Origins{"https://meet.example.org"}, Logger: zap.New(core), Metrics: s.metrics,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.server.Close(ctx); err != nil {
		s.t.Errorf("close the server: %v", err)
	}
}

// metric returns the value of a counter or gauge, found by its name without the prefix and its label values in order.
func (s *site) metric(name string, labels ...string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "heliograph_signaling_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			values := []string{}
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if strings.Join(values, "|") == strings.Join(labels, "|") {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
		return 0
	}
	s.t.Fatalf("there is no metric %s", name)
	return 0
}

// connect opens a websocket from an address.
func (s *site) connect(from string) *wire {
	s.t.Helper()
	w, _, err := s.tryConnect(from, nil)
	if err != nil {
		s.t.Fatalf("connect: %v", err)
	}
	return w
}

func (s *site) tryConnect(from string, h http.Header) (*wire, *http.Response, error) {
	d := websocket.Dialer{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return s.dial(from) },
		Subprotocols:   []string{Subprotocol},
	}
	ws, resp, err := d.Dial(s.url, h)
	if err != nil {
		return nil, resp, err
	}
	w := &wire{t: s.t, ws: ws}
	s.t.Cleanup(func() { _ = ws.Close() })
	return w, resp, nil
}

// join opens a websocket, says hello for the room r and takes the welcome.
func (s *site) join(identity string) *wire {
	s.t.Helper()
	w := s.connect("192.0.2.1")
	w.hello(testToken(s.t, "r", identity))
	if f := w.next(); f.T != TypeWelcome {
		s.t.Fatalf("%s got %s instead of a welcome", identity, f)
	}
	return w
}
