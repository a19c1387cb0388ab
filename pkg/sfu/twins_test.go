package sfu

import (
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// twinOffer has, of each kind, slots that are alike and some that are not.
func twinOffer() *signaling.Offer {
	vp8 := []string{"a=rtpmap:96 VP8/90000", "a=extmap:1 " + extMID, "a=extmap:3 " + extTransportCC}
	turned := []string{"a=extmap:3 " + extTransportCC, "a=extmap:1 " + extMID, "a=rtpmap:96 VP8/90000", "a=ice-ufrag:other", "a=bundle-only"}
	opus := []string{"a=rtpmap:96 opus/48000/2"}
	recvonly := func(media, mid string, lines []string) string {
		return section(media, mid, append([]string{"a=recvonly"}, lines...)...)
	}
	o := &signaling.Offer{Rev: 1, SDP: sdpOf("a=group:BUNDLE v0 v1 a0 vx a1 v2 pub", recvonly("video", "v0", vp8), recvonly("video", "v1", turned),
		recvonly("audio", "a0", opus), recvonly("video", "vx", vp8[:2]), recvonly("audio", "a1", opus), recvonly("video", "alone", vp8),
		strings.Replace(recvonly("video", "v2", turned), " 9 ", " 0 ", 1), section("video", "pub", append([]string{"a=sendonly"}, vp8...)...))}
	for _, mid := range []string{"v0", "v1", "vx", "alone", "v2"} {
		o.Slots = append(o.Slots, signaling.SlotOffer{MID: mid, Kind: signaling.SlotVideo})
	}
	for _, mid := range []string{"a0", "a1"} {
		o.Slots = append(o.Slots, signaling.SlotOffer{MID: mid, Kind: signaling.SlotAudio})
	}
	return o
}

var twinPublications = []signaling.PublicationOffer{{CID: "c", MID: "pub", Kind: signaling.KindVideo, Source: signaling.SourceCamera}}

// midsOf lists the m-lines of a description, and its bundle.
func midsOf(t *testing.T, text string) (mids, bundled string) {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		all = append(all, mid)
	}
	return strings.Join(all, " "), strings.Join(bundle(&d), " ")
}

func TestTwinsAreHidden(t *testing.T) {
	o, err := parseOffer(twinOffer(), twinPublications, nil, rtpfwd.VP8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mids, bundled := midsOf(t, o.sdp); mids != "v0 a0 vx alone pub" || bundled != "v0 a0 vx pub" {
		t.Errorf("Pion sees %s, bundled %s", mids, bundled)
	}
	for mid, model := range map[string]string{"v0": "", "v1": "v0", "a0": "", "vx": "", "a1": "a0", "alone": "", "v2": "v0", "pub": ""} {
		if got := o.line(mid).model; got != model {
			t.Errorf("%s is the twin of %q, want %q", mid, got, model)
		}
	}
}

// An m-line stays what it was in its first offer, whatever it looks like in a later one.
func TestTwinsStayWhatTheyAre(t *testing.T) {
	known := map[string]mediaLine{
		"v0": {media: "video", slot: true, codec: rtpfwd.VP8}, "v1": {media: "video", slot: true, codec: rtpfwd.VP8},
		"vx": {media: "video", slot: true, codec: rtpfwd.VP8, model: "v0"},
	}
	o, err := parseOffer(twinOffer(), twinPublications, known, rtpfwd.VP8, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mids, _ := midsOf(t, o.sdp); mids != "v0 v1 a0 alone pub" {
		t.Errorf("Pion sees %s", mids)
	}
	ended := twinOffer()
	ended.SDP = strings.Replace(ended.SDP, "a=mid:v0\r\na=recvonly", "a=mid:v0\r\na=inactive", 1)
	if _, err := parseOffer(ended, twinPublications, known, rtpfwd.VP8, nil); err == nil || !strings.Contains(err.Error(), "v0 cannot be ended") {
		t.Errorf("the model of a slot is ended: %v", err)
	}
	ended.SDP = strings.Replace(ended.SDP, "a=mid:vx\r\na=recvonly", "a=mid:vx\r\na=inactive", 1)
	if _, err := parseOffer(ended, twinPublications, known, rtpfwd.VP8, nil); err != nil {
		t.Errorf("the model is ended with its twin: %v", err)
	}
}

func TestTwinsAreAnswered(t *testing.T) {
	offered := twinOffer()
	offered.SDP = strings.Replace(offered.SDP, "a=mid:a1\r\na=recvonly", "a=mid:a1\r\na=rtcp-xr:rcvr-rtt=all\r\na=recvonly", 1)
	offered.SDP = strings.Replace(offered.SDP, "a=mid:a0\r\na=recvonly", "a=mid:a0\r\na=rtcp-xr:rcvr-rtt=all\r\na=recvonly", 1)
	o, err := parseOffer(offered, twinPublications, nil, rtpfwd.VP8, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.tracks = map[string]*slotTrack{}
	for i, mid := range []string{"v1", "v2", "a1"} {
		track := &slotTrack{id: "track-" + mid, streamID: "slot-" + mid, media: webrtc.RTPCodecTypeVideo}
		track.bound.Store(&boundTrack{ssrc: uint32(1000 + i), rtxSSRC: uint32(2000+i) * uint32(1-i/2)})
		o.tracks[mid] = track
	}
	answered := func(media, mid, codec string, sources ...string) string {
		return section(media, mid, append([]string{"a=sendonly", "a=rtpmap:96 " + codec}, sources...)...)
	}
	local := sdpOf("a=group:BUNDLE v0 a0 pub", answered("video", "v0", "VP8/90000", "a=ssrc-group:FID 1 2", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x",
		"a=msid:slot-v0 track-v0", "a=candidate:1 1 udp 1 192.0.2.1 5 typ host"), answered("audio", "a0", "opus/48000/2", "a=ssrc:3 cname:x"),
		strings.Replace(answered("video", "vx", "VP8/90000"), " 9 ", " 0 ", 1), answered("video", "alone", "VP8/90000"), section("video", "pub", "a=recvonly", "a=rtpmap:96 VP8/90000"))
	a, err := parseAnswer(local, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mids, bundled := midsOf(t, a.sdp); mids != "v0 v1 a0 vx a1 alone v2 pub" || bundled != "v0 v1 a0 a1 v2 pub" {
		t.Errorf("the answer has %s, bundled %s", mids, bundled)
	}
	for text, want := range map[string]int{
		"a=ssrc-group:FID 1000 2000\r\n": 1, "a=ssrc:1000 cname:slot-v1\r\n": 1, "a=msid:slot-v1 track-v1\r\n": 1, "a=ssrc:2001 ": 4,
		"a=ssrc:1 ": 1, "a=ssrc:3 ": 1, "a=msid:slot-v0 ": 1, "a=rtcp-xr:": 2, "FID 1002": 0, "a=ssrc:1002 ": 4,
	} {
		if n := strings.Count(a.sdp, text); n != want {
			t.Errorf("%q stands %d times in the answer, want %d\n%s", text, n, want, a.sdp)
		}
	}
	if a.slotParameters("v2").payloads[rtpfwd.VP8].media != 96 {
		t.Error("a twin has no payload type")
	}
}
