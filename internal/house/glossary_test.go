package house

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for name, want := range map[string][]string{
		"":                  nil,
		"Room":              {"room"},
		"ParticipantLeft":   {"participant", "left"},
		"ICEServerURLs":     {"ice", "server", "urls"},
		"MID":               {"mid"},
		"rtp_packets_total": {"rtp", "packets", "total"},
		"publication.added": {"publication", "added"},
		"retryAfterMs":      {"retry", "after", "ms"},
		"IDsByName":         {"ids", "by", "name"},
		"H264Codec":         {"h264", "codec"},
	} {
		if got := Words(name); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestFindBanned(t *testing.T) {
	for name, want := range map[string]string{
		"PeerConnection": "peer", "user_count": "user", "DownTrack": "", "Downtracks": "downtrack", "BridgeID": "bridge",
		"Participant": "", "Streaming": "", "Usage": "", "rtpStream": "stream",
	} {
		got, found := FindBanned(name)
		if got.Word != want || found != (want != "") {
			t.Errorf("%q: got %q, want %q", name, got.Word, want)
		}
	}
}
