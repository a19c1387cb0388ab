package sfu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// negotiator is a participant of a server of its own, who makes one offer after another.
type negotiator struct {
	t   *testing.T
	p   *Participant
	rev int
}

func newNegotiator(t *testing.T, path MediaPath) *negotiator {
	for port := 23000; ; port++ {
		s, err := New(Config{UDPPort: port, NodeIPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, MediaPath: path})
		if errors.Is(err, ErrPortTaken) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		p := newParticipant(s, signaling.JoinRequest{Claims: &signaling.Claims{Identity: "ann", Room: "r"}})
		t.Cleanup(func() {
			p.close()
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return &negotiator{t: t, p: p}
	}
}

// offer returns the answer to an offer, and the mids that Pion has seen.
func (n *negotiator) offer(o signaling.Offer, pubs ...signaling.PublicationOffer) (*sdp.SessionDescription, string) {
	n.t.Helper()
	n.rev++
	o.Rev = n.rev
	n.p.mu.Lock()
	defer n.p.mu.Unlock()
	a, _, err := n.p.negotiate(context.Background(), &o, pubs)
	if err != nil {
		n.t.Fatalf("%v\n%s", err, o.SDP)
	}
	desc := &sdp.SessionDescription{}
	if err := desc.UnmarshalString(a.SDP); err != nil {
		n.t.Fatal(err)
	}
	seen, _ := midsOf(n.t, n.p.transport.pc.CurrentRemoteDescription().SDP)
	return desc, seen
}

// essence lists what an answer says of an m-line, but for its sources, which are drawn, and its transport, and how many of these there are.
func essence(m *sdp.MediaDescription) string {
	var lines []string
	n := map[string]int{}
	for _, a := range m.Attributes {
		if n[a.Key]++; !slices.Contains(ownAttributes, a.Key) || a.Key == sdp.AttrKeyMID || a.Key == sdp.AttrKeyConnectionSetup {
			lines = append(lines, a.String())
		}
	}
	slices.Sort(lines)
	for _, key := range ownAttributes {
		lines = append(lines, fmt.Sprint(key, " ", n[key]))
	}
	first, formats := m.MediaName.Formats[0], slices.Sorted(slices.Values(m.MediaName.Formats)) // Pion writes repairs in any order
	return fmt.Sprint(m.MediaName.Media, m.MediaName.Port, m.MediaName.Protos, first, formats) + "\n" + strings.Join(lines, "\n")
}

// chromium is an offer of the kind that browsers make: other payload types, more codecs and extensions than are known here, all
// but the first m-line in the bundle only.
func chromium() signaling.Offer {
	audio := []string{
		"a=recvonly", "a=rtcp-mux", "a=rtcp-rsize", "a=setup:actpass", "a=extmap:1 " + extAudioLevel, "a=extmap:4 " + extMID, "a=extmap:9 urn:unknown",
		"a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:111 nack", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
		"a=rtpmap:9 G722/8000", "a=rtpmap:110 telephone-event/48000",
	}
	video := []string{
		"a=recvonly", "a=rtcp-mux", "a=rtcp-rsize", "a=setup:actpass", "a=extmap:4 " + extMID, "a=extmap:3 " + extTransportCC, "a=extmap:12 " + extDependency,
		"a=rtpmap:39 VP8/90000", "a=rtcp-fb:39 goog-remb", "a=rtcp-fb:39 transport-cc", "a=rtcp-fb:39 nack", "a=rtcp-fb:39 nack pli",
		"a=rtpmap:40 rtx/90000", "a=fmtp:40 apt=39", "a=rtpmap:45 AV1/90000", "a=rtcp-fb:45 nack", "a=fmtp:45 level-idx=5;profile=0;tier=0",
		"a=rtpmap:46 rtx/90000", "a=fmtp:46 apt=45", "a=rtpmap:114 red/90000", "a=rtpmap:116 ulpfec/90000",
	}
	lines := func(media, mid, formats string, attributes []string) string {
		return strings.Replace(section(media, mid, attributes...), "SAVPF 96", "SAVPF "+formats, 1)
	}
	bundled := func(section string) string { return strings.Replace(section, " 9 ", " 0 ", 1) + "\r\na=bundle-only" }
	microphone := append([]string{"a=sendonly"}, audio[1:]...)
	camera := append([]string{"a=sendonly", "a=rid:q send", "a=rid:f send", "a=simulcast:send q;f"}, video[1:]...)
	o := signaling.Offer{SDP: sdpOf("a=group:BUNDLE 0 1 2 3 4 5 6", "a=extmap-allow-mixed", lines("audio", "0", "111 63 9 110", audio), bundled(lines("video", "1", "39 40 45 46 114 116", video)),
		bundled(lines("video", "2", "39 40 45 46 114 116", video)), bundled(lines("audio", "3", "111 63 9 110", audio)),
		bundled(lines("video", "4", "39 40 45 46 114 116", camera)), bundled(lines("video", "5", "39 40 45 46 114 116", video)),
		bundled(lines("audio", "6", "111 63 9 110", microphone)))}
	for mid, kind := range []signaling.SlotKind{signaling.SlotAudio, signaling.SlotVideo, signaling.SlotScreen, signaling.SlotAudio} {
		o.Slots = append(o.Slots, signaling.SlotOffer{MID: fmt.Sprint(mid), Kind: kind})
	}
	o.Slots = append(o.Slots, signaling.SlotOffer{MID: "5", Kind: signaling.SlotVideo, Codec: "av1"})
	return o
}

var chromiumPublications = []signaling.PublicationOffer{
	{CID: "c", MID: "4", Kind: signaling.KindVideo, Source: signaling.SourceCamera}, {CID: "m", MID: "6", Kind: signaling.KindAudio, Source: signaling.SourceMicrophone},
}

// A template says what Pion says itself, which is asked on the portable path.
func TestTemplatesAnswerAsPionDoes(t *testing.T) {
	turned := chromium() // the publication comes first, and names the transport
	at := strings.Index(turned.SDP, "m=video 0 UDP/TLS/RTP/SAVPF 39 40 45 46 114 116\r\nc=IN IP4 0.0.0.0\r\na=mid:4")
	head := strings.Index(turned.SDP, "m=audio")
	end := at + strings.Index(turned.SDP[at:], "a=bundle-only\r\n") + len("a=bundle-only\r\n")
	turned.SDP = turned.SDP[:head] + turned.SDP[at:end] + turned.SDP[head:at] + turned.SDP[end:]
	turned.SDP = strings.Replace(turned.SDP, "BUNDLE 0 1 2 3 4", "BUNDLE 4 0 1 2 3", 1)
	for name, c := range map[string]struct {
		offer signaling.Offer
		pubs  []signaling.PublicationOffer
		seen  string
	}{
		"of Pion, 1+1":        {*offerOfSlots(t, 1, 1), nil, "0"},
		"of Pion, 3+4":        {*offerOfSlots(t, 3, 4), nil, "0"},
		"of Pion, 0+2":        {*offerOfSlots(t, 0, 2), nil, "0"},
		"as Chromium's":       {chromium(), chromiumPublications, "0 4 6"},
		"a publication first": {turned, chromiumPublications, "4 6"},
	} {
		want, _ := newNegotiator(t, MediaPortable).offer(c.offer, c.pubs...)
		n := newNegotiator(t, MediaFast)
		got, seen := n.offer(c.offer, c.pubs...)
		if seen != c.seen {
			t.Errorf("%s: Pion sees %s, want %s", name, seen, c.seen)
		}
		if len(got.MediaDescriptions) != len(want.MediaDescriptions) || strings.Join(bundle(got), " ") != strings.Join(bundle(want), " ") {
			t.Fatalf("%s: the answer has %d m-lines and the bundle %v, want %d and %v", name, len(got.MediaDescriptions), bundle(got), len(want.MediaDescriptions), bundle(want))
		}
		for i, m := range want.MediaDescriptions {
			if a, b := essence(got.MediaDescriptions[i]), essence(m); a != b {
				t.Errorf("%s: m-line %d is answered by\n%s\nwant\n%s", name, i, a, b)
			}
		}
		for _, s := range n.p.slots {
			if b := s.track.bound.Load(); b == nil || b.ssrc == 0 || (b.rtxSSRC != 0) != (s.media == signaling.KindVideo) {
				t.Errorf("%s: slot %s has the sources %+v", name, s.mid, b)
			}
		}
	}
}

// Later offers are answered by the same templates, with the sources of before, whatever becomes of the m-line that named the transport.
func TestTemplatesOfLaterOffers(t *testing.T) {
	n := newNegotiator(t, MediaFast)
	before, _ := n.offer(*offerOfSlots(t, 1, 1))
	o := *offerOfSlots(t, 1, 3)
	more, seen := n.offer(o)
	if seen != "0" || len(more.MediaDescriptions) != 4 || len(n.p.slots) != 4 {
		t.Errorf("Pion sees %s, %d m-lines are answered, there are %d slots", seen, len(more.MediaDescriptions), len(n.p.slots))
	}
	attribute := func(m *sdp.MediaDescription, key string) string {
		v, _ := m.Attribute(key)
		return v
	}
	for i, m := range more.MediaDescriptions {
		if i < 2 && attribute(m, "ssrc") != attribute(before.MediaDescriptions[i], "ssrc") {
			t.Errorf("m-line %d has other sources than before", i)
		}
		if u := attribute(m, "ice-ufrag"); u != attribute(more.MediaDescriptions[0], "ice-ufrag") || u == attribute(before.MediaDescriptions[0], "ice-ufrag") {
			t.Errorf("m-line %d has the ICE credentials %s after a restart", i, u)
		}
	}
	inactive := o
	inactive.SDP = strings.Replace(o.SDP, "a=recvonly", "a=inactive", 1)
	got, seen := n.offer(inactive)
	if _, silent := got.MediaDescriptions[0].Attribute("inactive"); seen != "0" || !silent || attribute(got.MediaDescriptions[0], "ssrc") != "" {
		t.Errorf("an inactive slot is answered by\n%s", essence(got.MediaDescriptions[0]))
	}
	ended := o
	ended.SDP = strings.Replace(strings.Replace(o.SDP, "m=audio 9", "m=audio 0", 1), "BUNDLE 0 1", "BUNDLE 1", 1)
	got, seen = n.offer(ended)
	if seen != "1" || got.MediaDescriptions[0].MediaName.Port.Value != 0 || strings.Join(bundle(got), " ") != "1 2 3" {
		t.Errorf("Pion sees %s, the bundle is %v, the m-line that ended is answered by\n%s", seen, bundle(got), essence(got.MediaDescriptions[0]))
	}
	if got, _ = n.offer(o); strings.Join(bundle(got), " ") != "0 1 2 3" {
		t.Errorf("when it is back the bundle is %v", bundle(got))
	}
	all := o
	all.SDP = strings.ReplaceAll(strings.ReplaceAll(o.SDP, "m=audio 9", "m=audio 0"), "m=video 9", "m=video 0")
	for _, group := range []string{"a=group:BUNDLE 0 1 2 3\r\n", "a=x:y\r\n"} {
		all.SDP = strings.Replace(all.SDP, "a=group:BUNDLE 0 1 2 3\r\n", group, 1)
		got, _ = n.offer(all)
		for i, m := range got.MediaDescriptions {
			if m.MediaName.Port.Value != 0 {
				t.Errorf("all slots have ended, and m-line %d is answered by\n%s", i, essence(m))
			}
		}
	}
}

// What Pion refuses has no template, is asked for once, and is told by the offer itself. The number of templates is bounded.
func TestTemplatesAreBounded(t *testing.T) {
	made, asked := 0, 0
	ts := &templates{make: func(m *sdp.MediaDescription) (*template, error) {
		if asked++; m.MediaName.Media == "audio" {
			return nil, errors.New("refused")
		}
		return &template{media: m}, nil
	}}
	for i := range 3 * maxTemplates {
		m := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "video", Formats: []string{fmt.Sprint(i)}}}
		made = i % maxNewTemplates
		if got := ts.of(m, &made); got == nil || got.media != m || made != i%maxNewTemplates+1 || ts.of(m, &made) != got {
			t.Fatalf("%d: %v, %d are made", i, got, made)
		}
	}
	if len(ts.kept) != maxTemplates {
		t.Errorf("%d are kept", len(ts.kept))
	}
	more := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "video"}}
	if made = maxNewTemplates; ts.of(more, &made) != nil {
		t.Error("one offer can have any number of templates made")
	}
	made, asked = 0, 0
	refused := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "audio"}}
	for range 2 {
		if ts.of(refused, &made) != nil || asked != 1 {
			t.Errorf("what is refused has a template, or was asked for %d times", asked)
		}
	}
	if (*templates)(nil).of(refused, &made) != nil {
		t.Error("there are templates where none may be")
	}
	s := newNegotiator(t, MediaFast).p.srv
	unknown := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "video", Protos: []string{"UDP", "TLS", "RTP", "SAVPF"}, Formats: []string{"96"}}}
	unknown.WithValueAttribute("rtpmap", "96 theora/90000").WithPropertyAttribute(sdp.AttrKeyRecvOnly)
	if got := s.templates.of(unknown, &made); got != nil {
		t.Errorf("a codec that is not known has the template %v", got)
	}
	if _, err := parseOffer(&signaling.Offer{SDP: sdpOf("a=group:BUNDLE 0", slotSection), Slots: []signaling.SlotOffer{{MID: "0", Kind: signaling.SlotVideo}}}, nil, nil, rtpfwd.VP8, &s.templates); err != nil {
		t.Error(err)
	}
}
