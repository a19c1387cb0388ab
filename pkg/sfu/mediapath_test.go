package sfu

import (
	"strings"
	"testing"
	"time"
)

// Whose offer may send media is checked; RFC 8866, section 6.7: without a direction both ways are meant.
func TestChecksPath(t *testing.T) {
	for _, c := range []struct {
		offer string
		want  bool
	}{
		{"", false},
		{"v=0", false},
		{"v=0|m=audio 9 UDP/TLS/RTP/SAVPF 111|a=recvonly|m=video 9 UDP/TLS/RTP/SAVPF 96|a=recvonly", false},
		{"v=0|m=video 9 UDP/TLS/RTP/SAVPF 96|a=recvonly|m=application 9 UDP/DTLS/SCTP webrtc-datachannel", false},
		{"v=0|m=audio 9 UDP/TLS/RTP/SAVPF 111|a=inactive", false},
		{"v=0|m=audio 9 UDP/TLS/RTP/SAVPF 111|a=sendonly|m=video 9 UDP/TLS/RTP/SAVPF 96|a=recvonly", true},
		{"v=0|m=audio 9 UDP/TLS/RTP/SAVPF 111|a=recvonly|m=video 9 UDP/TLS/RTP/SAVPF 96|a=sendrecv", true},
		{"v=0|m=audio 9 UDP/TLS/RTP/SAVPF 111|a=mid:0", true},
		{"v=0|m=video 9 UDP/TLS/RTP/SAVPF 96|a=mid:0|m=application 9 UDP/DTLS/SCTP webrtc-datachannel", true},
	} {
		if got := checksPath(strings.ReplaceAll(c.offer, "|", "\r\n")); got != c.want {
			t.Errorf("%q: %v", c.offer, got)
		}
	}
}

// Receiver reports tell the round trip of who is not checked only.
func TestReportedRoundTrip(t *testing.T) {
	for checks, want := range map[bool]time.Duration{false: 30 * time.Millisecond, true: 50 * time.Millisecond} {
		tr := &Transport{checks: checks}
		tr.rtt.Store(int64(50 * time.Millisecond))
		tr.reported(30 * time.Millisecond)
		tr.reported(0)
		if got := tr.roundTrip(); got != want {
			t.Errorf("checked %v: %v, want %v", checks, got, want)
		}
	}
}
