package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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

// hall is a small Rooms: one room, whose members send messages to each other. The functions replace a part of it.
type hall struct {
	onJoin  func(ctx context.Context, r JoinRequest) (Member, *Welcome, error)
	onOffer func(ctx context.Context, o *Offer) (*OfferOK, error)

	mu      sync.Mutex
	r       uint64
	members map[*guest]struct{}
	left    []string // identity and reason, in the order in which they left
}

func newHall() *hall { return &hall{members: make(map[*guest]struct{})} }

// guest is a Member of a hall.
type guest struct {
	hall     *hall
	identity string
	session  *Session
}

func (h *hall) Join(ctx context.Context, r JoinRequest) (Member, *Welcome, error) {
	if h.onJoin != nil {
		return h.onJoin(ctx, r)
	}
	g := &guest{h, r.Claims.Identity, r.Session}
	h.broadcast(TypeParticipantJoined, ParticipantJoined{Participant{ID: "p_" + g.identity, Identity: g.identity}})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[g] = struct{}{}
	return g, &Welcome{Participant: "p_" + g.identity, Codec: "vp8", Log: Log{ID: "n1.1", R: h.r}}, nil
}

func (h *hall) broadcast(typ string, d any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.r++
	text, err := EncodeRoomEvent(typ, h.r, d)
	if err != nil {
		panic(err)
	}
	for g := range h.members {
		g.session.RoomEvent(text)
	}
}

func (h *hall) leftNow() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.left, " ")
}

// session returns the session of a member.
func (h *hall) session(identity string) *Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	for g := range h.members {
		if g.identity == identity {
			return g.session
		}
	}
	return nil
}

func (g *guest) Offer(ctx context.Context, o *Offer) (*OfferOK, error) {
	if g.hall.onOffer != nil {
		return g.hall.onOffer(ctx, o)
	}
	return &OfferOK{Answer{o.Rev, "v=0"}}, nil
}

func (g *guest) Publish(_ context.Context, p *Publish) (*PublishOK, error) {
	return &PublishOK{Published{p.CID, "pub_" + p.CID, p.MID}, Answer{p.Rev, "v=0"}}, nil
}

func (g *guest) Unpublish(context.Context, *Unpublish) error { return nil }

func (g *guest) UpdatePublication(_ context.Context, u *PublicationUpdate) error {
	if !strings.HasPrefix(u.Publication, "pub_") {
		return Errorf(CodePublicationUnknown, "%q", u.Publication)
	}
	return nil
}

func (g *guest) View(_ context.Context, v *View) (*ViewOK, error) { return &ViewOK{v.Rev}, nil }

func (g *guest) Message(_ context.Context, m *Message) error {
	m.From, m.At = "p_"+g.identity, 0
	g.hall.broadcast(TypeMessage, m)
	return nil
}

func (g *guest) Leave(reason string) {
	g.hall.mu.Lock()
	defer g.hall.mu.Unlock()
	delete(g.hall.members, g)
	g.hall.left = append(g.hall.left, g.identity+":"+reason)
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

// wire is the participant's side of a websocket.
type wire struct {
	t  testing.TB
	ws *websocket.Conn
	id int
}

// frame is any message of the server.
type frame struct {
	T  string          `json:"t"`
	Re *uint64         `json:"re"`
	R  uint64          `json:"r"`
	S  uint64          `json:"s"`
	D  json.RawMessage `json:"d"`

	raw   string
	close *websocket.CloseError
}

func (f *frame) String() string {
	if f.close != nil {
		return f.close.Error()
	}
	return f.raw
}

// code returns the code of an err.
func (f *frame) code() Code {
	var b ErrorBody
	if f.T != TypeErr || json.Unmarshal(f.D, &b) != nil {
		return ""
	}
	return Code(b.Code)
}

func (w *wire) hello(token string) { w.request(TypeHello, Hello{Token: token}) }

// request sends a request with the next id and returns the id.
func (w *wire) request(typ string, d any) uint64 {
	w.t.Helper()
	w.id++
	data, err := json.Marshal(d)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(Request{Type: typ, ID: uint64(w.id), Data: data})
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(string(text))
	return uint64(w.id)
}

// send sends a text message as it is. An error is not one of the test's: the server may have closed.
func (w *wire) send(text string) { _ = w.ws.WriteMessage(websocket.TextMessage, []byte(text)) }

// next returns the next message, or the close frame; any other end of the websocket is an abnormal close.
func (w *wire) next() *frame {
	w.t.Helper()
	_, text, err := w.ws.ReadMessage()
	var ce *websocket.CloseError
	switch {
	case errors.As(err, &ce):
		return &frame{close: ce}
	case err != nil:
		return &frame{close: &websocket.CloseError{Code: websocket.CloseAbnormalClosure, Text: err.Error()}}
	}
	f := &frame{raw: string(text)}
	if err := json.Unmarshal(text, f); err != nil {
		w.t.Fatalf("the server sent %q: %v", text, err)
	}
	return f
}

// response returns the response to the request id and passes over events.
func (w *wire) response(id uint64) *frame {
	w.t.Helper()
	for {
		f := w.next()
		if f.close != nil || f.Re != nil && *f.Re == id {
			return f
		}
	}
}

// ending reads to the end and returns the last err, if any, and the close frame. Both session.closing and the frame must
// name the same code.
func (w *wire) ending() (Code, int) {
	w.t.Helper()
	var code Code
	closing := 0
	for {
		f := w.next()
		if f.close != nil {
			if closing != 0 && f.close.Code != closing {
				w.t.Errorf("session.closing said %d, the close frame %d", closing, f.close.Code)
			}
			return code, f.close.Code
		}
		if c := f.code(); c != "" {
			code = c
		}
		if f.T == TypeSessionClosing {
			var c SessionClosing
			if err := json.Unmarshal(f.D, &c); err != nil {
				w.t.Fatal(err)
			}
			closing = c.Code
		}
	}
}

// memListener is a net.Listener whose connections are pipes in memory.
type memListener struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (l *memListener) dial(from string) (net.Conn, error) {
	near, far := memPipe(from)
	select {
	case l.accept <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
