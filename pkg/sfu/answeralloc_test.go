package sfu

import (
	"testing"

	"github.com/pion/sdp/v3"
)

// Reading our own answer is a part of each join. A number that is none costs an error each time, so none is read but where there is one.
func TestReadAnsweredAllocations(t *testing.T) {
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{Media: "video", Formats: []string{"96", "97"}}}
	for _, a := range [][2]string{
		{"rtpmap", "96 VP8/90000"}, {"rtpmap", "97 rtx/90000"}, {"fmtp", "97 apt=96"}, {"rtcp-fb", "96 nack"}, {"rtcp-fb", "96 nack pli"},
		{"mid", "1"}, {"setup", "passive"}, {"ice-ufrag", "abc"}, {"msid", "a b"}, {"ssrc", "1 msid:a b"}, {"ssrc", "1 cname:a"}, {"sendonly", ""},
		{"rtcp-mux", ""}, {"candidate", "1 1 udp 1 127.0.0.1 1 typ host"},
	} {
		m.WithValueAttribute(a[0], a[1])
	}
	line := readAnswered(m)
	if len(line.codecs) != 1 || line.codecs[0].rtx != 97 || line.codecs[0].rate != 90000 || !line.codecs[0].nack {
		t.Fatalf("it is read as %+v", line)
	}
	if n := testing.AllocsPerRun(100, func() { readAnswered(m) }); n > 6 {
		t.Errorf("%v allocations for one codec", n)
	}
	if n := testing.AllocsPerRun(100, func() { parseRTPMap("111 opus/48000/2") }); n != 0 {
		t.Errorf("%v allocations for a=rtpmap", n)
	}
}
