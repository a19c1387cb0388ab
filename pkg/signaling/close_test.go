package signaling

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// The media side closes a session: what waited comes first, then session.closing, then the close frame.
func TestCloseFromTheMediaSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		ses := s.hall.session("ann")
		ses.Event(TypeOfferWanted, OfferWanted{Reason: "ice"})
		ses.Close(CloseKicked, "bye")
		ses.Close(CloseRestart, "too late")
		ses.Event(TypeOfferWanted, OfferWanted{Reason: "slots"})
		var got []string
		for {
			f := w.next()
			got = append(got, f.String())
			if f.close != nil {
				break
			}
		}
		want := []string{
			`{"t":"offer.wanted","s":1,"d":{"reason":"ice"}}`,
			`{"t":"session.closing","s":2,"d":{"code":4003,"reason":"bye"}}`,
			`websocket: close 4003: bye`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
		synctest.Wait()
		if got := s.hall.leftNow(); got != "ann:lost" {
			t.Errorf("left: %s", got)
		}
	})
}

// A participant that does not answer the close frame is cut off after the grace.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		s.join("ann")   // and never reads again
		synctest.Wait() // until its socket waits for a request
		start := time.Now()
		s.hall.session("ann").Close(CloseKicked, "")
		if time.Since(start) != 0 {
			t.Error("Close blocks")
		}
		for s.hall.leftNow() == "" {
			time.Sleep(time.Millisecond)
		}
		if d := time.Since(start); d < closeGrace || d > closeGrace+10*time.Millisecond {
			t.Errorf("the session ended after %v", d)
		}
	})
}

func TestServerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		codes := make(chan int)
		for _, w := range []*wire{s.join("ann"), s.join("bob"), s.connect("192.0.2.1")} {
			go func() {
				_, code := w.ending()
				codes <- code
			}()
		}
		done := make(chan error)
		go func() { done <- s.server.Close(context.Background()) }()
		for range 3 {
			if code := <-codes; code != int(CloseRestart) {
				t.Errorf("closed with %d", code)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := s.hall.leftNow(); !strings.Contains(got, "ann:lost") || !strings.Contains(got, "bob:lost") {
			t.Errorf("left when Close returned: %s", got)
		}
		_, resp, err := s.tryConnect("192.0.2.1", nil)
		if err == nil || resp == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("a connect after Close: %v, %v", resp, err)
		}
		if err := s.server.Close(context.Background()); err != nil {
			t.Errorf("the second Close: %v", err)
		}
	})
}

// Close gives up on a method that does not return, and says so.
func TestServerCloseWithStuckRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall()
		release := make(chan struct{})
		h.onOffer = func(ctx context.Context, o *Offer) (*OfferOK, error) {
			<-release
			return nil, ctx.Err()
		}
		s := newSite(t, h)
		w := s.join("ann")
		w.request(TypeOffer, Offer{Rev: 1, SDP: "v=0"})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := s.server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close returned %v", err)
		}
		close(release)
		synctest.Wait()
		if got := s.hall.leftNow(); got != "ann:lost" {
			t.Errorf("left: %s", got)
		}
	})
}

// A websocket is closed cleanly although the participant has sent more than the server cares to read: a TCP connection
// that is closed with unread data is reset instead, and some systems then lose what the other end has not read yet.
func TestCleanCloseOverTCP(t *testing.T) {
	s := newTCPSite(t, newHall())
	// two text frames, masked with zeros: a broken message, and 64 KB that nobody needs
	frames := append([]byte{0x81, 0x81, 0, 0, 0, 0, ']'}, 0x81, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0)
	frames = append(frames, strings.Repeat("x", 0xFFFF)...)
	for range 10 {
		w := s.connect("127.0.0.1")
		w.hello(testToken(t, "r", "ann"))
		if f := w.next(); f.T != TypeWelcome {
			t.Fatalf("got %s", f)
		}
		if _, err := w.ws.NetConn().Write(frames); err != nil {
			t.Fatal(err)
		}
		w.ws.SetCloseHandler(func(int, string) error {
			return w.ws.WriteControl(websocket.CloseMessage, nil, time.Now().Add(time.Second))
		})
		if code, closed := w.ending(); code != CodeMalformed || closed != int(CloseProtocol) {
			t.Fatalf("got %s and %d", code, closed)
		}
		if _, err := w.ws.NetConn().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatalf("TCP ends with %v", err)
		}
	}
}
