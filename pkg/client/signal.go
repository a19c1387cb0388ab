package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// RequestError is an err response of the server. Its Code is one of the table in docs/protocol.md.
type RequestError struct{ signaling.ErrorBody }

// Error returns code and message.
func (e *RequestError) Error() string { return e.Code + ": " + e.Msg }

// ClosedError tells that the server closed the websocket. Its hundreds tell what to do, see docs/protocol.md.
type ClosedError struct {
	Code   signaling.CloseCode
	Reason string
}

// Error returns code and reason.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("the server closed with %d: %s", e.Code, e.Reason)
}

// ErrLost tells that the websocket or the media transport broke, or that the server was not heard for too long.
var ErrLost = errors.New("the connection was lost")

const (
	writeTimeout   = 5 * time.Second
	goodbyeTimeout = 2 * time.Second
	maxMessage     = 16 << 20 // bytes: a roster of thousands
)

// incoming is any message of the server.
type incoming struct {
	Type string          `json:"t"`
	Re   uint64          `json:"re"`
	R    uint64          `json:"r"`
	S    uint64          `json:"s"`
	Data json.RawMessage `json:"d"`
}

// signal is the client's end of the protocol: requests with their responses, and events in order.
type signal struct {
	// Fixed after construction.
	ws    *websocket.Conn
	on    func(*incoming) // takes the welcome, and every message that answers no request of ours
	done  chan struct{}   // closed when nothing more can be read
	start time.Time

	writing chan struct{} // holds one token: a lock that can be waited for with a context

	// Guarded by mu.
	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan *incoming
	err     error // why it ended

	// Atomic.
	heard atomic.Int64 // when something was read last: a time.Duration since start
}

// dialSignal opens the websocket. run must be called then.
func dialSignal(ctx context.Context, d *dialing, url string, on func(*incoming)) (*signal, error) {
	s := &signal{done: make(chan struct{}), on: on, start: time.Now(), writing: make(chan struct{}, 1), waiting: map[uint64]chan *incoming{}}
	dialer := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, NetDialContext: d.dial, TLSClientConfig: d.tls}
	ws, response, err := dialer.DialContext(ctx, url, nil)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, fmt.Errorf("open the websocket %s: %w", url, err)
	}
	ws.SetReadLimit(maxMessage)
	s.ws = ws
	return s, nil
}

// run reads until the websocket ends.
func (s *signal) run() {
	defer close(s.done)
	for {
		_, text, err := s.ws.ReadMessage()
		if err != nil {
			s.ended(err)
			return
		}
		s.heard.Store(int64(time.Since(s.start)))
		var m incoming
		if err := json.Unmarshal(text, &m); err != nil {
			continue // unknown shapes are for later versions
		}
		s.mu.Lock()
		c := s.waiting[m.Re]
		delete(s.waiting, m.Re)
		s.mu.Unlock()
		if c == nil || m.Type == signaling.TypeWelcome {
			s.on(&m) // the welcome before the events that follow it
		}
		if c != nil {
			c <- &m
		}
	}
}

func (s *signal) ended(err error) {
	_ = s.ws.Close() // it is over either way
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = fmt.Errorf("%w: %w", ErrLost, err)
	var ce *websocket.CloseError
	if errors.As(err, &ce) && ce.Code != websocket.CloseAbnormalClosure {
		s.err = &ClosedError{Code: signaling.CloseCode(ce.Code), Reason: ce.Text}
	}
}

// why is the reason of the end.
func (s *signal) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// silent is for how long nothing was heard.
func (s *signal) silent() time.Duration { return time.Since(s.start) - time.Duration(s.heard.Load()) }

// send writes a request and returns where its response will come.
func (s *signal) send(ctx context.Context, typ string, d any) (<-chan *incoming, error) {
	var data json.RawMessage
	if d != nil {
		var err error
		if data, err = json.Marshal(d); err != nil {
			return nil, fmt.Errorf("encode %s: %w", typ, err)
		}
	}
	select {
	case s.writing <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", typ, ctx.Err())
	}
	defer func() { <-s.writing }()
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	c := make(chan *incoming, 1)
	s.waiting[id] = c
	s.mu.Unlock()
	text, err := json.Marshal(signaling.Request{Type: typ, ID: id, Data: data})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", typ, err)
	}
	if err := s.ws.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", typ, ErrLost, err)
	}
	if err := s.ws.WriteMessage(websocket.TextMessage, text); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", typ, ErrLost, err)
	}
	return c, nil
}

// request sends a request and decodes its response into out, which may be nil. The error wraps a *RequestError if the server refused.
func (s *signal) request(ctx context.Context, typ string, d, out any) error {
	c, err := s.send(ctx, typ, d)
	if err != nil {
		return err
	}
	var m *incoming
	select {
	case m = <-c:
	case <-s.done:
		select {
		case m = <-c: // it came just before the end
		default:
			return fmt.Errorf("%s: %w", typ, s.why())
		}
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", typ, ctx.Err())
	}
	if m.Type == signaling.TypeErr {
		e := &RequestError{}
		if err := json.Unmarshal(m.Data, &e.ErrorBody); err != nil {
			return fmt.Errorf("decode the error of %s: %w", typ, err)
		}
		return fmt.Errorf("%s: %w", typ, e)
	}
	if out == nil || len(m.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(m.Data, out); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", typ, err)
	}
	return nil
}

// awaitEnd waits for the server to close after a leave.
func (s *signal) awaitEnd(ctx context.Context) {
	t := time.NewTimer(goodbyeTimeout)
	defer t.Stop()
	select {
	case <-s.done:
	case <-t.C:
	case <-ctx.Done():
	}
}
