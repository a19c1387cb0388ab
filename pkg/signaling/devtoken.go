package signaling

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/localhost"
)

// DevTokenTTL is how long a token of DevTokens is valid.
const DevTokenTTL = 6 * time.Hour

// maxDevTokenBody is the limit of a request's body, in bytes.
const maxDevTokenBody = 8 << 10

// DevTokenConfig is what DevTokens need.
type DevTokenConfig struct {
	Keys    Keys
	KeyID   string   // the key of Keys that signs
	Listen  net.Addr // the address that the HTTP server listens on
	Enabled bool     // give tokens to everybody who can reach the server
	Origins Origins  // whose pages may ask, besides those of the server itself
}

// DevTokens is the http.Handler of POST /v1/dev/token: it gives a token for any room and identity to whoever works on
// this machine, so that a first try needs no configuration. Unless Enabled is set, the listener, the sender and the Host
// header must all be loopback and no header may tell of a proxy. A page of a foreign origin never gets a token.
type DevTokens struct {
	config   DevTokenConfig
	loopback bool // of the listener
	shape    *shape
}

// DevTokenRequest asks for a token: the body of POST /v1/dev/token.
type DevTokenRequest struct {
	Room     string `json:"room" max:"256"`
	Identity string `json:"identity,omitempty" max:"256"` // made up if empty
	Name     string `json:"name,omitempty" max:"256"`
}

// DevTokenResponse is the token and what to do with it: the body of the answer.
type DevTokenResponse struct {
	Token    string    `json:"token"`
	URL      string    `json:"url"` // of the websocket
	Room     string    `json:"room"`
	Identity string    `json:"identity"`
	Expires  time.Time `json:"expires"`
}

// NewDevTokens checks that the key exists and makes the handler.
func NewDevTokens(c DevTokenConfig) (*DevTokens, error) {
	if err := c.Keys.Check(); err != nil {
		return nil, err
	}
	if len(c.Keys[c.KeyID]) == 0 {
		return nil, errors.Join(ErrKey, errors.New("the key for development tokens is missing"))
	}
	if err := c.Origins.Check(); err != nil {
		return nil, err
	}
	return &DevTokens{
		config:   c,
		loopback: c.Listen != nil && localhost.Is(c.Listen.String()),
		shape:    shapeOf(reflect.TypeFor[DevTokenRequest]()),
	}, nil
}

// ServeHTTP answers with the token as JSON, or with an ErrorBody as JSON.
func (t *DevTokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Vary", "Origin")
	h.Set("Cache-Control", "no-store")
	if !t.config.Origins.allow(r) {
		writeHTTPError(w, http.StatusForbidden, Errorf(CodeForbiddenDevToken, "the page that asks is of another origin"))
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Headers", "Content-Type")
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
	}
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodPost:
	default:
		h.Set("Allow", "POST, OPTIONS")
		writeHTTPError(w, http.StatusMethodNotAllowed, Errorf(CodeInvalid, "use POST"))
		return
	}
	if err := t.permit(r); err != nil {
		writeHTTPError(w, http.StatusForbidden, err)
		return
	}
	t.give(w, r)
}

// permit reports why the request may not have a token, or nil.
func (t *DevTokens) permit(r *http.Request) *Error {
	if t.config.Enabled {
		return nil
	}
	const enable = "; use tokens of your own, or start the server with --dev"
	switch {
	case !t.loopback:
		return Errorf(CodeForbiddenDevToken, "the server does not listen on a loopback address"+enable)
	case !localhost.Is(r.RemoteAddr):
		return Errorf(CodeForbiddenDevToken, "the request comes from another machine"+enable)
	case !localhost.Is(r.Host):
		return Errorf(CodeForbiddenDevToken, "the page was not opened as localhost or 127.0.0.1"+enable)
	case localhost.ViaProxy(r.Header):
		return Errorf(CodeForbiddenDevToken, "the request comes through a proxy"+enable)
	}
	return nil
}

func (t *DevTokens) give(w http.ResponseWriter, r *http.Request) {
	if typ, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); typ != "application/json" {
		writeHTTPError(w, http.StatusUnsupportedMediaType, Errorf(CodeInvalid, "the Content-Type must be application/json"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDevTokenBody))
	if err != nil {
		writeHTTPError(w, http.StatusRequestEntityTooLarge, Errorf(CodeTooLarge, "at most %d bytes are allowed", maxDevTokenBody))
		return
	}
	q, err := t.decode(body)
	if err != nil {
		writeHTTPError(w, http.StatusBadRequest, classify(err))
		return
	}
	expires := time.Now().Add(DevTokenTTL).Truncate(time.Second)
	token, err := t.config.Keys.Mint(t.config.KeyID, Claims{
		Identity: q.Identity, Name: q.Name, Room: q.Room, Expires: expires, Grants: AllGrants(),
	})
	if err != nil {
		writeHTTPError(w, http.StatusBadRequest, classify(err))
		return
	}
	writeJSON(w, http.StatusOK, DevTokenResponse{
		Token: token, URL: connectURL(r), Room: q.Room, Identity: q.Identity, Expires: expires,
	})
}

func (t *DevTokens) decode(body []byte) (*DevTokenRequest, error) {
	if !utf8.Valid(body) || !shallow(body) || !json.Valid(body) {
		return nil, &Error{Code: CodeMalformed}
	}
	if err := t.shape.check("body", []byte(strings.TrimSpace(string(body)))); err != nil {
		return nil, Errorf(CodeInvalid, "%w", err)
	}
	var q DevTokenRequest
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, Errorf(CodeInvalid, "%w", err)
	}
	if !validRoom(q.Room) {
		return nil, Errorf(CodeInvalid, "body.room has 1 to %d bytes, no * and no control characters", MaxRoomBytes)
	}
	q.Identity = cmp.Or(q.Identity, "guest-"+strings.ToLower(rand.Text()[:8]))
	return &q, nil
}

// connectURL is the websocket of the server that the request reached.
func connectURL(r *http.Request) string {
	if r.TLS != nil {
		return "wss://" + r.Host + "/v1/connect"
	}
	return "ws://" + r.Host + "/v1/connect"
}

func writeHTTPError(w http.ResponseWriter, status int, e *Error) { writeJSON(w, status, e.body()) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the error is that of the connection
}
