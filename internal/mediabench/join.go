package mediabench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// joiner lets a participant join a subject.
type joiner func(ctx context.Context, p *participant, identity string) error

const (
	joinTimeout = time.Minute
	roomName    = "bench"
)

// joinServer speaks the protocol of our server: hello with the offer, then a view of the first publication that is no own one, then a
// ping every three seconds.
func joinServer(r Ready) joiner {
	return func(ctx context.Context, p *participant, identity string) error {
		token, err := signaling.Keys{r.KeyID: []byte(r.Secret)}.Mint(r.KeyID, signaling.Claims{
			Identity: identity, Room: roomName, Expires: time.Now().Add(time.Hour), Grants: signaling.AllGrants(),
		})
		if err != nil {
			return fmt.Errorf("make a token: %w", err)
		}
		sdp, err := p.offer() // before the server waits for hello, for which it has 2 s of patience
		if err != nil {
			return err
		}
		d := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, HandshakeTimeout: joinTimeout}
		ws, _, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(r.URL, "http")+"v1/connect", nil)
		if err != nil {
			return fmt.Errorf("open the websocket: %w", err)
		}
		s := &session{ws: ws, ended: make(chan struct{})}
		p.leave = s.close
		return s.join(ctx, p, token, sdp)
	}
}

// session is a websocket to our server.
type session struct {
	ws    *websocket.Conn
	loops sync.WaitGroup
	once  sync.Once
	ended chan struct{}
	id    uint64
}

func (s *session) join(ctx context.Context, p *participant, token, sdp string) error {
	offer := &signaling.Offer{Rev: 1, SDP: sdp}
	h := signaling.Hello{Token: token, Client: "sfu bench", Offer: offer}
	if p.viewer != nil {
		offer.Slots = []signaling.SlotOffer{{MID: p.mid, Kind: signaling.SlotVideo}}
	} else {
		h.Publications = []signaling.PublicationOffer{
			{CID: "camera", Source: signaling.SourceCamera, Kind: signaling.KindVideo, MID: p.mid, Width: 1280, Height: 720},
		}
	}
	w, err := request[welcome](ctx, s, signaling.TypeHello, h)
	if err != nil {
		return err
	}
	if w.Answer.SDP == "" {
		return errors.New("the welcome has no answer")
	}
	if err := p.answered(ctx, w.Answer.SDP); err != nil {
		return err
	}
	if p.viewer != nil {
		if err := s.view(ctx, w); err != nil {
			return err
		}
	}
	s.loops.Go(s.read)
	s.loops.Go(func() { s.ping(time.Duration(w.Keepalive.PingMs) * time.Millisecond) })
	return nil
}

// welcome is what is of interest in a signaling.Welcome: with a thousand participants it is long.
type welcome struct {
	Participant  string
	Answer       signaling.Answer
	Keepalive    signaling.KeepaliveTimes
	Participants []struct {
		ID           string
		Publications []struct{ ID string }
	}
}

func (s *session) view(ctx context.Context, w welcome) error {
	for _, other := range w.Participants {
		if len(other.Publications) == 0 || other.ID == w.Participant {
			continue
		}
		_, err := request[signaling.ViewOK](ctx, s, signaling.TypeView, signaling.View{Rev: 1, Items: []signaling.ViewItem{
			{Publication: other.Publications[0].ID, Width: 1280, Height: 720},
		}})
		return err
	}
	return errors.New("nobody publishes")
}

// request sends a request and reads until its response comes. It is for the time before read.
func request[A any](ctx context.Context, s *session, typ string, d any) (answer A, err error) {
	if err := s.send(typ, d); err != nil {
		return answer, err
	}
	deadline, _ := ctx.Deadline()
	_ = s.ws.SetReadDeadline(deadline)
	ours := fmt.Appendf(nil, `"re":%d,`, s.id) // no need to decode what others do
	for {
		_, text, err := s.ws.ReadMessage()
		if err != nil {
			return answer, fmt.Errorf("%s: %w", typ, err)
		}
		if !bytes.Contains(text[:min(len(text), 64)], ours) {
			continue
		}
		var m struct {
			Type string `json:"t"`
			Data *A     `json:"d"`
		}
		m.Data = &answer
		switch err := json.Unmarshal(text, &m); {
		case m.Type == signaling.TypeErr:
			return answer, fmt.Errorf("%s: %s", typ, text)
		case err != nil:
			return answer, fmt.Errorf("%s: %w", typ, err)
		}
		return answer, nil
	}
}

func (s *session) send(typ string, d any) error {
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode %s: %w", typ, err)
	}
	s.id++
	if err := s.ws.WriteJSON(signaling.Request{Type: typ, ID: s.id, Data: data}); err != nil {
		return fmt.Errorf("%s: %w", typ, err)
	}
	return nil
}

// read takes no notice of what the server says.
func (s *session) read() {
	_ = s.ws.SetReadDeadline(time.Time{})
	for {
		if _, r, err := s.ws.NextReader(); err != nil {
			return
		} else if _, err := io.Copy(io.Discard, r); err != nil {
			return
		}
	}
}

func (s *session) ping(every time.Duration) {
	t := time.NewTicker(max(every, time.Second))
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if s.send(signaling.TypePing, signaling.Ping{N: 1}) != nil {
				return
			}
		case <-s.ended:
			return
		}
	}
}

func (s *session) close() {
	s.once.Do(func() {
		close(s.ended)
		_ = s.ws.Close()
	})
	s.loops.Wait()
}

// joinStock posts the offer to a subject of stock Pion.
func joinStock(r Ready) joiner {
	return func(ctx context.Context, p *participant, _ string) error {
		offer, err := p.offer()
		if err != nil {
			return err
		}
		path := stockPublish
		if p.viewer != nil {
			path = stockView
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(r.URL, "/")+path, strings.NewReader(offer))
		if err != nil {
			return fmt.Errorf("ask for an answer: %w", err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("ask for an answer: %w", err)
		}
		defer response.Body.Close() // read to its end
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return fmt.Errorf("ask for an answer: %w", err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("ask for an answer: %s: %s", response.Status, answer)
		}
		return p.answered(ctx, string(answer))
	}
}
