package main

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/logging"
)

// contentPolicy lets the page load only what the server itself gives out, and connect to any websocket, as the page may
// be used with a server elsewhere.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"font-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; " +
	"connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"

// front is the HTTP side of the server.
type front struct {
	log      *zap.Logger
	connect  http.Handler // the websocket of signaling
	exchange http.Handler // WHIP and WHEP
	token    http.Handler // development tokens
	page     *page
	panics   prometheus.Counter
	ready    atomic.Bool // false while starting and stopping
}

// handler returns all routes, each with the headers that keep browsers from doing more than they should.
func (f *front) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/connect", f.connect)
	mux.Handle("/v1/whip/", f.exchange)
	mux.Handle("/v1/whep/", f.exchange)
	mux.Handle("/v1/dev/token", f.token)
	f.health(mux)
	mux.HandleFunc("GET /{$}", f.page.index)
	mux.HandleFunc("GET /r/{room}", f.page.index)
	mux.HandleFunc("/", f.page.file)
	return f.guarded(mux)
}

// health adds what a supervisor asks for.
func (f *front) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", f.serveReady)
}

// server returns an HTTP server; its timeouts bound what an idle or slow connection can hold.
func (f *front) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // websockets leave it behind when they take over the connection
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          logging.StdLog(f.log, "http"),
	}
}

func (f *front) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer f.recovered(w)
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), geolocation=()")
		next.ServeHTTP(w, r)
	})
}

// recovered ends a request whose handler panicked; the others go on.
func (f *front) recovered(w http.ResponseWriter) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	f.panics.Inc()
	f.log.Error("a request handler panicked", zap.Any("cause", cause), zap.Stack("stack"))
	w.WriteHeader(http.StatusInternalServerError)
}

func (f *front) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !f.ready.Load() {
		say(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	say(w, http.StatusOK, "ok")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the client may be gone, nobody else waits for it
}
