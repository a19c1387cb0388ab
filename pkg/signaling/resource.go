package signaling

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// resource is a session that WHIP or WHEP began. It lives until it is deleted, its media dies or the server closes.
type resource struct {
	// fixed after construction
	exchange *exchange
	id       string // in its URL; not to be guessed
	room     string
	identity string
	session  *Session
	member   Member
	token    *tokenSum     // nil: a guest's
	ended    chan struct{} // closed when the participant has left

	left atomic.Bool // by a request
}

// tokenSum stands for a token, which is not kept.
type tokenSum [sha256.Size]byte

func sumOf(token string) *tokenSum {
	s := tokenSum(sha256.Sum256([]byte(token)))
	return &s
}

// resources finds a resource by its id.
type resources struct {
	mu   sync.Mutex
	byID map[string]*resource
}

// add makes the resource one that can be found, and that ends with its session.
func (t *resources) add(r *resource) {
	t.mu.Lock()
	if t.byID == nil {
		t.byID = map[string]*resource{}
	}
	t.byID[r.id] = r
	t.mu.Unlock()
	r.exchange.metrics.sessions.Inc()
	r.exchange.add(r.session) // closes it if the server has begun to
	context.AfterFunc(r.session.ctx, r.end)
}

func (t *resources) find(id string) *resource {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

func (t *resources) remove(r *resource) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byID, r.id)
}

// end is the last of a resource, in a goroutine of its own that Server.Close waits for.
func (r *resource) end() {
	x := r.exchange
	defer x.remove(r.session)
	defer close(r.ended)
	x.resources.remove(r)
	x.metrics.sessions.Dec()
	reason := LeaveLost
	if r.left.Load() {
		reason = LeaveLeft
	}
	_ = x.safely(r.session, func() error { // a panic was counted and logged; there is nobody left to tell
		r.member.Leave(reason)
		return nil
	})
	r.session.abandon()
}

// mine finds the resource that a request names, if its sender may: with the token that began it, which may have expired since, or
// another valid one of the same identity.
func (x *exchange) mine(r *http.Request) (*resource, error) {
	res := x.resources.find(r.PathValue("session"))
	if res == nil || res.exchange != x || res.room != r.PathValue("room") {
		return nil, &problem{status: http.StatusNotFound, title: "there is no such session", detail: "it has ended, or its media was lost"}
	}
	if res.token == nil {
		return res, nil
	}
	token, _ := bearer(r)
	if subtle.ConstantTimeCompare(res.token[:], sumOf(token)[:]) == 1 {
		return res, nil
	}
	claims, err := x.keys.Verify(token, time.Now())
	if err != nil {
		return nil, err
	}
	if _, err := claims.room(res.room); err != nil {
		return nil, err
	}
	if claims.Identity != res.identity {
		return nil, &problem{status: http.StatusForbidden, title: "the session is of another identity", detail: "use the token that began it"}
	}
	return res, nil
}

// end ends a session, and answers when its participant has left (RFC 9725, section 4.2).
func (x *exchange) end(w http.ResponseWriter, r *http.Request) {
	res, err := x.mine(r)
	if err != nil {
		x.fail(w, err)
		return
	}
	res.left.Store(true)
	res.session.Close(CloseNormal, "")
	select {
	case <-res.ended:
	case <-r.Context().Done():
	}
	x.metrics.exchanged(x.name, http.StatusOK)
	w.WriteHeader(http.StatusOK)
}

// look tells whether a session is there.
func (x *exchange) look(w http.ResponseWriter, r *http.Request) {
	if _, err := x.mine(r); err != nil {
		x.fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
