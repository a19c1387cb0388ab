package sfu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// answerTo is an answer to an offer with a publication on m-line 0 and a slot on m-line 1, as Pion makes it.
func answerTo(t *testing.T, codec string) *answer {
	t.Helper()
	lines := []string{
		"a=rtpmap:96 " + codec + "/90000", "a=rtcp-fb:96 nack", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
		"a=extmap:4 " + extMID, "a=extmap:9/recvonly " + extDependency, "a=extmap:15 urn:unknown",
	}
	local := sdpOf(section("video", "0", lines...), section("video", "1", lines...))
	local = strings.ReplaceAll(local, "SAVPF 96", "SAVPF 96 97")
	o := &offer{publications: map[string]*signaling.PublicationOffer{"0": {MID: "0"}}}
	a, err := parseAnswer(local, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseAnswer(t *testing.T) {
	a := answerTo(t, "VP8")
	if c := a.sendCodec("0"); c != rtpfwd.VP8 {
		t.Errorf("codec %v", c)
	}
	if a.payloads.Codec[96] != rtpfwd.VP8 || a.payloads.APT[97] != 96 {
		t.Errorf("payload types %v, %v", a.payloads.Codec[96], a.payloads.APT[97])
	}
	line := a.lines["0"]
	if c := line.codecs[0]; c.rtx != 97 || !c.nack || c.rate != 90000 || len(line.codecs) != 1 {
		t.Errorf("m-line 0: %+v", line.codecs)
	}
	if line.extensions.MID != 4 {
		t.Errorf("extensions %+v", line.extensions)
	}
	hint := fmt.Sprintf("a=fmtp:96 x-google-start-bitrate=%d\r\n", startBitrateKbps)
	if n := strings.Count(a.sdp, hint); n != 1 {
		t.Errorf("the start bitrate stands %d times, want once: on the publication\n%s", n, a.sdp)
	}
	if p := a.slotParameters("1").payloads[rtpfwd.VP8]; p != (payloadPair{96, 97}) {
		t.Errorf("the slot sends VP8 as %v", p)
	}
	if p := a.slotParameters("7").payloads; len(p) != 0 {
		t.Errorf("an m-line that was not answered sends %v", p)
	}
}

func TestDescriptorIsAgreedWhereItIsNeeded(t *testing.T) {
	for codec, wanted := range map[string]uint8{"VP8": 0, "H264": 0, "VP9": 9, "AV1": 9} {
		a := answerTo(t, codec)
		if id := a.lines["0"].extensions.DependencyDescriptor; id != wanted {
			t.Errorf("%s is published with the descriptor as %d, want %d", codec, id, wanted)
		}
		if id := a.lines["1"].extensions.DependencyDescriptor; id != 9 {
			t.Errorf("a slot has the descriptor as %d", id)
		}
		if n := strings.Count(a.sdp, extDependency); n != 1+int(wanted/9) {
			t.Errorf("%s: the descriptor stands %d times in the answer", codec, n)
		}
	}
}

// TestReferenceTimesAreAgreed: a receiver tells its reference times only where the answer has what its offer has.
func TestReferenceTimesAreAgreed(t *testing.T) {
	for offered, want := range map[string]int{
		"a=rtcp-xr:rcvr-rtt=all": 1, "a=rtcp-xr:voip-metrics rcvr-rtt=all": 1, "a=rtcp-xr:voip-metrics": 0, "a=rtcp-xr:": 0, "a=rtcp-mux": 0,
	} {
		slots := []signaling.SlotOffer{{MID: "0", Kind: signaling.SlotVideo}, {MID: "1", Kind: signaling.SlotVideo}}
		lines := []string{"a=recvonly", "a=rtpmap:96 VP8/90000"}
		text := sdpOf(section("video", "0", append(lines, offered)...), section("video", "1", lines...))
		o, err := parseOffer(&signaling.Offer{Rev: 1, SDP: text, Slots: slots}, nil, nil, rtpfwd.VP8, nil)
		if err != nil {
			t.Fatal(err)
		}
		answered := []string{"a=sendonly", "a=rtpmap:96 VP8/90000"} // Pion leaves out what it does not know
		a, err := parseAnswer(sdpOf(section("video", "0", answered...), section("video", "1", answered...)), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(a.sdp, "a=rtcp-xr:rcvr-rtt=all\r\n"); n != want {
			t.Errorf("%s: stands %d times in the answer, want %d\n%s", offered, n, want, a.sdp)
		}
	}
}
