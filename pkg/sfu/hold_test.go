package sfu

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// The beginning of a picture waits for the rest, for a moment, where many watch.
func TestHeld(t *testing.T) {
	begin := func(n int) []*rtpfwd.Packet {
		round := make([]*rtpfwd.Packet, n)
		for i := range round {
			round[i] = &rtpfwd.Packet{Arrival: time.Second + time.Duration(i)*time.Millisecond}
		}
		return round
	}
	end := append(begin(2), &rtpfwd.Packet{Marker: true})
	for name, c := range map[string]struct {
		kind  signaling.Kind
		subs  int
		round []*rtpfwd.Packet
		after time.Duration
		want  bool
	}{
		"the first":         {signaling.KindVideo, holdFor, begin(1), 0, true},
		"just before":       {signaling.KindVideo, holdFor, begin(3), holdTime - 1, true},
		"too late":          {signaling.KindVideo, holdFor, begin(3), holdTime, false},
		"nothing":           {signaling.KindVideo, holdFor, nil, 0, false},
		"enough":            {signaling.KindVideo, holdFor, begin(holdLess), 0, false},
		"the whole picture": {signaling.KindVideo, holdFor, end, 0, false},
		"few watch":         {signaling.KindVideo, holdFor - 1, begin(1), 0, false},
		"sound":             {signaling.KindAudio, holdFor, begin(1), 0, false},
	} {
		f := &feed{pub: &Publication{kind: c.kind}, subs: make([]*subscription, c.subs), round: c.round}
		if got := f.held(time.Second + c.after); got != c.want {
			t.Errorf("%s: held is %v", name, got)
		}
	}
}
