package sfu

import (
	"errors"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// sdpOf makes an offer of the given m-sections.
func sdpOf(sections ...string) string {
	head := []string{"v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-ufrag:u", "a=ice-pwd:p", "a=fingerprint:sha-256 00"}
	return strings.Join(append(head, sections...), "\r\n") + "\r\n"
}

func section(media, mid string, lines ...string) string {
	all := append([]string{"m=" + media + " 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:" + mid}, lines...)
	return strings.Join(all, "\r\n")
}

var (
	slotSection      = section("video", "0", "a=recvonly", "a=rtpmap:96 VP8/90000", "a=candidate:1 1 udp 1 192.0.2.1 5 typ host")
	plainSection     = section("video", "1", "a=sendonly", "a=rtpmap:96 VP8/90000", "a=ssrc-group:FID 11 12", "a=ssrc:11 cname:x", "a=ssrc:12 cname:x")
	simulcastSection = section("video", "2", "a=sendonly", "a=rtpmap:96 VP8/90000", "a=rid:q send", "a=rid:h send", "a=simulcast:send q;h")
)

func TestParseOffer(t *testing.T) {
	o := &signaling.Offer{Rev: 1, SDP: sdpOf(slotSection, plainSection, simulcastSection), Slots: []signaling.SlotOffer{{MID: "0", Kind: signaling.SlotVideo}}}
	pubs := []signaling.PublicationOffer{
		{CID: "a", MID: "1", Kind: signaling.KindVideo, Source: signaling.SourceScreen},
		{CID: "b", MID: "2", Kind: signaling.KindVideo, Source: signaling.SourceCamera, Encodings: []signaling.EncodingOffer{{RID: "h"}, {RID: "q"}}},
	}
	got, err := parseOffer(o, pubs, nil, rtpfwd.VP8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.sdp, "candidate") {
		t.Error("the offerer's candidates are still there: the server would send to addresses that proved nothing")
	}
	if l := got.line("1"); len(l.ssrcs) != 1 || l.ssrcs[0] != (ssrcPair{11, 12}) || !l.sends || l.recvs {
		t.Errorf("m-line 1 is read as %+v", l)
	}
	if l := got.line("2"); strings.Join(l.rids, ",") != "q,h" {
		t.Errorf("m-line 2 has rids %v", l.rids)
	}
}

func TestParseOfferRefuses(t *testing.T) {
	cam := func(mid string) signaling.PublicationOffer {
		return signaling.PublicationOffer{CID: "c", MID: mid, Kind: signaling.KindVideo, Source: signaling.SourceCamera}
	}
	slot := func(mid string, k signaling.SlotKind) signaling.SlotOffer {
		return signaling.SlotOffer{MID: mid, Kind: k}
	}
	many := make([]string, maxMediaLines+1)
	for i := range many {
		many[i] = section("audio", string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	for name, c := range map[string]struct {
		sdp   string
		slots []signaling.SlotOffer
		pubs  []signaling.PublicationOffer
		known map[string]mediaLine
		code  signaling.Code
	}{
		"not SDP":                   {sdp: "hello", code: signaling.CodeNegotiationInvalid},
		"empty":                     {sdp: sdpOf(), code: signaling.CodeNegotiationUnusable},
		"data channel only":         {sdp: sdpOf(section("application", "0")), code: signaling.CodeNegotiationUnusable},
		"too long":                  {sdp: strings.Repeat("a", maxSDPBytes+1), code: signaling.CodeNegotiationInvalid},
		"too many m-lines":          {sdp: sdpOf(many...), code: signaling.CodeNegotiationInvalid},
		"too many extensions":       {sdp: sdpOf(section("video", "0", strings.Repeat("a=extmap:1 urn:x\r\n", maxExtmaps)+"a=extmap:1 urn:x")), code: signaling.CodeNegotiationInvalid},
		"no mid":                    {sdp: sdpOf("m=video 9 UDP/TLS/RTP/SAVPF 96"), code: signaling.CodeNegotiationInvalid},
		"a mid twice":               {sdp: sdpOf(slotSection, slotSection), code: signaling.CodeNegotiationInvalid},
		"slot without m-line":       {sdp: sdpOf(slotSection), slots: []signaling.SlotOffer{slot("7", signaling.SlotVideo)}, code: signaling.CodeNegotiationInvalid},
		"slot that sends":           {sdp: sdpOf(plainSection), slots: []signaling.SlotOffer{slot("1", signaling.SlotVideo)}, code: signaling.CodeNegotiationInvalid},
		"slot of the wrong kind":    {sdp: sdpOf(slotSection), slots: []signaling.SlotOffer{slot("0", signaling.SlotAudio)}, code: signaling.CodeNegotiationInvalid},
		"slot of no kind":           {sdp: sdpOf(slotSection), slots: []signaling.SlotOffer{slot("0", "box")}, code: signaling.CodeNegotiationInvalid},
		"publication that receives": {sdp: sdpOf(slotSection), pubs: []signaling.PublicationOffer{cam("0")}, code: signaling.CodeNegotiationInvalid},
		"publication without line":  {sdp: sdpOf(plainSection), pubs: []signaling.PublicationOffer{cam("9")}, code: signaling.CodeNegotiationInvalid},
		"both":                      {sdp: sdpOf(plainSection), slots: []signaling.SlotOffer{slot("1", signaling.SlotVideo)}, pubs: []signaling.PublicationOffer{cam("1")}, code: signaling.CodeNegotiationInvalid},
		"line of another kind":      {sdp: sdpOf(plainSection), pubs: []signaling.PublicationOffer{cam("1")}, known: map[string]mediaLine{"1": {media: "video", slot: true}}, code: signaling.CodeNegotiationInvalid},
		"line of other encodings":   {sdp: sdpOf(simulcastSection), pubs: []signaling.PublicationOffer{cam("2")}, known: map[string]mediaLine{"2": {media: "video", rids: []string{"x"}}}, code: signaling.CodeNegotiationInvalid},
		"rid that is not declared":  {sdp: sdpOf(section("video", "0", "a=simulcast:send q")), code: signaling.CodeNegotiationInvalid},
	} {
		_, err := parseOffer(&signaling.Offer{Rev: 1, SDP: c.sdp, Slots: c.slots}, c.pubs, c.known, rtpfwd.VP8, nil)
		var e *signaling.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: error %v, want code %s", name, err, c.code)
		}
	}
}

func FuzzParseOffer(f *testing.F) {
	f.Add(sdpOf(slotSection, plainSection), "0", "1")
	f.Add(sdpOf(simulcastSection), "x", "2")
	f.Fuzz(func(t *testing.T, sdp, slotMID, pubMID string) {
		o := &signaling.Offer{Rev: 1, SDP: sdp, Slots: []signaling.SlotOffer{{MID: slotMID, Kind: signaling.SlotVideo}}}
		pubs := []signaling.PublicationOffer{{CID: "c", MID: pubMID, Kind: signaling.KindVideo, Source: signaling.SourceCamera}}
		got, err := parseOffer(o, pubs, nil, rtpfwd.VP8, nil)
		if err != nil {
			var e *signaling.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v has no code", err)
			}
			return
		}
		if strings.Contains(got.sdp, "a=candidate:") {
			t.Fatal("a candidate came through")
		}
	})
}
