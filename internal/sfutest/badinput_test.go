package sfutest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// text says the same in every world.
func text(s string) func(*World) ([][]byte, error) {
	return func(*World) ([][]byte, error) { return [][]byte{[]byte(s)}, nil }
}

// helloWith is a hello of mallory whose token is spoilt by f.
func helloWith(f func(w *World, c *signaling.Claims) signaling.Keys) func(*World) ([][]byte, error) {
	return func(w *World) ([][]byte, error) {
		c := signaling.Claims{Identity: "mallory", Room: "room", Expires: time.Now().Add(time.Hour), Grants: signaling.AllGrants()}
		token, err := f(w, &c).Mint(keyID, c)
		if err != nil {
			return nil, err
		}
		b, err := Text(signaling.TypeHello, 1, signaling.Hello{Token: token, Room: "room"})
		return [][]byte{b}, err
	}
}

// Messages that break the protocol and tokens that are no good are answered by an err and the end of the websocket.
func TestBadMessages(t *testing.T) {
	end := func(code signaling.Code, end signaling.CloseCode) Refusal { return Refusal{string(code), int(end)} }
	amongBystanders(t, provokes([]provoked{
		{"no JSON", text("hello?"), end(signaling.CodeMalformed, signaling.CloseProtocol)},
		{"half of a message", text(`{"t":"hello","id":1,"d":{`), end(signaling.CodeMalformed, signaling.CloseProtocol)},
		{"an array", text(`[1,2,3]`), end(signaling.CodeMalformed, signaling.CloseProtocol)},
		{"too deep", text(strings.Repeat(`{"d":`, 100) + "1" + strings.Repeat("}", 100)), end(signaling.CodeMalformed, signaling.CloseProtocol)},
		{"publish before hello", text(`{"t":"publish","id":1,"d":{}}`), end(signaling.CodeOrder, signaling.CloseProtocol)},
		{"an unknown type first", text(`{"t":"sing","id":1,"d":{}}`), end(signaling.CodeOrder, signaling.CloseProtocol)},
		{"no token", text(`{"t":"hello","id":1,"d":{"token":""}}`), end(signaling.CodeAuthMissing, signaling.CloseAuth)},
		{"no hello", text(``), end(signaling.CodeMalformed, signaling.CloseProtocol)},
		{"too long before a token", text(`{"t":"hello","id":1,"d":{"client":"` + strings.Repeat("x", 9000) + `","token":"x"}}`),
			end(signaling.CodeTooLarge, signaling.CloseProtocol)},
		{"nothing at all", func(*World) ([][]byte, error) { return nil, nil }, end(signaling.CodeAuthTimeout, signaling.CloseRejoin)},
		{"expired", helloWith(func(w *World, c *signaling.Claims) signaling.Keys {
			c.Expires = time.Now().Add(-time.Minute)
			return w.keys
		}), end(signaling.CodeAuthExpired, signaling.CloseTokenExpired)},
		{"forged", helloWith(func(*World, *signaling.Claims) signaling.Keys {
			return signaling.Keys{keyID: []byte("another secret of at least 32 bytes")}
		}), end(signaling.CodeAuthForged, signaling.CloseAuth)},
		{"for another room", helloWith(func(w *World, c *signaling.Claims) signaling.Keys {
			c.Room = "elsewhere"
			return w.keys
		}), end(signaling.CodeAuthRoom, signaling.CloseAuth)},
	}), onlyBystanders)
}

// A participant inside may make mistakes: those that break the protocol end its session, the others get an err.
func TestBadRequests(t *testing.T) {
	ask := func(typ, data string, want signaling.Code) Step {
		return step(fmt.Sprintf("%s %.60s is refused as %s", typ, data, want), func(ctx context.Context, w *World) error {
			return refused(w.P("mallory").signal.request(ctx, typ, json.RawMessage(data), nil), want)
		})
	}
	amongBystanders(t,
		Joins(watching, "mallory"),
		ask("sing", `{}`, signaling.CodeUnknown),
		ask("view", `{"rev":1,"items":7}`, signaling.CodeInvalid),
		ask("view", `{"rev":-1,"items":[]}`, signaling.CodeInvalid),
		ask("view", `{"rev":1,"items":[`+strings.Repeat(`{},`, 600)+`{}]}`, signaling.CodeInvalid),
		ask("publication.update", `{"publication":"pub_none","muted":true}`, signaling.CodePublicationUnknown),
		ask("message", `{"to":["nobody"],"body":1}`, signaling.CodeParticipantUnknown),
		ask("message", `{"body":"`+strings.Repeat("x", 20000)+`"}`, signaling.CodeInvalid),
		ask("offer", `{"rev":1,"sdp":"v=0"}`, signaling.CodeNegotiationStale),
		ask("offer", `{"rev":50,"sdp":"v=0"}`, signaling.CodeNegotiationInvalid),
		step("an offer without ICE is refused before it is applied", func(ctx context.Context, w *World) error {
			h, err := w.Draft("mallory", watching)
			if err != nil {
				return err
			}
			h.Offer.Rev, h.Offer.SDP = 50, without(h.Offer.SDP, "a=ice-")
			return refused(w.P("mallory").signal.request(ctx, signaling.TypeOffer, h.Offer, nil), signaling.CodeNegotiationInvalid)
		}),
		step("after all that mallory can publish", func(ctx context.Context, w *World) error {
			_, err := w.P("mallory").Publish(ctx, Camera)
			return err
		}),
		step("but a second camera is refused", func(ctx context.Context, w *World) error {
			h, err := w.Draft("mallory", Plan{Publish: []Format{Camera}})
			if err != nil {
				return err
			}
			h.Offer.Rev = 60
			err = w.P("mallory").signal.request(ctx, signaling.TypePublish, signaling.Publish{PublicationOffer: h.Publications[0], Offer: *h.Offer}, nil)
			var e *RequestError
			if !errors.As(err, &e) {
				return fmt.Errorf("it was taken: %v", err)
			}
			return nil
		}),
		step("a message of 300 kB ends the session", func(_ context.Context, w *World) error {
			return w.P("mallory").signal.sendRaw([]byte(`{"t":"message","id":999,"d":{"body":"` + strings.Repeat("x", 300<<10) + `"}}`))
		}),
		Runs(time.Second),
		closedWith("mallory", signaling.CloseProtocol),
		onlyBystanders,
	)
}

// A participant that keeps on asking too much is closed.
func TestRequestFlood(t *testing.T) {
	amongBystanders(t,
		Joins(watching, "mallory"),
		step("a thousand pings at once", func(_ context.Context, w *World) error {
			for range 1000 {
				if _, err := w.P("mallory").signal.send(signaling.TypePing, signaling.Ping{N: 1}); err != nil {
					return nil // it is closed by now
				}
			}
			return nil
		}),
		Runs(2*time.Second),
		closedWith("mallory", signaling.CloseRateLimited),
		onlyBystanders,
	)
}

// Offers that are wrong in any way end in an err with a code of negotiation, and leave no Transport.
func TestBadOffers(t *testing.T) {
	spoil := func(f func(h *signaling.Hello)) func(w *World) ([][]byte, error) {
		return func(w *World) ([][]byte, error) {
			h, err := w.Draft("mallory", publishing)
			if err != nil {
				return nil, err
			}
			f(h)
			b, err := Text(signaling.TypeHello, 1, h)
			return [][]byte{b}, err
		}
	}
	sdp := func(f func(sdp string) string) func(w *World) ([][]byte, error) {
		return spoil(func(h *signaling.Hello) { h.Offer.SDP = f(h.Offer.SDP) })
	}
	invalid := Refusal{string(signaling.CodeNegotiationInvalid), int(signaling.CloseRefused)}
	unusable := Refusal{string(signaling.CodeNegotiationUnusable), int(signaling.CloseRefused)}
	tooLarge := Refusal{string(signaling.CodeTooLarge), int(signaling.CloseProtocol)}
	amongBystanders(t, provokes([]provoked{
		{"no SDP", sdp(func(string) string { return "hello" }), invalid},
		{"no m-line", spoil(func(h *signaling.Hello) {
			h.Offer.SDP, _, _ = strings.Cut(h.Offer.SDP, "m=")
			h.Offer.Slots, h.Publications = nil, nil
		}), unusable},
		{"data only", spoil(func(h *signaling.Hello) {
			head, _, _ := strings.Cut(h.Offer.SDP, "m=")
			h.Offer.SDP = head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n"
			h.Offer.Slots, h.Publications = nil, nil
		}), unusable},
		{"cut in the middle", sdp(func(s string) string { return s[:len(s)/2] }), invalid},
		{"two m-lines of one mid", sdp(func(s string) string { return strings.Replace(s, "a=mid:1", "a=mid:0", 1) }), invalid},
		{"no mid", sdp(func(s string) string { return strings.Replace(s, "a=mid:1\r\n", "", 1) }), invalid},
		{"a slot without an m-line", spoil(func(h *signaling.Hello) { h.Offer.Slots[0].MID = "99" }), invalid},
		{"an undeclared m-line", spoil(func(h *signaling.Hello) { h.Offer.Slots = h.Offer.Slots[1:] }), invalid},
		{"an audio slot on video", spoil(func(h *signaling.Hello) { h.Offer.Slots[6].Kind = signaling.SlotAudio }), invalid},
		{"a publication that does not send", spoil(func(h *signaling.Hello) {
			h.Publications[0].MID, h.Offer.Slots = h.Offer.Slots[0].MID, h.Offer.Slots[1:]
		}), invalid},
		{"no ICE", sdp(func(s string) string { return without(s, "a=ice-ufrag", "a=ice-pwd") }), invalid},
		{"no fingerprint", sdp(func(s string) string { return without(s, "a=fingerprint") }), invalid},
		{"101 m-lines", sdp(func(s string) string {
			return s + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=inactive\r\n", 101)
		}), invalid},
		{"many extensions", sdp(func(s string) string {
			return strings.Replace(s, "a=mid:1\r\n", "a=mid:1\r\n"+strings.Repeat("a=extmap:1 urn:x\r\n", 30), 1)
		}), invalid},
		{"only codecs that nobody knows", sdp(func(s string) string {
			return strings.NewReplacer("VP8/90000", "H999/90000", "opus/48000", "G999/48000").Replace(s)
		}), unusable},
		{"rids that are not declared", sdp(func(s string) string {
			return strings.Replace(s, "a=mid:8\r\n", "a=mid:8\r\na=simulcast:send a;b;c\r\n", 1)
		}), invalid},
		{"300 kB", sdp(func(s string) string { return s + strings.Repeat("a=x-padding:xxxxxxxxxxxxxxxxxxxx\r\n", 9000) }), tooLarge},
		{"ports and numbers out of range", sdp(func(s string) string { return strings.ReplaceAll(s, "m=video 9 ", "m=video 99999999999999999999 ") }), invalid},
		{"payload types out of range", sdp(func(s string) string { return strings.ReplaceAll(s, "rtpmap:96 ", "rtpmap:4096 ") }), invalid},
	}), onlyBystanders)
}

// without removes the lines that begin with one of the prefixes.
func without(sdp string, prefixes ...string) string {
	var b strings.Builder
	for line := range strings.Lines(sdp) {
		if !hasAnyPrefix(line, prefixes) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
