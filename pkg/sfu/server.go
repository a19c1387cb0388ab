package sfu

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/signaling"
)

var (
	errClosed     = signaling.Errorf(signaling.CodeDraining, "the server is shutting down")
	errRoomClosed = errors.New("room was closed")
	errLeft       = errors.New("participant has left")
)

// Server holds the rooms, the media ports and the workers of one process. It implements signaling.Rooms.
type Server struct {
	// Fixed after construction.
	cfg     Config
	log     *zap.Logger
	start   time.Time
	ports   *ports
	workers []*worker
	metrics *metrics
	codecs  *webrtc.MediaEngine // what Transports negotiate; only read

	templates templates
	scope     scope // goroutines that end with the server

	// Guarded by mu.
	mu     sync.Mutex
	rooms  map[string]*Room
	closed bool
	cert   *webrtc.Certificate
	certAt time.Time
}

var _ signaling.Rooms = (*Server)(nil)

// New opens the media ports and starts the workers. Its error wraps ErrPortTaken or ErrConfig where that is the cause.
func New(c Config) (*Server, error) {
	cfg := c.withDefaults()
	var err error
	if cfg.Bitrates, err = c.Bitrates.withDefaults(); err != nil {
		return nil, err
	}
	if cfg.Net == nil {
		n, err := stdnet.NewNet() // shared: listing the interfaces for each Transport costs more than its handshake
		if err != nil {
			return nil, fmt.Errorf("list network interfaces: %w", err)
		}
		cfg.Net = n
	}
	if cfg.MediaPath != MediaFast && cfg.MediaPath != MediaPortable {
		return nil, fmt.Errorf("%w: %q is no media path", ErrConfig, cfg.MediaPath)
	}
	codecs := &webrtc.MediaEngine{}
	if err := registerMedia(codecs); err != nil {
		return nil, err
	}
	m := newMetrics(cfg.Registerer)
	p, err := openPorts(&cfg, m.dropped)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, log: cfg.Log, start: time.Now(), ports: p, rooms: map[string]*Room{}, metrics: m, codecs: codecs,
	}
	s.templates.make = s.makeTemplate
	watchUDP(p, cfg.Registerer, cfg.Log)
	s.scope.init(context.Background())
	for i := range cfg.Workers {
		w := newWorker(s, i)
		s.workers = append(s.workers, w)
		s.scope.run(w.run)
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(newWorkerMetrics(s))
	}
	return s, nil
}

// MediaAddrs lists what the server listens on for media, as "udp 127.0.0.1:7700".
func (s *Server) MediaAddrs() []string { return s.ports.addrs() }

// now is the time since the server started: the clock of everything below it.
func (s *Server) now() time.Duration { return time.Since(s.start) }

// Join admits a participant to the room of its token. Its errors are *signaling.Error.
func (s *Server) Join(ctx context.Context, r signaling.JoinRequest) (signaling.Member, *signaling.Welcome, error) {
	p := newParticipant(s, r)
	began := s.now()
	w, err := p.join(ctx, r.Hello)
	if err != nil {
		s.metrics.joinsRefused.Inc()
		p.close()
		return nil, nil, err
	}
	s.metrics.join.Observe((s.now() - began).Seconds())
	return p, w, nil
}

// joinRoom adds p to its room, which it makes if need be.
func (s *Server) joinRoom(name string, p *Participant, pubs []*Publication, w *signaling.Welcome) (*Room, *Participant, error) {
	for {
		rm, err := s.room(name)
		if err != nil {
			return nil, nil, err
		}
		old, err := rm.join(p, pubs, w)
		if errors.Is(err, errRoomClosed) { // its last participant left at this moment
			continue
		}
		return rm, old, err
	}
}

func (s *Server) room(name string) (*Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	rm := s.rooms[name]
	if rm == nil {
		rm = newRoom(s, name)
		s.rooms[name] = rm
		s.metrics.rooms.Inc()
		rm.start()
	}
	return rm, nil
}

func (s *Server) closeRoomIfEmpty(rm *Room) {
	s.mu.Lock()
	rm.mu.Lock()
	empty := len(rm.participants) == 0 && !rm.closed
	if empty {
		rm.closed = true
		delete(s.rooms, rm.name)
		s.metrics.rooms.Dec()
	}
	rm.mu.Unlock()
	s.mu.Unlock()
	if empty {
		rm.scope.close()
	}
}

// certificate is the DTLS certificate of Transports. One serves all for a day: making one costs more than a join.
func (s *Server) certificate() (*webrtc.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert != nil && time.Since(s.certAt) < certificateLife {
		return s.cert, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a DTLS key: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make a DTLS certificate: %w", err)
	}
	s.cert, s.certAt = cert, time.Now()
	return cert, nil
}

// leastLoaded picks the worker of a new Transport.
func (s *Server) leastLoaded() *worker {
	best := s.workers[0]
	for _, w := range s.workers[1:] {
		if w.load.Load() < best.load.Load() {
			best = w
		}
	}
	best.load.Add(1)
	return best
}

// Close ends all participants and workers and closes the media ports. It returns when their goroutines have ended, or the
// error of ctx.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	var all []*Participant
	for _, rm := range s.rooms {
		rm.mu.Lock()
		for _, p := range rm.participants {
			all = append(all, p)
		}
		rm.mu.Unlock()
	}
	s.mu.Unlock()
	for _, p := range all {
		p.Leave("closed")
	}
	done := make(chan error, 1)
	go func() {
		s.scope.close()
		done <- s.ports.close()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("media server did not stop in time: %w", ctx.Err())
	}
}

// ntp is the server's NTP time at now (RFC 5905: seconds since 1900, 32.32 fixed point). It follows the monotonic clock, so it never
// jumps.
func (s *Server) ntp(now time.Duration) uint64 {
	const since1900 = 2208988800
	t := s.start.Add(now)
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
