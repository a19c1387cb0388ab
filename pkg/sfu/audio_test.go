package sfu

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// The audio codecs that browsers offer, and what answers them.
var (
	chromiumAudio = map[int][]string{
		111: {"rtpmap:111 opus/48000/2", "rtcp-fb:111 transport-cc", "rtcp-fb:111 nack", "fmtp:111 minptime=10;useinbandfec=1"},
		63:  {"rtpmap:63 red/48000/2", "fmtp:63 111/111"},
		9:   {"rtpmap:9 G722/8000"}, 0: {"rtpmap:0 PCMU/8000"}, 8: {"rtpmap:8 PCMA/8000"},
		13: {"rtpmap:13 CN/8000"}, 110: {"rtpmap:110 telephone-event/48000"}, 126: {"rtpmap:126 telephone-event/8000"},
	}
	firefoxAudio = map[int][]string{
		109: {"rtpmap:109 opus/48000/2", "fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1"},
		9:   {"rtpmap:9 G722/8000/1"}, 0: {"rtpmap:0 PCMU/8000"}, 8: {"rtpmap:8 PCMA/8000"},
		101: {"rtpmap:101 telephone-event/8000/1", "fmtp:101 0-15"},
	}
)

// audioLine is an audio m-section with these payload types in this order.
func audioLine(mid, direction string, codecs map[int][]string, order ...int) string {
	formats, lines := "", []string{"c=IN IP4 0.0.0.0", "a=setup:actpass", "a=rtcp-mux", "a=mid:" + mid, "a=" + direction}
	for _, pt := range order {
		formats += " " + strconv.Itoa(pt)
		for _, l := range codecs[pt] {
			lines = append(lines, "a="+l)
		}
	}
	return "m=audio 9 UDP/TLS/RTP/SAVPF" + formats + "\r\n" + strings.Join(lines, "\r\n")
}

func isOpus(pt int) bool { return pt == 111 || pt == 109 }

// answered is what Pion answers to an offer of these m-sections with our codecs, read as negotiate does.
func answered(t *testing.T, sections ...string) *answer {
	t.Helper()
	media := &webrtc.MediaEngine{}
	if err := registerMedia(media); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	sdp := strings.NewReplacer("sha-256 00", "sha-256 "+strings.Repeat("00:", 31)+"00", "t=0 0", "t=0 0\r\na=group:BUNDLE 0 1 2").
		Replace(sdpOf(sections...))
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := parseAnswer(local.SDP, &offer{publications: map[string]*signaling.PublicationOffer{}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The order of an offer is kept: a browser sends RED only where it comes first in the answer.
func TestAudioIsAnswered(t *testing.T) {
	withoutFEC := map[int][]string{111: {"rtpmap:111 opus/48000/2", "fmtp:111 minptime=20;useinbandfec=0"}, 63: chromiumAudio[63]}
	for _, c := range []struct {
		name   string
		codecs map[int][]string
		order  []int
		want   string   // the formats of the answer
		lines  []string // of it
		red    bool
	}{
		{"Chromium", chromiumAudio, []int{111, 63, 9, 0, 8, 13, 110, 126}, " 111 63 0 8",
			[]string{"a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtcp-fb:111 nack"}, false},
		{"Chromium that prefers RED", chromiumAudio, []int{63, 111, 9, 0, 8, 13, 110, 126}, " 63 111 0 8",
			[]string{"a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtcp-fb:111 nack"}, true},
		{"Firefox", firefoxAudio, []int{109, 9, 0, 8, 101}, " 109 0 8", []string{"a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1"}, false},
		{"other parameters of Opus", withoutFEC, []int{63, 111}, " 63 111", []string{"a=fmtp:111 minptime=20;useinbandfec=0"}, true},
		{"other parameters of Opus, RED second", withoutFEC, []int{111, 63}, " 111 63", nil, false},
		{"RED that is not wanted at all", chromiumAudio, []int{111}, " 111", nil, false},
	} {
		both := []string{audioLine("1", "sendonly", c.codecs, c.order...), audioLine("2", "recvonly", c.codecs, c.order...)}
		a := answered(t, both...)
		// With Opus alone on the m-line before them nothing is different.
		alone := answered(t, append([]string{audioLine("0", "recvonly", c.codecs, c.order[slices.IndexFunc(c.order, isOpus)])}, both...)...)
		if !reflect.DeepEqual(alone.lines["1"], a.lines["1"]) || !reflect.DeepEqual(alone.lines["2"], a.lines["2"]) {
			t.Errorf("%s: %+v after another m-line, %+v without", c.name, alone.lines["1"], a.lines["1"])
		}
		if n := strings.Count(a.sdp, "SAVPF"+c.want+"\r\n"); n < 2 {
			t.Errorf("%s: %d m-lines are answered by%s:\n%s", c.name, n, c.want, a.sdp)
		}
		for _, l := range c.lines {
			if n := strings.Count(a.sdp, l+"\r\n"); n < 2 {
				t.Errorf("%s: %q stands %d times in\n%s", c.name, l, n, a.sdp)
			}
		}
		first := a.lines["1"].first()
		if got := a.sendCodec("1"); got != rtpfwd.Opus || first.rate != 48000 || first.nack != slices.Contains(c.codecs[int(first.media)], "rtcp-fb:111 nack") {
			t.Errorf("%s: published as %v, %+v", c.name, got, first)
		}
		sp := a.slotParameters("2")
		if sp.wantsRED != c.red || sp.payloads[rtpfwd.Opus].media == 0 {
			t.Errorf("%s: slot %+v", c.name, sp)
		}
	}
}

// RED alone carries nothing: it names payload types that are not there.
func TestREDAloneIsRefused(t *testing.T) {
	line := audioLine("0", "sendonly", chromiumAudio, 63, 9)
	o := &signaling.Offer{SDP: sdpOf(line)}
	pub := signaling.PublicationOffer{CID: "c", MID: "0", Kind: signaling.KindAudio, Source: signaling.SourceMicrophone}
	if _, err := parseOffer(o, []signaling.PublicationOffer{pub}, nil, rtpfwd.VP8, nil); err == nil {
		t.Error("an offer of nothing but RED is taken")
	}
	if c := answered(t, line).sendCodec("0"); c != rtpfwd.CodecNone {
		t.Errorf("RED alone is published as %v", c)
	}
	if sp := answered(t, audioLine("0", "recvonly", chromiumAudio, 63)).slotParameters("0"); sp.payloads[rtpfwd.Opus].media != 0 {
		t.Errorf("a slot of RED alone has %+v", sp)
	}
}

func TestSlotSource(t *testing.T) {
	pub := &Publication{codec: rtpfwd.Opus, csrc: 7, kind: signaling.KindAudio}
	sp := slotParameters{payloads: map[rtpfwd.Codec]payloadPair{rtpfwd.Opus: {111, 112}, rtpfwd.RED: {63, 64}, rtpfwd.VP8: {96, 97}}}
	if s := sp.source(pub, 48000); s.PayloadType != 111 || s.RTXPayloadType != 112 || s.BlockPayloadType != 0 || s.CSRC != 7 || s.Rate != 48000 {
		t.Errorf("plain: %+v", s)
	}
	sp.wantsRED = true
	if s := sp.source(pub, 48000); s.PayloadType != 63 || s.RTXPayloadType != 64 || s.BlockPayloadType != 111 || s.Redundant != 1 || s.Codec != rtpfwd.Opus {
		t.Errorf("RED: %+v", s)
	}
	video := &Publication{codec: rtpfwd.VP8, kind: signaling.KindVideo}
	if s := sp.source(video, 90000); s.PayloadType != 96 || s.RTXPayloadType != 97 || s.BlockPayloadType != 0 {
		t.Errorf("video: %+v", s)
	}
}

// A slot wants RED if that is offered before Opus, whatever else is offered before.
func TestSlotWantsRED(t *testing.T) {
	opus, red, other := answeredCodec{codec: rtpfwd.Opus, payloadPair: payloadPair{media: 111}},
		answeredCodec{codec: rtpfwd.RED, payloadPair: payloadPair{media: 63}}, answeredCodec{codec: rtpfwd.PCMU, payloadPair: payloadPair{media: 1}}
	for _, c := range []struct {
		codecs []answeredCodec
		want   bool
	}{{[]answeredCodec{other, red, opus}, true}, {[]answeredCodec{opus, other, red}, false}, {[]answeredCodec{other, opus}, false}, {nil, false}} {
		a := &answer{lines: map[string]*answeredLine{"1": {codecs: c.codecs}}}
		if got := a.slotParameters("1").wantsRED; got != c.want {
			t.Errorf("%+v: wants RED %v", c.codecs, got)
		}
	}
}
