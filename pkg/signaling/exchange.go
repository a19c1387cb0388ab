package signaling

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The media type of offers and answers, and the longest offer that is read, in bytes.
const (
	typeSDP     = "application/sdp"
	maxSDPBytes = 256 << 10
)

// exchange is one of the two protocols that begin a session by a single HTTP request with an SDP offer, whose response has the
// answer: WHIP (RFC 9725) publishes, WHEP (draft-ietf-wish-whep) views. There is no websocket; the session is a resource, whose URL
// ends it.
type exchange struct {
	name  string // in paths, metrics and identities of guests
	lines Lines
	*Server
}

// Exchanges is the http.Handler of /v1/whip/ and /v1/whep/.
func (s *Server) Exchanges() http.Handler {
	mux := http.NewServeMux()
	for _, x := range []*exchange{{"whip", LinesPublish, s}, {"whep", LinesView, s}} {
		mux.HandleFunc("/v1/"+x.name+"/{room}", x.serve(map[string]http.HandlerFunc{
			http.MethodPost: x.begin, http.MethodGet: nothing, http.MethodHead: nothing,
		}))
		mux.HandleFunc("/v1/"+x.name+"/{room}/{session}", x.serve(map[string]http.HandlerFunc{
			http.MethodDelete: x.end, http.MethodGet: x.look, http.MethodHead: x.look,
		}))
	}
	return mux
}

// nothing answers for what has no representation (RFC 9725, section 4.2).
func nothing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// serve is the handler of one URL. It answers what is the same for all methods: who may ask, and which methods there are. PATCH
// would bring further candidates, of which we need none, or restart ICE, and is not there.
func (x *exchange) serve(methods map[string]http.HandlerFunc) http.HandlerFunc {
	allowed := []string{http.MethodOptions}
	for m := range methods {
		allowed = append(allowed, m)
	}
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		if !x.origins.allow(r) {
			x.refuse(w, &problem{status: http.StatusForbidden, title: "pages of this origin may not ask",
				detail: "add the origin to allowedOrigin in the server's configuration"})
			return
		}
		header(w, r, allow)
		handler := methods[r.Method]
		switch {
		case handler != nil:
			handler(w, r)
		case r.Method == http.MethodOptions:
			w.WriteHeader(http.StatusOK)
		default:
			w.Header().Set("Allow", allow)
			x.refuse(w, &problem{status: http.StatusMethodNotAllowed, title: "this method is not supported here",
				detail: "use one of " + allow + "; all candidates are in the answer, so PATCH is not needed"})
		}
	}
}

// header lets the page of an allowed origin ask and read what a player needs.
func header(w http.ResponseWriter, r *http.Request, allow string) {
	h := w.Header()
	h.Set("Vary", "Origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Accept-Post", typeSDP)
	if origin := r.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Methods", allow)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match")
		h.Set("Access-Control-Expose-Headers", "Link, Location, Retry-After, WWW-Authenticate")
		h.Set("Access-Control-Max-Age", "600")
	}
}

// begin makes a session of an offer (RFC 9725, section 4.2).
func (x *exchange) begin(w http.ResponseWriter, r *http.Request) {
	addr := remoteAddr(r)
	if wait, ok := x.addresses.admit(time.Now(), addr); !ok {
		x.refuse(w, &problem{status: http.StatusTooManyRequests, title: "too many requests of this address had no valid token", retry: wait})
		return
	}
	if ref := x.reserve(); ref != nil {
		x.addresses.settle(time.Now(), addr, true)
		x.refuse(w, &problem{status: ref.status, title: ref.msg, retry: ref.retry})
		return
	}
	a := &arrival{exchange: x, addr: addr}
	defer a.done()
	if err := a.begin(w, r); err != nil {
		x.fail(w, err)
	}
}

// arrival is a request for a session, which counts as pending until it is known who sends it.
type arrival struct {
	*exchange
	addr    netip.Addr
	settled bool
	began   bool // a resource has taken over the place that reserve made
}

// settle tells whether the sender is known.
func (a *arrival) settle(known bool) {
	if !a.settled {
		a.settled = true
		a.Server.settled(a.addr, known)
	}
}

func (a *arrival) done() {
	a.settle(false)
	if !a.began {
		a.remove(nil)
	}
}

func (a *arrival) begin(w http.ResponseWriter, r *http.Request) error {
	claims, token, err := a.claims(r)
	if err != nil {
		return err
	}
	a.settle(true)
	if a.lines == LinesView && !claims.Grants.Subscribe {
		return &Error{Code: CodeForbiddenSubscribe}
	}
	offer, err := readOffer(w, r)
	if err != nil {
		return err
	}
	res, welcome, err := a.join(r.Context(), claims, offer)
	if err != nil {
		return err
	}
	res.token = token
	a.began = true
	a.resources.add(res)
	h := w.Header()
	h.Set("Content-Type", typeSDP)
	h.Set("Location", "/v1/"+a.name+"/"+url.PathEscape(claims.Room)+"/"+res.id)
	for _, s := range welcome.ICEServers {
		addLinks(h, s)
	}
	a.metrics.exchanged(a.name, http.StatusCreated)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, welcome.Answer.SDP) // a client that is gone is noticed by its media
	return nil
}

// claims verifies the token of a request for the room that its path names, or makes the claims of a guest. token is what an end
// of the session has to show again.
func (x *exchange) claims(r *http.Request) (*Claims, *tokenSum, error) {
	token, found := bearer(r)
	wanted := r.PathValue("room")
	if !found && x.guests != nil && x.guests.permit(r) == nil {
		c, err := x.guest(wanted)
		return c, nil, err
	}
	claims, err := x.keys.Verify(token, time.Now())
	if err != nil {
		return nil, nil, err
	}
	if claims.Room, err = claims.room(wanted); err != nil {
		return nil, nil, err
	}
	return claims, sumOf(token), nil
}

// guest makes an identity for who needs no token. Viewers are not seen by others: they have nothing to show.
func (x *exchange) guest(room string) (*Claims, error) {
	if !validRoom(room) {
		return nil, Errorf(CodeInvalid, "a room's name has 1 to %d bytes, no * and no control characters", MaxRoomBytes)
	}
	g := AllGrants()
	g.Hidden = x.lines == LinesView
	return &Claims{
		Identity: x.name + "-" + strings.ToLower(rand.Text()[:8]), Room: room, Expires: time.Now().Add(DevTokenTTL), Grants: g,
	}, nil
}

// bearer is the token of a request (RFC 6750, section 2.1). An empty one is none: that is what a form sends that was not filled in.
func bearer(r *http.Request) (token string, found bool) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	token = strings.TrimSpace(token)
	return token, token != ""
}

// readOffer reads the body of a request, which must be SDP by its type.
func readOffer(w http.ResponseWriter, r *http.Request) (string, error) {
	if typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || typ != typeSDP {
		return "", &problem{status: http.StatusUnsupportedMediaType, title: "the body is not SDP by its type",
			detail: "send the offer with Content-Type: " + typeSDP}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSDPBytes))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return "", Errorf(CodeTooLarge, "an offer has at most %d bytes", maxSDPBytes)
	case err != nil:
		return "", Errorf(CodeMalformed, "the body ends early: %w", err)
	case len(body) == 0:
		return "", Errorf(CodeNegotiationInvalid, "the body is empty: send the SDP offer")
	case !utf8.Valid(body):
		return "", Errorf(CodeNegotiationInvalid, "it is not UTF-8")
	}
	return string(body), nil
}

// join makes the participant. Its Session has nobody to read it.
func (x *exchange) join(ctx context.Context, claims *Claims, offer string) (*resource, *Welcome, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	session := newSession(context.Background(), func() {}, x.metrics, x.log)
	session.unread = true
	res := &resource{exchange: x, id: "r_" + rand.Text(), room: claims.Room, identity: claims.Identity, session: session, ended: make(chan struct{})}
	var welcome *Welcome
	start := time.Now()
	err := x.safely(session, func() (err error) {
		res.member, welcome, err = x.rooms.Join(ctx, JoinRequest{
			Claims: claims, Hello: &Hello{Client: x.name, Offer: &Offer{Rev: 1, SDP: offer}}, Session: session, Lines: x.lines,
		})
		return err
	})
	if err == nil && welcome.Answer == nil {
		res.member.Leave(LeaveLost)
		err = Errorf(CodeInternal, "the media side gave no answer")
	}
	if err != nil {
		session.abandon()
		return nil, nil, err
	}
	x.metrics.took(TypeHello, time.Since(start))
	return res, welcome, nil
}
