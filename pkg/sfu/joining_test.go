package sfu

import (
	"testing"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Before its welcome a client does not know the room's codec, so it lists what it can send.
func TestHelloInAnotherCodecThanTheRooms(t *testing.T) {
	p := &Participant{srv: &Server{cfg: Config{Codec: rtpfwd.VP9}}}
	for _, c := range []struct {
		name  string
		codec rtpfwd.Codec
		kind  signaling.Kind
		can   []string
		want  bool
	}{
		{"could have sent the room's", rtpfwd.VP8, signaling.KindVideo, []string{"vp8", "vp9"}, true},
		{"sends the room's", rtpfwd.VP9, signaling.KindVideo, []string{"vp9", "vp8"}, false},
		{"has chosen its own", rtpfwd.VP8, signaling.KindVideo, []string{"vp8"}, false},
		{"does not say", rtpfwd.VP8, signaling.KindVideo, nil, false},
		{"sound", rtpfwd.Opus, signaling.KindAudio, []string{"opus", "vp9"}, false},
	} {
		pub := &Publication{codec: c.codec, kind: c.kind}
		if got := p.wantsOther(pub, &signaling.PublicationOffer{Codecs: c.can}); got != c.want {
			t.Errorf("%s: to be offered again: %v, want %v", c.name, got, c.want)
		}
	}
}
