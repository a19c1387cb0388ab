package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrAddress tells that a URL is none of a server.
var ErrAddress = errors.New("not the address of a server")

const (
	connectPath = "/v1/connect"
	roomPath    = "/r/"

	maxTokenAnswer = 64 << 10 // bytes
)

// address is where a server is found.
type address struct {
	web  url.URL // with scheme, host and the path before ours
	room string  // that of a link to the conference page, or empty
}

// parseAddress takes the address of a server ("http://localhost:8080", "https://example.org/sfu"), of a room on its page
// (".../r/hello"), or of its websocket ("wss://example.org/v1/connect").
func parseAddress(text string) (address, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return address{}, fmt.Errorf("%w: %q; write it as http://localhost:8080", ErrAddress, text)
	}
	a := address{web: url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/")}}
	switch u.Scheme {
	case "http", "https":
	case "ws", "wss":
		a.web.Scheme = "http" + strings.TrimPrefix(u.Scheme, "ws")
	default:
		return address{}, fmt.Errorf("%w: %q has the scheme %q; http, https, ws and wss are known", ErrAddress, text, u.Scheme)
	}
	if at := strings.LastIndex(a.web.Path, roomPath); at >= 0 {
		a.web.Path, a.room = a.web.Path[:at], a.web.Path[at+len(roomPath):]
	}
	a.web.Path = strings.TrimSuffix(a.web.Path, connectPath)
	return a, nil
}

// at is the URL of a path of the server.
func (a *address) at(path string) string {
	u := a.web
	u.Path += path
	return u.String()
}

// websocket is the URL of signaling.
func (a *address) websocket() string { return "ws" + strings.TrimPrefix(a.at(connectPath), "http") }

// dialing is how a Participant opens connections.
type dialing struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	tls  *tls.Config
}

// devToken asks for a token as the conference page does. The error is a *RequestError if the server gives none.
func (d *dialing) devToken(ctx context.Context, a *address, q signaling.DevTokenRequest) (string, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.at("/v1/dev/token"), bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	t := &http.Transport{DialContext: d.dial, TLSClientConfig: d.tls, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: t}).Do(r)
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	defer response.Body.Close() // it was read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxTokenAnswer))
	if err != nil {
		return "", fmt.Errorf("ask for a token: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		e := &RequestError{}
		if json.Unmarshal(text, &e.ErrorBody) == nil && e.Code != "" {
			return "", fmt.Errorf("ask for a token: %w", e)
		}
		return "", fmt.Errorf("ask for a token at %s: %s", a.at("/v1/dev/token"), response.Status)
	}
	var ok signaling.DevTokenResponse
	if err := json.Unmarshal(text, &ok); err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return ok.Token, nil
}
