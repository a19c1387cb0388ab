package signaling

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

const stays = 0 // the websocket stays open

// badInput is what a joined participant may send, and what comes of it.
var badInput = []struct {
	name  string
	text  string
	code  Code
	close CloseCode
}{
	{"nothing", ``, CodeMalformed, CloseProtocol},
	{"not JSON", `hello?`, CodeMalformed, CloseProtocol},
	{"cut short", `{"t":"ping","id":2,"d":{"n"`, CodeMalformed, CloseProtocol},
	{"two objects", `{"t":"ping","id":2,"d":{"n":1}}{}`, CodeMalformed, CloseProtocol},
	{"an array", `[]`, CodeMalformed, CloseProtocol},
	{"null", `null`, CodeMalformed, CloseProtocol},
	{"a number", `7`, CodeMalformed, CloseProtocol},
	{"not UTF-8", "{\"t\":\"ping\",\"id\":2,\"d\":{\"n\":1,\"x\":\"\xff\"}}", CodeMalformed, CloseProtocol},
	{"no type", `{"id":2}`, CodeMalformed, CloseProtocol},
	{"no id", `{"t":"ping","d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"id 0", `{"t":"ping","id":0,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"negative id", `{"t":"ping","id":-2,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"fraction as id", `{"t":"ping","id":2.5,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"huge id", `{"t":"ping","id":99999999999999999999,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"id past 2^53", `{"t":"ping","id":9007199254740992,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"id as text", `{"t":"ping","id":"2","d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"type as number", `{"t":2,"id":2}`, CodeMalformed, CloseProtocol},
	{"type null", `{"t":null,"id":2}`, CodeMalformed, CloseProtocol},
	{"long type", `{"t":"` + strings.Repeat("x", 65) + `","id":2}`, CodeMalformed, CloseProtocol},
	{"type in capitals", `{"T":"ping","id":2,"d":{"n":1}}`, CodeMalformed, CloseProtocol},
	{"type twice", `{"t":"ping","t":"leave","id":2}`, CodeMalformed, CloseProtocol},
	{"data twice", `{"t":"ping","id":2,"d":{"n":1},"d":{"n":2}}`, CodeMalformed, CloseProtocol},
	{"long ack", `{"t":"ping","id":2,"d":{"n":1},"a":[1,2,3]}`, CodeMalformed, CloseProtocol},
	{"ack of text", `{"t":"ping","id":2,"d":{"n":1},"a":["1"]}`, CodeMalformed, CloseProtocol},
	{"deep", `{"t":"message","id":2,"d":{"body":` + nested(15) + `}}`, CodeMalformed, CloseProtocol},
	{"very deep", nested(100_000), CodeMalformed, CloseProtocol},
	{"too long", `{"t":"message","id":2,"d":{"body":"` + strings.Repeat("x", maxFrameAfter) + `"}}`, CodeTooLarge, CloseProtocol},
	{"hello again", `{"t":"hello","id":2,"d":{"token":"x"}}`, CodeOrder, CloseProtocol},

	{"unknown type", `{"t":"dance","id":2}`, CodeUnknown, stays},
	{"type with a newline", `{"t":"x\ny","id":2}`, CodeUnknown, stays},
	{"an event's type", `{"t":"slots","id":2,"d":{}}`, CodeUnknown, stays},
	{"no data", `{"t":"publish","id":2}`, CodeInvalid, stays},
	{"data null", `{"t":"ping","id":2,"d":null}`, CodeInvalid, stays},
	{"data an array", `{"t":"ping","id":2,"d":[]}`, CodeInvalid, stays},
	{"data a text", `{"t":"ping","id":2,"d":"x"}`, CodeInvalid, stays},
	{"missing field", `{"t":"view","id":2,"d":{"rev":1}}`, CodeInvalid, stays},
	{"field null", `{"t":"view","id":2,"d":{"rev":1,"items":null}}`, CodeInvalid, stays},
	{"field of the wrong type", `{"t":"view","id":2,"d":{"rev":1,"items":{}}}`, CodeInvalid, stays},
	{"negative number", `{"t":"view","id":2,"d":{"rev":1,"items":[{"width":-1}]}}`, CodeInvalid, stays},
	{"number too big", `{"t":"view","id":2,"d":{"rev":1,"items":[{"width":65536}]}}`, CodeInvalid, stays},
	{"fraction", `{"t":"view","id":2,"d":{"rev":1.5,"items":[]}}`, CodeInvalid, stays},
	{"bool as number", `{"t":"publication.update","id":2,"d":{"publication":"p","muted":1}}`, CodeInvalid, stays},
	{"too many elements", `{"t":"view","id":2,"d":{"rev":1,"items":[` + strings.Repeat("{},", 512) + `{}]}}`, CodeInvalid, stays},
	{"empty text", `{"t":"unpublish","id":2,"d":{"publication":""}}`, CodeInvalid, stays},
	{"long text", `{"t":"unpublish","id":2,"d":{"publication":"` + strings.Repeat("ü", 33) + `"}}`, CodeInvalid, stays},
	{"unknown source", `{"t":"publish","id":2,"d":{"cid":"a","source":"nose","kind":"video","mid":"0","rev":1,"sdp":"v"}}`, CodeInvalid, stays},
	{"field in capitals", `{"t":"ping","id":2,"d":{"n":1,"N":2}}`, CodeInvalid, stays},
	{"field twice", `{"t":"ping","id":2,"d":{"n":1,"n":2}}`, CodeInvalid, stays},
	{"body too long", `{"t":"message","id":2,"d":{"body":"` + strings.Repeat("x", 16<<10) + `"}}`, CodeInvalid, stays},
	{"no body", `{"t":"message","id":2,"d":{"topic":"x"}}`, CodeInvalid, stays},
	{"media side says no", `{"t":"publication.update","id":2,"d":{"publication":"x"}}`, CodePublicationUnknown, stays},
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestBadInput(t *testing.T) {
	for _, c := range badInput {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, newHall())
				bystander, w := s.join("ann"), s.join("bob")
				w.send(c.text)
				if c.close == stays {
					f := w.next()
					if f.code() != c.code || *f.Re != 2 {
						t.Errorf("got %s, want %s", f, c.code)
					}
					w.id = 2
					if f := w.response(w.request(TypePing, Ping{1})); f.T != TypeOK {
						t.Errorf("the next request got %s", f)
					}
				} else if code, closed := w.ending(); code != c.code || closed != int(c.close) {
					t.Errorf("got %s and %d, want %s and %d", code, closed, c.code, c.close)
				}
				if got := s.metric("errors_total", string(c.code)); got != 1 {
					t.Errorf("%v errors are counted", got)
				}
				if f := bystander.response(bystander.request(TypePing, Ping{1})); f.T != TypeOK {
					t.Errorf("the bystander got %s", f)
				}
				for _, l := range s.logs.All() {
					if strings.ContainsAny(l.Message, "\n\r") || len(l.Message) > 100 {
						t.Errorf("a log message holds text from the wire: %q", l.Message)
					}
				}
			})
		})
	}
}

func TestBinaryMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		if err := w.ws.WriteMessage(websocket.BinaryMessage, []byte(`{"t":"ping","id":2,"d":{"n":1}}`)); err != nil {
			t.Fatal(err)
		}
		if code, closed := w.ending(); code != CodeMalformed || closed != int(CloseProtocol) {
			t.Errorf("got %s and %d", code, closed)
		}
	})
}

// Errors of the websocket framing itself are answered by the websocket package; nobody else notices.
func TestBrokenFrames(t *testing.T) {
	for _, bytes := range []string{"\xff\xff\xff\xff", "\x81\x05hello", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x89\xfe\x01\x00"} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(t, newHall())
			bystander, w := s.join("ann"), s.join("bob")
			if _, err := w.ws.NetConn().Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			if f := w.next(); f.close == nil {
				t.Errorf("%q got %s", bytes, f)
			}
			if f := bystander.response(bystander.request(TypePing, Ping{1})); f.T != TypeOK {
				t.Errorf("the bystander got %s", f)
			}
		})
	}
}

// 16 levels are allowed, 17 are not.
func TestDepth(t *testing.T) {
	d := newDecoder()
	for n, want := range map[int]bool{maxDepth - 2: true, maxDepth - 1: false} {
		_, err := d.request([]byte(`{"t":"message","id":2,"d":{"body":` + nested(n) + `}}`))
		if (err == nil) != want {
			t.Errorf("%d levels: %v", n+2, err)
		}
	}
	if !shallow([]byte(`{"x":"` + strings.Repeat(`[\"`, 100) + `"}`)) {
		t.Error("brackets in a text count as nesting")
	}
}

func TestRepeatedIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.connect("192.0.2.1")
		hello := fmt.Sprintf(`{"t":"hello","id":1,"d":{"token":%q}}`, testToken(t, "r", "ann"))
		w.send(hello)
		welcome := w.next()
		w.send(hello)
		if f := w.next(); f.raw != welcome.raw {
			t.Errorf("the repeated hello got %s", f)
		}
		w.send(`{"t":"ping","id":5,"d":{"n":1}}`)
		first := w.next()
		w.send(`{"t":"ping","id":5,"d":{"n":2}}`) // another request with the same id: still the first response
		if f := w.next(); f.raw != first.raw {
			t.Errorf("the repeated ping got %s instead of %s", f, first)
		}
		w.send(`{"t":"dance","id":6}`)
		refused := w.next()
		w.send(`{"t":"dance","id":6}`)
		if f := w.next(); f.raw != refused.raw || f.code() != CodeUnknown {
			t.Errorf("the repeated error got %s instead of %s", f, refused)
		}
		if len(s.hall.members) != 1 {
			t.Errorf("the repeated hello joined again: %d members", len(s.hall.members))
		}
		w.send(`{"t":"ping","id":3,"d":{"n":1}}`)
		if code, closed := w.ending(); code != CodeOrder || closed != int(CloseProtocol) {
			t.Errorf("an id that was passed over got %s and %d", code, closed)
		}
	})
}

func TestForgottenIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		for range maxReplies + 1 {
			w.response(w.request(TypePing, Ping{1}))
			time.Sleep(20 * time.Millisecond)
		}
		w.send(`{"t":"ping","id":3,"d":{"n":1}}`)
		if f := w.next(); f.T != TypeOK || *f.Re != 3 {
			t.Errorf("the oldest that is kept got %s", f)
		}
		w.send(`{"t":"ping","id":2,"d":{"n":1}}`)
		if code, _ := w.ending(); code != CodeOrder {
			t.Errorf("one that is forgotten got %s", code)
		}
	})
}

// A message that just fits is taken, one byte more is not.
func TestLengthLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		for extra, want := range map[int]Code{0: "", 1: CodeTooLarge} {
			w := s.join(fmt.Sprint("p", extra))
			text := `{"t":"ping","id":2,"d":{"n":1}}`
			w.send(text + strings.Repeat(" ", maxFrameAfter-len(text)+extra))
			if f := w.next(); f.code() != want {
				t.Errorf("%d bytes got %s", maxFrameAfter+extra, f)
			}
		}
	})
}

// A decoder allocates no more than 64 times the input, whatever the input.
func TestDecoderMemory(t *testing.T) {
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (maxFrameAfter-len(head)-len(tail))/len(part)) + tail
	}
	inputs := map[string]string{
		"empty items":      fill(`{"t":"view","id":2,"d":{"rev":1,"items":[`, `{},`, `{}]}}`),
		"empty slots":      fill(`{"t":"offer","id":2,"d":{"rev":1,"sdp":"v","slots":[`, `{},`, `{}]}}`),
		"empty offers":     fill(`{"t":"hello","id":2,"d":{"token":"x","publications":[`, `{},`, `{}]}}`),
		"unknown members":  fill(`{"t":"ping","id":2,"d":{"n":1`, `,"":0`, `}}`),
		"unknown envelope": fill(`{"t":"ping","id":2,"d":{"n":1}`, `,"":0`, `}`),
		"lists in a body":  fill(`{"t":"message","id":2,"d":{"body":[`, `[],`, `0]}}`),
		"strings":          fill(`{"t":"hello","id":2,"d":{"token":"x","caps":[`, `"",`, `""]}}`),
		"escapes":          fill(`{"t":"offer","id":2,"d":{"rev":1,"sdp":"`, `\u00ff`, `"}}`),
		"twice":            fill(`{"t":"view","id":2,"d":{"rev":1,"items":[`, `{},`, `{}],"items":[]}}`),
	}
	d := newDecoder()
	for name, in := range inputs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, _ = decodeAll(d, []byte(in)) // some are refused, some are not
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64*uint64(len(in)) {
			t.Errorf("%s: %d bytes are allocated for %d", name, got, len(in))
		} else {
			t.Logf("%s: %.1f bytes for each byte", name, float64(got)/float64(len(in)))
		}
	}
}

// decodeAll decodes a frame to the end, whatever its type.
func decodeAll(d *decoder, frame []byte) (*Request, any, error) {
	r, err := d.request(frame)
	if err != nil {
		return nil, nil, err
	}
	var v any
	switch r.Type {
	case TypeHello:
		v = new(Hello)
	case TypeOffer:
		v = new(Offer)
	case TypePublish:
		v = new(Publish)
	case TypeUnpublish:
		v = new(Unpublish)
	case TypePublicationUpdate:
		v = new(PublicationUpdate)
	case TypeView:
		v = new(View)
	case TypeMessage:
		v = new(Message)
	case TypePing:
		v = new(Ping)
	default:
		return r, nil, nil
	}
	return r, v, d.into(r, v)
}

func FuzzRequest(f *testing.F) {
	for _, c := range badInput {
		if len(c.text) < 2000 {
			f.Add([]byte(c.text))
		}
	}
	for _, l := range goldenLines(f) {
		if l.From == fromClient {
			f.Add([]byte(l.Frame))
		}
	}
	d := newDecoder()
	f.Fuzz(func(t *testing.T, frame []byte) {
		helloToken(frame)
		r, v, err := decodeAll(d, frame)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeMalformed && e.Code != CodeInvalid {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if r.ID == 0 || r.ID >= 1<<53 || len(r.Type) > 64 || len(r.Ack) > 2 {
			t.Fatalf("the request %+v was accepted", r)
		}
		if v == nil {
			return
		}
		// what was accepted is accepted again in the form that Go gives it
		data, err := encodeJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.data[r.Type].check("d", data); err != nil {
			t.Fatalf("%s was accepted, but is %s: %v", r.Data, data, err)
		}
	})
}
