package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heliograph/heliograph/web"
)

func testFront(t *testing.T) (*front, *observer.ObservedLogs) {
	t.Helper()
	page, err := newPage(fstest.MapFS{
		"index.html":   {Data: []byte("<!doctype html><title>page</title>")},
		"app.js":       {Data: []byte("export {}")},
		"sdk.js":       {Data: []byte("export const sdk = 1")},
		"img/icon.svg": {Data: []byte("<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, text) })
	}
	return &front{
		log: zap.New(core), page: page, connect: answer("connect"), exchange: answer("exchange"), token: answer("token"),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "panics_total"}),
	}, logs
}

// ask sends one request, as from this machine, and returns the response with its body.
func ask(t *testing.T, f *front, method, target string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	f.handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func TestRoutes(t *testing.T) {
	f, _ := testFront(t)
	for _, tc := range []struct {
		method, target string
		status         int
		body, typ      string
	}{
		{"GET", "/", 200, "<title>page", "text/html; charset=utf-8"},
		{"GET", "/r/stand%20up", 200, "<title>page", "text/html; charset=utf-8"},
		{"GET", "/r/a/b", 404, "", ""},
		{"GET", "/app.js", 200, "export", "text/javascript; charset=utf-8"},
		{"HEAD", "/app.js", 200, "", "text/javascript; charset=utf-8"},
		{"POST", "/app.js", 405, "", ""},
		{"GET", "/img/icon.svg", 200, "<svg/>", "image/svg+xml"},
		{"GET", "/img", 404, "", ""},
		{"GET", "/none.js", 404, "", ""},
		{"GET", "/index.html", 200, "<title>page", "text/html; charset=utf-8"},
		{"GET", "/v1/connect", 200, "connect", "text/plain; charset=utf-8"},
		{"POST", "/v1/connect", 404, "", ""},
		{"POST", "/v1/whip/r", 200, "exchange", "text/plain; charset=utf-8"},
		{"DELETE", "/v1/whep/r/x", 200, "exchange", "text/plain; charset=utf-8"},
		{"POST", "/v1/dev/token", 200, "token", "text/plain; charset=utf-8"},
		{"OPTIONS", "/v1/dev/token", 200, "token", "text/plain; charset=utf-8"},
		{"GET", "/metrics", 404, "", ""}, // it is on the operator's port
		{"GET", "/livez", 200, "ok", "text/plain; charset=utf-8"},
		{"GET", "/readyz", 503, "not ready", "text/plain; charset=utf-8"},
	} {
		got, body := ask(t, f, tc.method, tc.target, nil)
		if got.StatusCode != tc.status || !strings.Contains(body, tc.body) || (tc.typ != "" && got.Header.Get("Content-Type") != tc.typ) {
			t.Errorf("%s %s: got %d %q %q, want %d %q %q", tc.method, tc.target, got.StatusCode, got.Header.Get("Content-Type"), body,
				tc.status, tc.typ, tc.body)
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "script-src 'self'") ||
			got.Header.Get("Referrer-Policy") == "" || !strings.Contains(got.Header.Get("Permissions-Policy"), "camera=(self)") {
			t.Errorf("%s %s: security headers are missing: %v", tc.method, tc.target, got.Header)
		}
	}
	f.ready.Store(true)
	if got, _ := ask(t, f, "GET", "/readyz", nil); got.StatusCode != 200 {
		t.Errorf("ready: got %d", got.StatusCode)
	}
}

func TestPageIsLoadedAgainOnlyWhenItChanged(t *testing.T) {
	f, _ := testFront(t)
	first, _ := ask(t, f, "GET", "/app.js", nil)
	etag := first.Header.Get("ETag")
	again, _ := ask(t, f, "GET", "/app.js", func(r *http.Request) { r.Header.Set("If-None-Match", etag) })
	if etag == "" || again.StatusCode != http.StatusNotModified || first.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("ETag %q: got %d, cache %q", etag, again.StatusCode, first.Header.Get("Cache-Control"))
	}
	if sdk, _ := ask(t, f, "GET", "/sdk.js", nil); sdk.Header.Get("Access-Control-Allow-Origin") != "*" || sdk.Header.Get("ETag") == etag {
		t.Error("pages elsewhere must be able to import the SDK")
	}
	if first.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("only the SDK is for pages elsewhere")
	}
}

func TestPageNeedsItsIndex(t *testing.T) {
	if _, err := newPage(fstest.MapFS{"app.js": {}}); err == nil {
		t.Error("no error")
	}
}

// A strict policy is of use only if the page keeps it: nothing inline, nothing from elsewhere.
func TestThePageKeepsThePolicy(t *testing.T) {
	page, err := newPage(web.Dist())
	if err != nil {
		t.Fatal(err)
	}
	html := string(page.files["index.html"].content)
	for _, never := range []string{"<script>", "<style", " style=", " onclick=", "javascript:", `src="http`, `href="http`} {
		if strings.Contains(html, never) {
			t.Errorf("index.html has %q, which the Content-Security-Policy forbids", never)
		}
	}
	if !strings.Contains(html, "<script") {
		t.Error("index.html loads no script")
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	f, logs := testFront(t)
	f.connect = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
	got, _ := ask(t, f, "GET", "/v1/connect", nil)
	if got.StatusCode != 500 || testutil.ToFloat64(f.panics) != 1 {
		t.Errorf("got %d, %v panics counted", got.StatusCode, testutil.ToFloat64(f.panics))
	}
	if lines := logs.TakeAll(); len(lines) != 1 || lines[0].ContextMap()["cause"] != "boom" || lines[0].ContextMap()["stack"] == nil {
		t.Errorf("logged %v", lines)
	}
}

func TestServerBoundsWhatASlowConnectionHolds(t *testing.T) {
	f, _ := testFront(t)
	s := f.server(f.handler())
	if s.ReadHeaderTimeout.Seconds() != 5 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 ||
		s.MaxHeaderBytes > 64<<10 || s.ErrorLog == nil {
		t.Errorf("got %+v", s)
	}
}
