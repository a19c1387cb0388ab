package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/iceservers"
	"github.com/heliograph/heliograph/internal/logging"
	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/sfu"
	"github.com/heliograph/heliograph/pkg/signaling"
	"github.com/heliograph/heliograph/web"
)

// node is one running server: its ports and the parts between them.
type node struct {
	// fixed after construction
	cfg      config.Config
	log      *zap.Logger
	listener net.Listener
	media    *sfu.Server
	sessions *signaling.Server
	front    *front
	http     *http.Server
	admin    *admin // nil: there is none
	registry *prometheus.Registry
	failed   chan error // holds the error of an HTTP server that ended by itself
}

// openNode opens all ports and wires the parts together; nothing is served before serve. When it fails, nothing is left
// open.
func openNode(cfg config.Config, log *zap.Logger) (_ *node, err error) {
	n := &node{cfg: cfg, log: log, registry: prometheus.NewRegistry(), failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			n.abandon()
		}
	}()
	cert, err := loadCertificate(cfg)
	if err != nil {
		return nil, err
	}
	if n.listener, err = listenHTTP("HTTP", "--http-addr", cfg.HTTPAddr); err != nil {
		return nil, err
	}
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if n.media, err = openMedia(cfg, log, n.registry); err != nil {
		return nil, mediaError(cfg, err)
	}
	keys, kid := acceptedKeys(cfg)
	guests, err := devTokens(cfg, keys, kid, n.listener.Addr())
	if err != nil {
		return nil, err
	}
	n.sessions, err = signaling.NewServer(signaling.Config{
		Rooms: n.media, Keys: keys, Origins: cfg.AllowedOrigin, Guests: guests, Logger: log.Named("signaling"), Metrics: n.registry,
	})
	if err != nil {
		return nil, err
	}
	if n.front, err = newFront(cfg, log, n.registry); err != nil {
		return nil, err
	}
	n.front.connect, n.front.exchange, n.front.token = n.sessions, n.sessions.Exchanges(), http.HandlerFunc(refuseDevToken)
	if guests != nil {
		n.front.token = guests
	}
	if n.admin, err = openAdmin(cfg.AdminAddr, n.front, n.registry); err != nil {
		return nil, err
	}
	n.http = n.front.server(n.front.handler())
	if cert != nil {
		n.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	return n, nil
}

func openMedia(cfg config.Config, log *zap.Logger, registry *prometheus.Registry) (*sfu.Server, error) {
	return sfu.New(sfu.Config{
		Log:             logging.RateLimited(log.Named("sfu")),
		PionLog:         logging.Pion(log),
		UDPPort:         cfg.UDPPort,
		TCPPort:         cfg.TCPPort,
		MediaPath:       sfu.MediaPath(cfg.MediaPath),
		NodeIPs:         cfg.NodeIP,
		Codec:           rtpfwd.ParseCodec(cfg.Room.Codec),
		MaxParticipants: cfg.Room.MaxParticipants,
		AudioSlots:      cfg.Room.AudioSlots,
		Bitrates: sfu.Bitrates{
			Min:   bwe.Bitrate(cfg.Downlink.MinKbps) * bwe.Kbps,
			Start: bwe.Bitrate(cfg.Downlink.StartKbps) * bwe.Kbps,
			Max:   bwe.Bitrate(cfg.Downlink.MaxKbps) * bwe.Kbps,
		},
		ICEServers: iceServers(cfg),
		Registerer: registry,
	})
}

// iceServers returns the function that gives each participant its STUN and TURN servers.
func iceServers(cfg config.Config) func(identity string) []signaling.ICEServer {
	var static []signaling.ICEServer
	for _, s := range cfg.TURN.Servers {
		static = append(static, signaling.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
	}
	shared := iceservers.Shared{URLs: cfg.TURN.URLs, Secret: cfg.TURN.Secret}
	return func(identity string) []signaling.ICEServer {
		return iceservers.List(static, shared, identity, time.Now())
	}
}

// acceptedKeys are the keys of the configuration, or one that is made now and known to nobody else, and the id of one that
// development tokens are signed with.
func acceptedKeys(cfg config.Config) (keys signaling.Keys, kid string) {
	keys = signingKeys(cfg)
	if len(keys) == 0 {
		keys["start"] = []byte(rand.Text() + rand.Text())
	}
	for kid = range keys {
		break
	}
	return keys, kid
}

// devTokens answers POST /v1/dev/token, and lets guests in by WHIP and WHEP. Without --dev it is for this machine only, and nil
// when keys are configured: behind a proxy that hides itself, the whole world looks like this machine.
func devTokens(cfg config.Config, keys signaling.Keys, kid string, listen net.Addr) (*signaling.DevTokens, error) {
	if len(cfg.Auth.Keys) > 0 && !cfg.Dev {
		return nil, nil
	}
	return signaling.NewDevTokens(signaling.DevTokenConfig{
		Keys: keys, KeyID: kid, Listen: listen, Enabled: cfg.Dev, Origins: cfg.AllowedOrigin,
	})
}

func refuseDevToken(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(signaling.ErrorBody{ // the requester may be gone
		Code: string(signaling.CodeForbiddenDevToken),
		Msg:  "this server has keys of its own: get a token from your application, or from sfu token create",
	})
}

func newFront(cfg config.Config, log *zap.Logger, registry *prometheus.Registry) (*front, error) {
	page, err := newPage(web.Dist())
	if err != nil {
		return nil, err
	}
	f := &front{
		log: log.Named("http"), page: page,
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "heliograph", Subsystem: "http", Name: "panics_total", Help: "Panics of HTTP handlers, each of which ended one request.",
		}),
	}
	return f, registry.Register(f.panics)
}

// serve answers HTTP from now on, in a goroutine that close waits for.
func (n *node) serve() {
	n.front.ready.Store(true)
	n.admin.serve()
	go func() {
		defer close(n.failed)
		var err error
		if n.cfg.TLSCert != "" {
			err = n.http.ServeTLS(n.listener, "", "")
		} else {
			err = n.http.Serve(n.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			n.failed <- err
		}
	}()
}

// close tells everybody to leave and waits for them, HTTP and media, until ctx ends.
func (n *node) close(ctx context.Context) error {
	n.front.ready.Store(false)
	errs := []error{n.sessions.Close(ctx), n.http.Shutdown(ctx), n.media.Close(ctx)}
	if errs[1] != nil {
		errs[1] = errors.Join(errs[1], n.http.Close())
	}
	errs = append(errs, n.admin.close(ctx)) // last: it shows the end too
	for err := range n.failed {             // until the goroutine of serve has ended
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// abandon closes what openNode had opened when it failed.
func (n *node) abandon() {
	if n.listener != nil {
		n.listener.Close() // its error would hide the one that matters
	}
	n.admin.abandon()
	if n.media != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := n.media.Close(ctx); err != nil {
			n.log.Warn("the media ports did not close", zap.Error(err))
		}
	}
}

// base is the address of the page in a browser on this machine, with a slash at its end.
func (n *node) base() string {
	scheme := "http"
	if n.cfg.TLSCert != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(n.listener.Addr().String())
	configured, _, _ := net.SplitHostPort(n.cfg.HTTPAddr)
	ip, err := netip.ParseAddr(host)
	switch {
	case configured != "" && (err != nil || !ip.IsUnspecified()):
		host = configured
	case len(n.cfg.NodeIP) > 0:
		host = n.cfg.NodeIP[0].String()
	default:
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/"
}
