package sfu

import (
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// manyCodecs are the lines of an m-section for video with a choice of codecs, as browsers offer them.
const manyCodecs = "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
	"a=rtpmap:98 VP9/90000\r\na=fmtp:98 profile-id=0\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98\r\n" +
	"a=rtpmap:35 flexfec-03/90000\r\na=fmtp:35 repair-window=10000000\r\na=rtcp-fb:* nack pli\r\n" +
	"a=extmap:1 " + extMID + "\r\na=extmap:2/recvonly urn:example:unknown\r\na=extmap:3 " + extTransportCC

func withFormats(s, formats string) string {
	return strings.Replace(s, "SAVPF 96", "SAVPF "+formats, 1)
}

func TestTrim(t *testing.T) {
	const all = "96 97 98 99 35"
	video := func(mid string) string { return withFormats(section("video", mid, "a=recvonly", manyCodecs), all) }
	camera := withFormats(section("video", "cam", "a=sendonly", manyCodecs), all)
	sound := withFormats(section("audio", "mic", "a=recvonly", "a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
		"a=rtpmap:9 G722/8000", "a=rtpmap:110 telephone-event/48000"), "111 63 9 0 8 110")
	o := &signaling.Offer{Rev: 1, SDP: sdpOf(video("room"), video("named"), video("before"), video("none"), camera, sound), Slots: []signaling.SlotOffer{
		{MID: "room", Kind: signaling.SlotVideo}, {MID: "named", Kind: signaling.SlotPinned, Codec: "vp9"}, {MID: "before", Kind: signaling.SlotVideo, Codec: "vp8"},
		{MID: "none", Kind: signaling.SlotVideo, Codec: "av1"}, {MID: "mic", Kind: signaling.SlotAudio},
	}}
	pubs := []signaling.PublicationOffer{{CID: "c", MID: "cam", Kind: signaling.KindVideo, Source: signaling.SourceCamera}}
	known := map[string]mediaLine{"before": {media: "video", slot: true, codec: rtpfwd.VP9}}
	got, err := parseOffer(o, pubs, known, rtpfwd.VP8, nil)
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(got.sdp, "\r\nm=")[1:]
	for i, c := range []struct{ name, formats, without string }{
		{"the room's codec", "96 97", ":98 :99 :35 unknown"},
		{"the codec that the slot names", "98 99", ":96 :97 :35 unknown"},
		{"the codec that the slot was made with", "98 99", ":96 :97 :35"},
		{"a codec that is not offered", all, "unknown"},
		{"a publication", "96 97 98 99", ":35 unknown"},
		{"sound", "111 63 0 8", ":9 :110"},
	} {
		head, lines, _ := strings.Cut(sections[i], "\r\n")
		if _, formats, _ := strings.Cut(head, "SAVPF "); formats != c.formats {
			t.Errorf("%s: formats %s, want %s", c.name, formats, c.formats)
		}
		for _, text := range strings.Fields(c.without) {
			if strings.Contains(lines, text+" ") || strings.Contains(lines, "example:"+text) {
				t.Errorf("%s: %s is still there:\n%s", c.name, text, lines)
			}
		}
		if head[0] == 'v' && (!strings.Contains(lines, "rtcp-fb:* nack pli") || !strings.Contains(lines, extTransportCC)) {
			t.Errorf("%s: too much is left out:\n%s", c.name, lines)
		}
	}
}
