package signaling

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Limits of a server.
const (
	maxPending       = 8192 // websockets that are not authenticated yet
	handshakeTimeout = 5 * time.Second
	readBuffer       = 1024 // bytes: a participant says little, and the payload of a longer message is read past it
	writeBuffer      = 4096 // bytes, while something is written
)

// Config is what a Server needs. Logger and Metrics may be nil.
type Config struct {
	Rooms   Rooms
	Keys    Keys       // whose tokens are accepted
	Origins Origins    // whose pages may connect, besides those of the server itself
	Guests  *DevTokens // who needs no token for WHIP and WHEP: those whom these would give one; nil: nobody
	Logger  *zap.Logger
	Metrics prometheus.Registerer
}

// Server is the http.Handler of GET /v1/connect: the websocket of the protocol; Exchanges is that of WHIP and WHEP. It owns the
// goroutines of its sessions.
// The http.Server around it should have a ReadHeaderTimeout.
type Server struct {
	// fixed after construction
	rooms     Rooms
	keys      Keys
	origins   Origins
	guests    *DevTokens
	decoder   *decoder
	upgrader  websocket.Upgrader
	metrics   *metrics
	log       *logLimit
	addresses *addresses
	resources resources
	bundles   sync.Pool // of what bundledConns keep: *[]byte
	frames    sync.Pool // of what messages are read into: *[]byte

	mu       sync.Mutex
	sessions map[*Session]struct{}
	running  int           // sessions, and requests that will become one
	pending  int           // of them, those that are not authenticated yet
	closed   bool          // takes no new sockets
	idle     chan struct{} // fixed; closed when closed and running is 0
}

// NewServer checks the configuration and makes a Server. Close it.
func NewServer(c Config) (*Server, error) {
	if c.Rooms == nil {
		return nil, errors.New("signaling needs Rooms")
	}
	if err := c.Keys.Check(); err != nil {
		return nil, err
	}
	if err := c.Origins.Check(); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	s := &Server{
		rooms:     c.Rooms,
		keys:      c.Keys,
		origins:   c.Origins,
		guests:    c.Guests,
		decoder:   newDecoder(),
		metrics:   newMetrics(),
		log:       newLogLimit(c.Logger),
		addresses: newAddresses(),
		sessions:  make(map[*Session]struct{}),
		idle:      make(chan struct{}),
		upgrader: websocket.Upgrader{
			HandshakeTimeout: handshakeTimeout,
			ReadBufferSize:   readBuffer,
			WriteBufferSize:  writeBuffer,
			WriteBufferPool:  new(sync.Pool),
			Subprotocols:     []string{Subprotocol},
			CheckOrigin:      func(*http.Request) bool { return true }, // Origins are checked before
			Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
				http.Error(w, reason.Error(), status)
			},
		},
	}
	s.frames.New = func() any {
		b := make([]byte, 0, 512)
		return &b
	}
	if err := s.metrics.register(c.Metrics); err != nil {
		return nil, err
	}
	return s, nil
}

// refusal is the HTTP error for a connect.
type refusal struct {
	reason string // a label of metrics
	status int
	msg    string
	retry  time.Duration // 0: not told
}

// ServeHTTP upgrades the request and starts the session, or answers with an HTTP error and a sentence.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if ref := s.check(r); ref != nil {
		s.refuse(w, ref)
		return
	}
	addr := remoteAddr(r)
	if wait, ok := s.addresses.admit(time.Now(), addr); !ok {
		s.refuse(w, &refusal{refusedAddress, http.StatusTooManyRequests, "too many failed connects from this address", wait})
		return
	}
	if ref := s.reserve(); ref != nil {
		s.addresses.settle(time.Now(), addr, true)
		s.refuse(w, ref)
		return
	}
	h := &hijacker{ResponseWriter: w, server: s}
	ws, err := s.upgrader.Upgrade(h, r, nil)
	if err != nil { // the upgrader has answered
		s.settled(addr, false)
		s.remove(nil)
		s.metrics.refused[refusedUpgrade].Inc()
		return
	}
	k := newSocket(s, ws, h.conn, addr)
	s.add(k.session)
	go k.run()
}

// check looks at the headers of a connect.
func (s *Server) check(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodGet || !websocket.IsWebSocketUpgrade(r):
		return &refusal{refusedUpgrade, http.StatusBadRequest, "this is a websocket: connect with GET and Upgrade: websocket", 0}
	case !slices.Contains(websocket.Subprotocols(r), Subprotocol):
		return &refusal{refusedSubprotocol, http.StatusBadRequest,
			"this server speaks the websocket subprotocol " + Subprotocol + ": name it in Sec-WebSocket-Protocol", 0}
	case !s.origins.allow(r):
		return &refusal{refusedOrigin, http.StatusForbidden,
			"pages of this origin may not connect: the server's configuration must allow it", 0}
	}
	return nil
}

func (s *Server) refuse(w http.ResponseWriter, ref *refusal) {
	s.metrics.refused[ref.reason].Inc()
	s.log.warn("refused."+ref.reason, "a connect was refused", zap.Int("status", ref.status))
	if ref.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(ref.retry.Seconds())+1))
	}
	http.Error(w, ref.msg, ref.status)
}

// reserve makes room for a session that is not authenticated yet; settled ends that. remove gives the room back.
func (s *Server) reserve() *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &refusal{refusedDraining, http.StatusServiceUnavailable, "the server takes no new sessions", time.Second}
	}
	if s.pending >= maxPending {
		return &refusal{refusedPending, http.StatusServiceUnavailable, "too many connects are not authenticated yet", time.Second}
	}
	s.running++
	s.pending++
	s.metrics.pending.Inc()
	return nil
}

// settled tells that a session is not pending any more, and whether it is known who it belongs to.
func (s *Server) settled(addr netip.Addr, authenticated bool) {
	s.addresses.settle(time.Now(), addr, authenticated)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending--
	s.metrics.pending.Dec()
}

// add makes the session one that Close closes, and closes it if that was before.
func (s *Server) add(k *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[k] = struct{}{}
	if s.closed {
		k.Close(CloseRestart, "")
	}
}

// remove is the last of a session; k is nil if there never was one.
func (s *Server) remove(k *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, k)
	s.running--
	if s.closed && s.running == 0 {
		close(s.idle)
	}
}

// Close refuses new connects, closes all sessions with CloseRestart and waits for their goroutines: at most 2 s for the
// websockets, and as long as the methods of Rooms and Member take. When ctx ends before, it returns its error, with the
// number of the sessions that still run.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		if s.running == 0 {
			close(s.idle)
		}
	}
	for k := range s.sessions {
		k.Close(CloseRestart, "")
	}
	s.mu.Unlock()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sessions {
		k.hangUp()
	}
	return fmt.Errorf("%d sessions still run: %w", s.running, ctx.Err())
}

// safely runs f for a session. A panic in it is counted, logged and returned as errPanic with CodeInternal.
func (s *Server) safely(k *Session, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.log.warn("panic", "a panic closes one session", zap.String("session", k.ID()),
				zap.String("panic", shorten(fmt.Sprint(p), maxLoggedText)), zap.Stack("stack"))
			err = Errorf(CodeInternal, "%w", errPanic)
		}
	}()
	return f()
}

// remoteAddr returns the address that the request came from. Headers that name another one are not believed.
func remoteAddr(r *http.Request) netip.Addr {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero Addr is a budget of its own
	return ap.Addr()
}

// hijacker makes the upgrader read through a slowConn and write through a bundledConn.
type hijacker struct {
	http.ResponseWriter
	server *Server
	conn   *bundledConn
}

// Hijack takes the connection over from the http.Server.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = &bundledConn{Conn: newSlowConn(c), buffers: &h.server.bundles}
	return h.conn, rw, nil
}
