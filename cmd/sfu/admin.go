package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/heliograph/heliograph/internal/localhost"
)

// admin is the HTTP server for the operator: metrics and health checks, on a listener of its own, so that no proxy in front of the
// page can show them to the world by mistake. Its methods do nothing on a nil admin.
type admin struct {
	listener net.Listener
	server   *http.Server
	served   chan error // its error, once it has ended
}

// openAdmin opens the port; nothing is served before serve. An empty address opens nothing.
func openAdmin(addr string, f *front, registry *prometheus.Registry) (*admin, error) {
	if addr == "" {
		return nil, nil
	}
	l, err := listenHTTP("admin", "--admin-addr", addr)
	if err != nil {
		return nil, fmt.Errorf("%w (or --admin-addr off for none)", err)
	}
	mux := http.NewServeMux()
	f.health(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	h := f.guarded(mux)
	if localhost.Is(l.Addr().String()) {
		h = ownName(h)
	}
	return &admin{listener: l, server: f.server(h), served: make(chan error, 1)}, nil
}

// ownName refuses pages elsewhere whose name was made to point to this machine: metrics tell who is there and when.
func ownName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localhost.Is(r.Host) {
			http.Error(w, "ask for it as localhost or 127.0.0.1", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve answers from now on, in a goroutine that close waits for.
func (a *admin) serve() {
	if a != nil {
		go func() { a.served <- a.server.Serve(a.listener) }()
	}
}

// close ends it, at the latest when ctx ends.
func (a *admin) close(ctx context.Context) error {
	if a == nil {
		return nil
	}
	err := a.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, a.server.Close())
	}
	if ended := <-a.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// abandon closes what was never served.
func (a *admin) abandon() {
	if a != nil {
		a.listener.Close() // its error would hide the one that matters
	}
}
