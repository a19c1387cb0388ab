package signaling

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// wire is the participant's side of a websocket.
type wire struct {
	t  testing.TB
	ws *websocket.Conn
	id int
}

// frame is any message of the server.
type frame struct {
	T  string          `json:"t"`
	Re *uint64         `json:"re"`
	R  uint64          `json:"r"`
	S  uint64          `json:"s"`
	D  json.RawMessage `json:"d"`

	raw   string
	close *websocket.CloseError
}

func (f *frame) String() string {
	if f.close != nil {
		return f.close.Error()
	}
	return f.raw
}

// code returns the code of an err.
func (f *frame) code() Code {
	var b ErrorBody
	if f.T != TypeErr || json.Unmarshal(f.D, &b) != nil {
		return ""
	}
	return Code(b.Code)
}

func (w *wire) hello(token string) { w.request(TypeHello, Hello{Token: token}) }

// request sends a request with the next id and returns the id.
func (w *wire) request(typ string, d any) uint64 {
	w.t.Helper()
	w.id++
	data, err := json.Marshal(d)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := json.Marshal(Request{Type: typ, ID: uint64(w.id), Data: data})
	if err != nil {
		w.t.Fatal(err)
	}
	w.send(string(text))
	return uint64(w.id)
}

// send sends a text message as it is. An error is not one of the test's: the server may have closed.
func (w *wire) send(text string) { _ = w.ws.WriteMessage(websocket.TextMessage, []byte(text)) }

// next returns the next message, or the close frame; any other end of the websocket is an abnormal close.
func (w *wire) next() *frame {
	w.t.Helper()
	_, text, err := w.ws.ReadMessage()
	var ce *websocket.CloseError
	switch {
	case errors.As(err, &ce):
		return &frame{close: ce}
	case err != nil:
		return &frame{close: &websocket.CloseError{Code: websocket.CloseAbnormalClosure, Text: err.Error()}}
	}
	f := &frame{raw: string(text)}
	if err := json.Unmarshal(text, f); err != nil {
		w.t.Fatalf("the server sent %q: %v", text, err)
	}
	return f
}

// response returns the response to the request id and passes over events.
func (w *wire) response(id uint64) *frame {
	w.t.Helper()
	for {
		f := w.next()
		if f.close != nil || f.Re != nil && *f.Re == id {
			return f
		}
	}
}

// ending reads to the end, for a minute at most, and returns the last err, if any, and the close frame. Both
// session.closing and the frame must name the same code.
func (w *wire) ending() (Code, int) {
	w.t.Helper()
	if err := w.ws.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		w.t.Fatal(err)
	}
	var code Code
	closing := 0
	for {
		f := w.next()
		if f.close != nil {
			if closing != 0 && f.close.Code != closing {
				w.t.Errorf("session.closing said %d, the close frame %d", closing, f.close.Code)
			}
			return code, f.close.Code
		}
		if c := f.code(); c != "" {
			code = c
		}
		if f.T == TypeSessionClosing {
			var c SessionClosing
			if err := json.Unmarshal(f.D, &c); err != nil {
				w.t.Fatal(err)
			}
			closing = c.Code
		}
	}
}
