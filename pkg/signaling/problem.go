package signaling

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// problem is an error of HTTP with a body of RFC 9457.
type problem struct {
	status        int
	title, detail string
	code          Code          // of the protocol; empty: the error is one of HTTP alone
	retry         time.Duration // 0: not told
}

// Error returns title and detail.
func (p *problem) Error() string { return p.title + ": " + p.detail }

// problemBody is the body of a refused request (RFC 9457, section 3.1).
type problemBody struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty"` // as in docs/protocol.md
}

// problemOf makes a problem of any error.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	e := classify(err)
	row := e.Code.row()
	p = &problem{status: row.code.httpStatus(), title: row.msg, detail: e.Detail, code: row.code, retry: e.RetryAfter}
	switch {
	case row.code == CodeInternal:
		p.detail = "" // it goes to the log only
	case row.code == CodeAuthMissing:
		p.title, p.detail = "the request carries no token", "send it as Authorization: Bearer TOKEN"
	}
	if p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests {
		p.retry = cmp.Or(p.retry, 2*time.Second)
	}
	return p
}

// httpStatus is the status that WHIP and WHEP answer with (RFC 9725, sections 4.2, 4.4.3, 4.5 and 4.7).
func (c Code) httpStatus() int {
	switch c {
	case CodeAuthMissing, CodeAuthExpired, CodeAuthForged, CodeAuthInvalid:
		return http.StatusUnauthorized
	case CodeAuthRoom, CodeForbiddenPublish, CodeForbiddenSubscribe:
		return http.StatusForbidden
	case CodeNegotiationUnusable:
		return http.StatusNotAcceptable
	case CodePublicationDuplicate, CodeNegotiationStale:
		return http.StatusConflict
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case CodeRateLimited:
		return http.StatusTooManyRequests
	case CodeRoomFull, CodeDraining:
		return http.StatusServiceUnavailable
	case CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// fail tells why a request was refused.
func (x *exchange) fail(w http.ResponseWriter, err error) {
	p := problemOf(err)
	if p.code != "" {
		x.metrics.err(p.code)
	}
	x.log.warn(x.name, "a request was refused", zap.Int("status", p.status), zap.String("title", p.title),
		zap.String("detail", shorten(err.Error(), maxLoggedText)))
	x.refuse(w, p)
}

// refuse answers with a problem.
func (x *exchange) refuse(w http.ResponseWriter, p *problem) {
	x.metrics.exchanged(x.name, p.status)
	h := w.Header()
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.retry.Seconds())+1))
	}
	switch {
	case p.code == CodeAuthMissing:
		h.Set("WWW-Authenticate", `Bearer realm="heliograph"`)
	case p.status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="heliograph", error="invalid_token"`)
	}
	h.Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(problemBody{Title: p.title, Status: p.status, Detail: p.detail, Code: string(p.code)}) // the client may be gone
}

// addLinks tells of STUN and TURN servers (RFC 9725, section 4.6).
func addLinks(h http.Header, s ICEServer) {
	for _, u := range s.URLs {
		link := "<" + u + `>; rel="ice-server"`
		if s.Username != "" {
			link += `; username=` + quoted(s.Username) + `; credential=` + quoted(s.Credential) + `; credential-type="password"`
		}
		h.Add("Link", link)
	}
}

// quoted is a quoted-string (RFC 9110, section 5.6.4).
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
