package sfu

import (
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

func TestBySize(t *testing.T) {
	for list, want := range map[string]string{
		"":              "",
		"q h f":         "q h f",
		"f h q":         "q h f",
		"h q":           "q h",
		"High mid low":  "low mid High",
		"0 1 2":         "2 1 0", // OBS: the first is the largest
		"a":             "a",
		"hi hello":      "hello hi", // two that begin alike say nothing of size
		"main thumb":    "thumb main",
		"full half low": "low half full", // f and l are of two ways of naming, so the order counts
	} {
		if got := strings.Join(bySize(strings.Fields(list)), " "); got != want {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

// undeclaredSDP is an offer without what ICE needs: media and its attributes only.
func undeclaredSDP(lines ...string) string {
	s := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
	for _, l := range lines {
		s += strings.ReplaceAll(l, "|", "\r\n") + "\r\n"
	}
	return s
}

func TestDeclare(t *testing.T) {
	const (
		sound   = "m=audio 9 UDP/TLS/RTP/SAVPF 111|a=mid:a|a=rtpmap:111 opus/48000/2|a="
		picture = "m=video 9 UDP/TLS/RTP/SAVPF 96|a=mid:v|a=rtpmap:96 VP8/90000|a="
		data    = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel|a=mid:d"
	)
	h := &signaling.Hello{Offer: &signaling.Offer{SDP: undeclaredSDP(sound+"sendonly", data,
		picture+"sendrecv|a=rid:1 send|a=rid:2 send|a=simulcast:send 1;2")}}
	if err := declare(h, signaling.LinesPublish); err != nil || len(h.Offer.Slots) > 0 || len(h.Publications) != 2 {
		t.Fatalf("%v, %+v", err, h)
	}
	if p := h.Publications[0]; p.MID != "a" || p.Source != signaling.SourceMicrophone || p.Kind != signaling.KindAudio {
		t.Errorf("sound: %+v", p)
	}
	want := []signaling.EncodingOffer{{RID: "2"}, {RID: "1"}}
	if p := h.Publications[1]; p.MID != "v" || p.Source != signaling.SourceCamera || !slices.Equal(p.Encodings, want) {
		t.Errorf("picture: %+v", p)
	}
	h = &signaling.Hello{Offer: &signaling.Offer{SDP: undeclaredSDP(picture+"recvonly", sound+"recvonly")}}
	if err := declare(h, signaling.LinesView); err != nil || len(h.Publications) > 0 || !slices.Equal(h.Offer.Slots, []signaling.SlotOffer{
		{MID: "v", Kind: signaling.SlotVideo, Group: viewGroup}, {MID: "a", Kind: signaling.SlotAudio, Group: viewGroup},
	}) {
		t.Errorf("a viewer: %v %+v", err, h.Offer.Slots)
	}
}

// The slot of a viewer is for any codec that it offers, so none is trimmed.
func TestAViewerKeepsItsCodecs(t *testing.T) {
	viewer := &Transport{srv: &Server{cfg: Config{Codec: rtpfwd.VP8}}, owner: &Participant{lines: signaling.LinesView}}
	h := &signaling.Hello{Offer: &signaling.Offer{Rev: 1, SDP: sdpOf(withFormats(section("video", "v", "a=recvonly", manyCodecs), "96 97 98 99 35"))}}
	if err := declare(h, signaling.LinesView); err != nil {
		t.Fatal(err)
	}
	o, err := parseOffer(h.Offer, nil, nil, viewer.slotCodec(), nil)
	if err != nil || !strings.Contains(o.sdp, "SAVPF 96 97 98 99\r\n") || o.line("v").codec != rtpfwd.CodecNone {
		t.Errorf("%v, %+v", err, o)
	}
}

// FuzzUndeclared gives any text to what a request of WHIP or WHEP meets first.
func FuzzUndeclared(f *testing.F) {
	f.Add(undeclaredSDP("m=video 9 UDP/TLS/RTP/SAVPF 96|a=mid:v|a=rid:~1 send|a=simulcast:send ~1,2;"), true)
	f.Add(undeclaredSDP("m=audio 0 RTP 0", "m=audio 0 RTP 0|a=recvonly"), false)
	f.Add("", false)
	f.Fuzz(func(t *testing.T, text string, view bool) {
		lines := signaling.LinesPublish
		if view {
			lines = signaling.LinesView
		}
		h := &signaling.Hello{Offer: &signaling.Offer{SDP: text}}
		if err := declare(h, lines); err != nil {
			return
		}
		if n := len(h.Publications) + len(h.Offer.Slots); n < 1 || n > 2 {
			t.Fatalf("%d m-lines are declared", n)
		}
		_, _ = parseOffer(h.Offer, h.Publications, nil, rtpfwd.VP8, nil) // it says no more than an error
	})
}

// followed runs follow and leaves its result on the slots.
func (s *stage) followed(t *testing.T, what string, want ...string) {
	t.Helper()
	out := follow(planInput{self: s.me, slots: s.slots, roster: newRoster(s.order), loudest: s.loud, maySubscribe: true})
	var got []string
	for i, a := range out.assignments {
		s.slots[i].current = a.pub
		if a.pub != nil {
			got = append(got, a.pub.id)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestFollow(t *testing.T) {
	s := newStage()
	s.slot("v", signaling.SlotVideo, signaling.KindVideo, rtpfwd.VP8, viewGroup)
	s.slot("a", signaling.SlotAudio, signaling.KindAudio, rtpfwd.Opus, viewGroup)
	s.slots[0].any = true
	ann, bob := &Participant{id: "ann"}, &Participant{id: "bob"}
	s.publish(s.me, "mine", signaling.SourceCamera, rtpfwd.VP8)
	s.followed(t, "nobody else")
	s.publish(ann, "annCam", signaling.SourceCamera, rtpfwd.H265) // which the slot cannot carry
	s.publish(ann, "annMic", signaling.SourceMicrophone, rtpfwd.Opus)
	s.followed(t, "no codec in common", "annMic")
	s.publish(bob, "bobCam", signaling.SourceCamera, rtpfwd.VP9)
	s.publish(bob, "bobMic", signaling.SourceMicrophone, rtpfwd.Opus)
	s.followed(t, "the only picture", "bobCam", "annMic")
	s.pubs["annCam"].codec = rtpfwd.VP8
	s.followed(t, "who is heard is seen", "annCam", "annMic")
	mic := func(who string) uint32 { return s.pubs[who+"Mic"].csrc }
	s.loud = []uint32{mic("bob"), mic("ann")}
	s.followed(t, "bob speaks", "bobCam", "bobMic")
	s.order[3].muted = true // his camera
	s.followed(t, "a muted camera is not worth seeing", "annCam", "bobMic")
	s.publish(bob, "bobScreen", signaling.SourceScreen, rtpfwd.VP8)
	s.publish(ann, "annScreen", signaling.SourceScreen, rtpfwd.VP8)
	s.pubs["bobScreen"].order, s.pubs["annScreen"].order = 1, 2
	s.followed(t, "the newest screen", "annScreen", "bobMic")
	out := follow(planInput{self: s.me, slots: s.slots, roster: newRoster(s.order)})
	if out.assignments[0].pub != nil || out.assignments[1].pub != nil {
		t.Error("who may not subscribe gets media")
	}
}
