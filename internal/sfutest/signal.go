package sfutest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// RequestError is an err response.
type RequestError struct{ signaling.ErrorBody }

// Error returns code and message.
func (e *RequestError) Error() string { return e.Code + ": " + e.Msg }

// ErrClosed tells that the websocket is closed.
var ErrClosed = errors.New("websocket closed")

// signal is the client's end of the protocol: requests with their responses, and events in order.
type signal struct {
	// Fixed after construction.
	ws   *websocket.Conn
	conn *conn
	done chan struct{}   // closed when nothing more can be read
	on   func(*incoming) // takes every message that answers no request of ours

	writing chan struct{} // holds one token: a lock whose waiters do not stop the clock

	// Guarded by mu.
	mu      sync.Mutex
	lastID  uint64
	waiting map[uint64]chan *incoming
	code    int // of the close frame; 0: none came
}

// incoming is any message of the server.
type incoming struct {
	Type string          `json:"t"`
	Re   uint64          `json:"re"`
	R    uint64          `json:"r"`
	S    uint64          `json:"s"`
	Data json.RawMessage `json:"d"`
}

// dialSignal opens the websocket. Each event is given to on, one after another.
func dialSignal(ctx context.Context, w *World, l *Link, on func(*incoming)) (*signal, error) {
	s := &signal{done: make(chan struct{}), on: on, writing: make(chan struct{}, 1), waiting: map[uint64]chan *incoming{}}
	d := websocket.Dialer{
		Subprotocols: []string{signaling.Subprotocol},
		NetDialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := w.listener.dial(ctx, l, w.network.delay)
			s.conn = c
			return c, err
		},
	}
	ws, response, err := d.DialContext(ctx, "ws://sfu.test/v1/connect", http.Header{})
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, fmt.Errorf("open the websocket: %w", err)
	}
	s.ws = ws
	go s.read()
	return s, nil
}

func (s *signal) read() {
	defer close(s.done)
	for {
		_, text, err := s.ws.ReadMessage()
		if err != nil {
			s.ended(err)
			return
		}
		var m incoming
		if err := json.Unmarshal(text, &m); err != nil {
			continue // the schemas' own tests see to the wire format
		}
		s.mu.Lock()
		c := s.waiting[m.Re]
		delete(s.waiting, m.Re)
		s.mu.Unlock()
		if c != nil {
			c <- &m
		} else {
			s.on(&m)
		}
	}
}

func (s *signal) ended(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ce *websocket.CloseError
	if errors.As(err, &ce) {
		s.code = ce.Code
	}
	_ = s.ws.Close() // it is over either way
}

// closeCode is the code of the server's close frame, 0 if there was none so far.
func (s *signal) closeCode() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}

// send writes a request and returns where its response will come.
func (s *signal) send(typ string, d any) (<-chan *incoming, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", typ, err)
	}
	s.writing <- struct{}{}
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
	return c, s.write(text)
}

// write sends one text message. The caller holds the token of writing.
func (s *signal) write(text []byte) error {
	if err := s.ws.WriteMessage(websocket.TextMessage, text); err != nil {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return nil
}

// sendRaw writes any text as a message.
func (s *signal) sendRaw(text []byte) error {
	s.writing <- struct{}{}
	defer func() { <-s.writing }()
	return s.write(text)
}

// request sends a request and decodes its response into out, which may be nil. The error is a *RequestError if the server refused.
func (s *signal) request(ctx context.Context, typ string, d, out any) error {
	c, err := s.send(typ, d)
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
			return fmt.Errorf("%s: %w with code %d", typ, ErrClosed, s.closeCode())
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

// close says goodbye and waits for the server to close, at most 3 s.
func (s *signal) close() {
	deadline := time.Now().Add(3 * time.Second)
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
	_ = s.ws.SetReadDeadline(deadline)
	<-s.done
}

// cut ends the connection without a word.
func (s *signal) cut() {
	s.conn.reset()
	<-s.done
}
