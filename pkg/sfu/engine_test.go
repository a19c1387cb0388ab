package sfu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// offeredAudio and offeredVideo are the payload types that Chromium offers where it has H265, in its order.
var (
	offeredAudio = []string{
		"111 opus/48000/2", "63 red/48000/2", "9 G722/8000", "0 PCMU/8000", "8 PCMA/8000", "13 CN/8000", "110 telephone-event/48000",
		"126 telephone-event/8000",
	}
	offeredVideo = []string{
		"96 VP8/90000", "103 H264/90000 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
		"107 H264/90000 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42001f",
		"109 H264/90000 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		"39 H264/90000 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
		"45 AV1/90000 level-idx=5;profile=0;tier=0", "98 VP9/90000 profile-id=0", "100 VP9/90000 profile-id=2",
		"116 H265/90000 level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST", "118 H265/90000 level-id=180;profile-id=2;tier-flag=0;tx-mode=SRST",
	}
)

// offeredSection is an m-line of a browser with these payload types, of which those of video have retransmissions.
func offeredSection(media, mid, direction string, formats []string) string {
	var pts, lines []string
	for i, f := range formats {
		fields := strings.Fields(f)
		pts = append(pts, fields[0])
		lines = append(lines, "a=rtpmap:"+fields[0]+" "+fields[1], "a=rtcp-fb:"+fields[0]+" transport-cc")
		if len(fields) > 2 {
			lines = append(lines, "a=fmtp:"+fields[0]+" "+fields[2])
		}
		if media == "video" {
			rtx := fmt.Sprint(48 + i) // 48 to 63 are free
			pts = append(pts, rtx)
			lines = append(lines, "a=rtcp-fb:"+fields[0]+" nack", "a=rtcp-fb:"+fields[0]+" nack pli",
				"a=rtpmap:"+rtx+" rtx/90000", "a=fmtp:"+rtx+" apt="+fields[0])
		}
	}
	head := []string{
		"m=" + media + " 9 UDP/TLS/RTP/SAVPF " + strings.Join(pts, " "), "c=IN IP4 0.0.0.0", "a=mid:" + mid, "a=rtcp-mux", "a=setup:actpass",
		"a=" + direction,
	}
	return strings.Join(append(head, lines...), "\r\n")
}

// answeredBrowser gives the answer of our media engine to an offer of an audio publication on m-line 0, a video publication on m-line 1 and
// a slot on m-line 2.
func answeredBrowser(t *testing.T, audio, video []string) *answer {
	t.Helper()
	m := &webrtc.MediaEngine{}
	if err := registerMedia(m); err != nil {
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	fingerprint := "a=fingerprint:sha-256 00" + strings.Repeat(":00", 31)
	sdp := strings.Replace(sdpOf("a=group:BUNDLE 0 1 2", offeredSection("audio", "0", "sendonly", audio),
		offeredSection("video", "1", "sendonly", video), offeredSection("video", "2", "recvonly", offeredVideo)),
		"a=fingerprint:sha-256 00", fingerprint, 1)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		t.Fatal(err)
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &offer{publications: map[string]*signaling.PublicationOffer{"0": {MID: "0"}, "1": {MID: "1"}}}
	a, err := parseAnswer(local.SDP, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// agreed lists the codecs of an m-line with their payload types.
func agreed(a *answer, mid string) string {
	var out []string
	for _, c := range a.lines[mid].codecs {
		out = append(out, fmt.Sprintf("%v/%d=%d+%d", c.codec, c.rate, c.media, c.rtx))
	}
	return strings.Join(out, " ")
}

// TestChromiumOffers: the offerer's first codec is what it sends, and one line of each codec is agreed on where there are more.
func TestChromiumOffers(t *testing.T) {
	a := answeredBrowser(t, offeredAudio, offeredVideo)
	if got, want := agreed(a, "0"), "opus/48000=111+0 red/48000=63+0 pcmu/8000=0+0 pcma/8000=8+0"; got != want {
		t.Errorf("audio: %s, want %s", got, want)
	}
	const video = "vp8/90000=96+48 h264/90000=103+49 h264/90000=109+51 av1/90000=45+53 vp9/90000=98+54 h265/90000=116+56"
	for _, mid := range []string{"1", "2"} {
		if got := agreed(a, mid); got != video {
			t.Errorf("m-line %s:\n got %s\nwant %s", mid, got, video)
		}
	}
	if audio, camera := a.sendCodec("0"), a.sendCodec("1"); audio != rtpfwd.Opus || camera != rtpfwd.VP8 {
		t.Errorf("sent are %v and %v", audio, camera)
	}
	if pair := a.slotParameters("2").payloads[rtpfwd.H265]; pair != (payloadPair{116, 56}) {
		t.Errorf("the slot sends H265 as %v", pair)
	}
}

// TestPreferredCodecs: an offerer that puts H265 or G.711 first sends it.
func TestPreferredCodecs(t *testing.T) {
	a := answeredBrowser(t, []string{"8 PCMA/8000", "0 PCMU/8000"},
		[]string{"116 H265/90000 level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", "96 VP8/90000"})
	if audio, camera := a.sendCodec("0"), a.sendCodec("1"); audio != rtpfwd.PCMA || camera != rtpfwd.H265 {
		t.Errorf("sent are %v and %v", audio, camera)
	}
	if got, want := agreed(a, "0"), "pcma/8000=8+0 pcmu/8000=0+0"; got != want {
		t.Errorf("audio: %s, want %s", got, want)
	}
}
