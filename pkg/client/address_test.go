package client

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/signaling"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]struct{ websocket, token, room string }{
		"http://localhost:8080":               {"ws://localhost:8080/v1/connect", "http://localhost:8080/v1/dev/token", ""},
		"http://localhost:8080/":              {"ws://localhost:8080/v1/connect", "http://localhost:8080/v1/dev/token", ""},
		"http://localhost:8080/r/hello":       {"ws://localhost:8080/v1/connect", "http://localhost:8080/v1/dev/token", "hello"},
		"https://example.org/sfu/r/stand%20u": {"wss://example.org/sfu/v1/connect", "https://example.org/sfu/v1/dev/token", "stand u"},
		"wss://example.org/v1/connect":        {"wss://example.org/v1/connect", "https://example.org/v1/dev/token", ""},
		"ws://[::1]:9000/a/v1/connect":        {"ws://[::1]:9000/a/v1/connect", "http://[::1]:9000/a/v1/dev/token", ""},
	} {
		a, err := parseAddress(text)
		if err != nil || a.websocket() != want.websocket || a.at("/v1/dev/token") != want.token || a.room != want.room {
			t.Errorf("%s: got %s, %s, %q, %v", text, a.websocket(), a.at("/v1/dev/token"), a.room, err)
		}
	}
	for _, text := range []string{"", "localhost:8080", "/r/hello", "ftp://localhost", "http://", "http://[::1"} {
		if _, err := parseAddress(text); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: got %v", text, err)
		}
		if _, err := Join(context.Background(), Config{URL: text}); !errors.Is(err, ErrAddress) {
			t.Errorf("join %q: got %v", text, err)
		}
	}
}

// A server that gives no token, and something that is no server, are told apart.
func TestDevTokenErrors(t *testing.T) {
	answer := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(answer))
	}))
	defer s.Close()
	join := func() error {
		_, err := Join(t.Context(), Config{URL: s.URL + "/r/x"})
		return err
	}
	answer = `{"code":"forbidden.dev_token","msg":"no"}`
	var refused *RequestError
	if err := join(); !errors.As(err, &refused) || refused.Code != string(signaling.CodeForbiddenDevToken) {
		t.Errorf("got %v", err)
	}
	answer = "<html>"
	if err := join(); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
}

// A websocket that the server does not open leaves nothing behind.
func TestJoinWithoutWebsocket(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if _, err := Join(t.Context(), Config{URL: s.URL, Token: "x"}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Join(ctx, Config{URL: s.URL, Token: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
