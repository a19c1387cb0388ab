package sfutest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// StatusError is a refusal by HTTP.
type StatusError struct {
	Status int
	Header http.Header
	Body   string
}

// Error returns status and body.
func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Body) }

// request sends a request of HTTP from the host of the participant, on a connection of its own, and reads the response.
func (p *Participant) request(ctx context.Context, method, path, body string, change func(*http.Request)) (http.Header, string, error) {
	w := p.world
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return w.listener.dial(ctx, p.link, w.network.delay)
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, method, "http://sfu.test"+path, strings.NewReader(body))
	if err != nil {
		return nil, "", fmt.Errorf("make a request: %w", err)
	}
	token, err := w.token(p.identity, p.plan)
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/sdp")
	if change != nil {
		change(r)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, "", fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close() // read to its end
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = &StatusError{resp.StatusCode, resp.Header, string(b)}
	}
	return resp.Header, string(b), err
}

// exchange joins by one request with an offer, whose response has the answer: by WHIP or WHEP.
func (p *Participant) exchange(ctx context.Context, wanted []*wantedSlot, pubs []*Publication) error {
	offer, err := p.offer(wanted, pubs)
	if err != nil {
		return err
	}
	header, answer, err := p.request(ctx, http.MethodPost, "/v1/"+p.plan.Over+"/room", offer.SDP, nil)
	if err != nil {
		return err
	}
	if p.resource = header.Get("Location"); p.resource == "" || header.Get("Content-Type") != "application/sdp" {
		return errors.New("the response names no session, or has no SDP")
	}
	for _, pub := range pubs {
		pub.offer() // which learns the mid
	}
	if err := p.answered(&signaling.Answer{Rev: offer.Rev, SDP: answer}); err != nil {
		return err
	}
	for _, pub := range pubs {
		pub.start()
	}
	return nil
}

// endExchange deletes the session that exchange began.
func (p *Participant) endExchange(ctx context.Context) error {
	_, _, err := p.request(ctx, http.MethodDelete, p.resource, "", nil)
	return err
}
