package client

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// told is a participant that has read messages of the server.
func told(t testing.TB, messages ...string) (*Participant, *[]Event) {
	t.Helper()
	events := &[]Event{}
	p := newParticipant(Config{Slots: Slots{Fixed: true}, OnEvent: func(e Event) { *events = append(*events, e) }})
	for _, text := range messages {
		var m incoming
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		p.take(&m)
	}
	return p, events
}

const welcome = `{"t":"welcome","re":1,"d":{"participant":"p1","log":{"id":"x","r":7},"participants":[{"id":"p1","identity":"bot","publications":[]}]}}`

func TestRosterFollowsEvents(t *testing.T) {
	p, events := told(t,
		`{"t":"participant.joined","r":6,"d":{"participant":{"id":"p0","identity":"early","publications":[]}}}`, // no welcome yet
		welcome,
		`{"t":"participant.joined","r":7,"d":{"participant":{"id":"p0","identity":"seen","publications":[]}}}`,
		`{"t":"participant.joined","r":8,"d":{"participant":{"id":"p2","identity":"ann","publications":[]}}}`,
		`{"t":"participant.joined","r":9,"d":{"participant":{"id":"p3","identity":"bob","publications":[]}}}`,
		`{"t":"publication.added","r":10,"d":{"publication":{"id":"a","participant":"p2","source":"camera","kind":"video"}}}`,
		`{"t":"publication.added","r":11,"d":{"publication":{"id":"b","participant":"p2","source":"microphone","kind":"audio"}}}`,
		`{"t":"publication.updated","r":12,"d":{"publication":{"id":"a","participant":"p2","muted":true}}}`,
		`{"t":"publication.updated","r":12,"d":{"publication":{"id":"a","participant":"p2","muted":false}}}`, // again
		`{"t":"publication.removed","r":13,"d":{"publication":"b","participant":"p2"}}`,
		`{"t":"publication.added","r":14,"d":{"publication":{"id":"c","participant":"nobody"}}}`,
		`{"t":"participant.left","r":15,"d":{"participant":"p3","reason":"left"}}`,
		`{"t":"slots","s":1,"d":{"rev":5,"slots":[{"mid":"0","kind":"video","state":"live","csrc":9}]}}`,
		`{"t":"slots","s":2,"d":{"rev":4,"slots":[{"mid":"0","kind":"video","state":"idle"}]}}`,
		`{"t":"of.tomorrow","r":16,"d":{}}`,
		`{"t":"slots","s":3,"d":[]}`,
	)
	all := p.Participants()
	if len(all) != 2 || all[1].Identity != "ann" || len(all[1].Publications) != 1 || !all[1].Publications[0].Muted {
		t.Errorf("%+v", all)
	}
	if s := p.roster.slots["0"]; s.CSRC != 9 || s.State != signaling.SlotLive {
		t.Errorf("%+v", s)
	}
	if p.roster.r != 16 || p.roster.s != 3 || len(*events) != 10 {
		t.Errorf("r %d, s %d, %d events", p.roster.r, p.roster.s, len(*events))
	}
}

// FuzzTake: no message of a server makes a participant panic.
func FuzzTake(f *testing.F) {
	for _, typ := range []string{
		"welcome", "participant.joined", "participant.left", "publication.added", "publication.removed", "slots", "offer.wanted", "publication.encodings", "speakers",
		"message", "session.closing", "x",
	} {
		f.Add(typ, uint64(9), `{"participant":{"id":"p2"},"publication":{"id":"a","participant":"p1"},"slots":[{"mid":"0"}],"rev":1}`)
		f.Add(typ, uint64(9), `null`)
	}
	f.Fuzz(func(t *testing.T, typ string, number uint64, data string) {
		if !json.Valid([]byte(data)) {
			return
		}
		p, _ := told(t)
		for range 2 {
			p.take(&incoming{Type: typ, R: number, Data: json.RawMessage(data)})
			p.take(&incoming{Type: signaling.TypeWelcome, Data: json.RawMessage(data)})
			p.take(&incoming{Type: typ, S: number, Data: json.RawMessage(data)})
		}
		p.Participants()
	})
}

// FuzzParseAddress: what is taken has a host and the paths of a server.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{"http://localhost:8080/r/hello", "wss://h/v1/connect", "ws://[::1]", "https://h/a/r/b/r/c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err != nil {
			return
		}
		if w := a.websocket(); !strings.HasPrefix(w, "ws://") && !strings.HasPrefix(w, "wss://") || !strings.HasSuffix(w, connectPath) || a.web.Host == "" {
			t.Errorf("%q became %q", text, w)
		}
	})
}
