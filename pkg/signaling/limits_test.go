package signaling

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// retryAfter returns the time that an err tells.
func retryAfter(t *testing.T, f *frame) time.Duration {
	t.Helper()
	var b ErrorBody
	if err := json.Unmarshal(f.D, &b); err != nil || !b.Retry {
		t.Fatalf("%s: %v", f, err)
	}
	return time.Duration(b.RetryAfterMs) * time.Millisecond
}

func TestRequestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		for n := range requestBurst {
			if f := w.response(w.request(TypePing, Ping{1})); f.T != TypeOK {
				t.Fatalf("request %d got %s", n, f)
			}
		}
		f := w.response(w.request(TypePing, Ping{1}))
		wait := retryAfter(t, f)
		if f.code() != CodeRateLimited || wait != time.Second/requestRate {
			t.Errorf("got %s", f)
		}
		time.Sleep(wait)
		if f := w.response(w.request(TypePing, Ping{1})); f.T != TypeOK {
			t.Errorf("after the wait: %s", f)
		}
		for range 500 { // at the rate itself nothing is refused
			time.Sleep(time.Second / requestRate)
			if f := w.response(w.request(TypePing, Ping{1})); f.T != TypeOK {
				t.Fatalf("at the rate: %s", f)
			}
		}
	})
}

// One that does not stop is closed; the others do not notice.
func TestRequestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		bystander, w := s.join("ann"), s.join("bob")
		go func() {
			for range 2000 {
				w.request(TypePing, Ping{1})
			}
		}()
		if code, closed := w.ending(); code != CodeRateLimited || closed != int(CloseRateLimited) {
			t.Errorf("got %s and %d", code, closed)
		}
		if got := s.metric("errors_total", string(CodeRateLimited)); got != refusalBurst+1 {
			t.Errorf("%v errors were told before the close", got)
		}
		if n := s.logs.FilterField(zapClass(CodeRateLimited)).Len(); n != 1 {
			t.Errorf("%d log lines", n)
		}
		if f := bystander.response(bystander.request(TypePing, Ping{1})); f.T != TypeOK {
			t.Errorf("the bystander got %s", f)
		}
	})
}

func TestOfferRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		offer := Offer{Rev: 1, SDP: "v=0"}
		publish := Publish{PublicationOffer{CID: "c", Source: SourceCamera, Kind: KindVideo, MID: "0"}, offer}
		for n := range offerBurst {
			typ, d := TypeOffer, any(offer)
			if n%2 == 1 {
				typ, d = TypePublish, publish
			}
			if f := w.response(w.request(typ, d)); f.T != TypeOK {
				t.Fatalf("offer %d got %s", n, f)
			}
		}
		f := w.response(w.request(TypePublish, publish))
		if f.code() != CodeRateLimited || retryAfter(t, f) != time.Second/offerRate {
			t.Errorf("got %s", f)
		}
		if f := w.response(w.request(TypePing, Ping{1})); f.T != TypeOK {
			t.Errorf("another request got %s", f)
		}
		time.Sleep(time.Second / offerRate)
		if f := w.response(w.request(TypeOffer, offer)); f.T != TypeOK {
			t.Errorf("after the wait: %s", f)
		}
	})
}

// Message bodies are multiplied by the size of the room, so they have a budget of their own.
func TestTalkRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		body := json.RawMessage(`"` + strings.Repeat("x", 16<<10-100) + `"`)
		accepted := 0
		for range 100 {
			if f := w.response(w.request(TypeMessage, Message{Body: body})); f.T == TypeOK {
				accepted++
			} else if f.code() != CodeRateLimited {
				t.Fatalf("got %s", f)
			}
		}
		if accepted < talkBurst/(16<<10) || accepted > 2*talkBurst/(16<<10) {
			t.Errorf("%d long messages were passed on at once", accepted)
		}
	})
}

// Bytes of any kind are read no faster than the limit; the honest sender waits and loses nothing.
func TestByteRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		bystander, w := s.join("ann"), s.join("bob")
		start := time.Now()
		const each, count = 250_000, 16
		padding := strings.Repeat(" ", each)
		go func() {
			for n := range count {
				w.send(`{"t":"ping","id":` + strconv.Itoa(n+2) + `,"d":{"n":1}}` + padding)
			}
		}()
		for n := range uint64(count) {
			if f := w.response(n + 2); f.T != TypeOK {
				t.Fatalf("got %s", f)
			}
		}
		want := time.Duration(each*count-byteBurst) * time.Second / byteRate
		if d := time.Since(start); d < want || d > want+time.Second {
			t.Errorf("%d bytes took %v, want %v", each*count, d, want)
		}
		if f := bystander.response(bystander.request(TypePing, Ping{1})); f.T != TypeOK {
			t.Errorf("the bystander got %s", f)
		}
	})
}

// A flood of websocket pings is read, but answered within limits only.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		w := s.join("ann")
		pongs := 0
		w.ws.SetPongHandler(func(string) error {
			pongs++
			return nil
		})
		go func() {
			for range 10_000 {
				if w.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(10*time.Second)) != nil {
					return
				}
			}
			w.request(TypePing, Ping{1})
		}()
		if f := w.next(); f.T != TypeOK {
			t.Errorf("got %s", f)
		}
		if pongs == 0 || pongs > pongBurst+pongRate {
			t.Errorf("%d pongs", pongs)
		}
	})
}

// An address that fails again and again has to wait; the others, and its own authenticated sessions, do not.
func TestAddressLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, newHall())
		inside := s.join("ann") // from the same address
		for n := range failureBurst {
			w, resp, err := s.tryConnect("192.0.2.1", nil)
			if err != nil {
				t.Fatalf("connect %d: %v %v", n, resp, err)
			}
			w.hello("a.b.c")
			w.ending()
		}
		synctest.Wait() // the server has counted the last of them
		_, resp, err := s.tryConnect("192.0.2.1", nil)
		if err == nil || resp == nil || resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "1" {
			t.Fatalf("got %v, %v", resp, err)
		}
		if s.metric("refused_total", "address") != 1 {
			t.Error("it is not counted")
		}
		if f := inside.response(inside.request(TypePing, Ping{1})); f.T != TypeOK {
			t.Errorf("the session inside got %s", f)
		}
		if _, _, err := s.tryConnect("192.0.2.2", nil); err != nil {
			t.Errorf("another address: %v", err)
		}
		time.Sleep(time.Second)
		w := s.connect("192.0.2.1")
		w.hello(testToken(t, "r", "bob"))
		if f := w.next(); f.T != TypeWelcome {
			t.Errorf("after the wait: %s", f)
		}
	})
}
