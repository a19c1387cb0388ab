package signaling

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	fromClient = "client"
	fromServer = "server"
)

// goldenLine is one line of a transcript in testdata/signaling; the README there describes it.
type goldenLine struct {
	Note  string          `json:"note"`
	From  string          `json:"from"`
	Frame json.RawMessage `json:"frame"`
	Text  string          `json:"text"`
	Close int             `json:"close"`

	file string
}

// request is the frame as a request.
func (l *goldenLine) request(t testing.TB) *Request {
	r := new(Request)
	strictly(t, l.Frame, r)
	return r
}

// golden returns the transcripts by name.
func golden(t testing.TB) map[string][]*goldenLine {
	t.Helper()
	files, err := filepath.Glob("../../testdata/signaling/*.jsonl")
	if err != nil || len(files) < 5 {
		t.Fatalf("the transcripts are not there: %v, %v", files, err)
	}
	all := make(map[string][]*goldenLine)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for sc := bufio.NewScanner(bytes.NewReader(text)); sc.Scan(); {
			l := &goldenLine{file: filepath.Base(name)}
			strictly(t, sc.Bytes(), l)
			all[l.file] = append(all[l.file], l)
		}
	}
	return all
}

// goldenLines returns the lines of all transcripts.
func goldenLines(t testing.TB) []*goldenLine {
	var all []*goldenLine
	for _, lines := range golden(t) {
		all = append(all, lines...)
	}
	return all
}

// strictly decodes JSON that may hold no unknown member.
func strictly(t testing.TB, text []byte, v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// TestTranscripts replays the golden transcripts against a server over TCP. The media side is the transcript itself: it
// answers each request with the response that is written there.
func TestTranscripts(t *testing.T) {
	for name, lines := range golden(t) {
		t.Run(name, func(t *testing.T) {
			script := &script{t: t, lines: lines}
			s := newTCPSite(t, script)
			w := s.connect("127.0.0.1")
			if err := w.ws.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				script.play(w, l)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// script is a Rooms and a Member that act a transcript.
type script struct {
	t       *testing.T
	lines   []*goldenLine
	session *Session // once Join was called; a response is read between that and its use
	failed  bool     // the server has told an error that closes
}

// play sends a line of the client, or expects one of the server after it had the media side push it if it is an event.
func (s *script) play(w *wire, l *goldenLine) {
	switch {
	case l.From == fromClient && l.Frame != nil:
		w.send(s.fill(string(l.Frame)))
	case l.From == fromClient:
		w.send(l.Text)
	case l.Close != 0:
		if f := w.next(); f.close == nil || f.close.Code != l.Close {
			s.t.Errorf("got %s, want the close frame %d", f, l.Close)
		}
	case l.From == fromServer:
		s.push(l)
		f := w.next()
		if f.close != nil || !sameJSON(s.t, []byte(s.unfill(f.raw)), l.Frame) {
			s.t.Errorf("got  %s\nwant %s", f, l.Frame)
		}
	}
}

// push sends an event as the media side does.
func (s *script) push(l *goldenLine) {
	var f frame
	if err := json.Unmarshal(l.Frame, &f); err != nil {
		s.t.Fatal(err)
	}
	if f.Re != nil {
		s.failed = s.failed || f.code() != "" && f.code().row().close != 0 || f.code() == CodeRoomFull
		return
	}
	v := goType(f.T)
	strictly(s.t, f.D, v)
	switch {
	case f.T == TypeSessionClosing && s.failed: // the server says so by itself
	case f.T == TypeSessionClosing:
		c := v.(*SessionClosing)
		s.session.Close(CloseCode(c.Code), c.Reason)
	case f.R != 0:
		text, err := EncodeRoomEvent(f.T, f.R, v)
		if err != nil {
			s.t.Fatal(err)
		}
		s.session.RoomEvents(text)
	case f.T == TypeSlots:
		s.session.State("slots", f.T, v)
	case f.S != 0:
		s.session.Event(f.T, v)
	default:
		s.session.Ephemeral(f.T, f.T, v)
	}
}

func (s *script) fill(text string) string {
	expired, err := testKeys().Mint("k1", Claims{Identity: "ann", Room: "garden", Expires: time.Now().Add(-time.Minute)})
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.NewReplacer("{token}", testToken(s.t, "garden", "ann"), "{expired}", expired).Replace(text)
}

func (s *script) unfill(text string) string {
	if s.session == nil {
		return text
	}
	return strings.ReplaceAll(text, s.session.ID(), "{session}")
}

// sameJSON reports whether two texts are the same JSON value.
func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		t.Fatalf("not JSON: %s or %s", a, b)
	}
	return reflect.DeepEqual(x, y)
}

// answer checks that v is what a request of the transcript says, and fills in the response that stands behind it.
func (s *script) answer(typ string, v, response any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	for i, l := range s.lines {
		if l.From != fromClient || l.Frame == nil {
			continue
		}
		r := l.request(s.t)
		if r.Type != typ || !sameJSON(s.t, []byte(s.fillOnce(r.Data)), data) {
			continue
		}
		for _, l := range s.lines[i+1:] {
			var f frame
			if l.Frame != nil && json.Unmarshal(l.Frame, &f) == nil && f.Re != nil && *f.Re == r.ID {
				return respondAs(&f, response)
			}
		}
	}
	s.t.Errorf("the media side got a %s that nobody sent: %s", typ, data)
	return fmt.Errorf("no such request")
}

// fillOnce puts the token of Hello into data that hold {token}.
func (s *script) fillOnce(data json.RawMessage) string {
	return strings.ReplaceAll(string(data), "{token}", "verified")
}

// respondAs decodes the data of a response, or makes the error of an err.
func respondAs(f *frame, response any) error {
	if f.T != TypeErr {
		if response == nil {
			return nil
		}
		return json.Unmarshal(f.D, response)
	}
	var b ErrorBody
	if err := json.Unmarshal(f.D, &b); err != nil {
		return err
	}
	detail := strings.TrimPrefix(strings.TrimPrefix(b.Msg, Code(b.Code).row().msg), ": ")
	return &Error{Code: Code(b.Code), Detail: detail, RetryAfter: time.Duration(b.RetryAfterMs) * time.Millisecond}
}

func (s *script) Join(_ context.Context, r JoinRequest) (Member, *Welcome, error) {
	s.session = r.Session
	h := *r.Hello
	h.Token = "verified"
	var w Welcome
	if err := s.answer(TypeHello, h, &w); err != nil {
		return nil, nil, err
	}
	return s, &w, nil
}

func (s *script) Offer(_ context.Context, o *Offer) (*OfferOK, error) {
	var ok OfferOK
	return &ok, s.answer(TypeOffer, o, &ok)
}

func (s *script) Publish(_ context.Context, p *Publish) (*PublishOK, error) {
	var ok PublishOK
	return &ok, s.answer(TypePublish, p, &ok)
}

func (s *script) Unpublish(_ context.Context, u *Unpublish) error {
	return s.answer(TypeUnpublish, u, nil)
}

func (s *script) UpdatePublication(_ context.Context, u *PublicationUpdate) error {
	return s.answer(TypePublicationUpdate, u, nil)
}

func (s *script) View(_ context.Context, v *View) (*ViewOK, error) {
	var ok ViewOK
	return &ok, s.answer(TypeView, v, &ok)
}

func (s *script) Message(_ context.Context, m *Message) error { return s.answer(TypeMessage, m, nil) }

func (s *script) Leave(string) {}

func TestTranscriptsCoverTheProtocol(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range goldenLines(t) {
		var f frame
		if l.Frame != nil && json.Unmarshal(l.Frame, &f) == nil {
			seen[f.T] = true
		}
	}
	for _, typ := range append(requestTypes, eventTypes...) {
		if !seen[typ] {
			t.Errorf("no transcript shows %s", typ)
		}
	}
}
