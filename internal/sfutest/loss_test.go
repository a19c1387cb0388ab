package sfutest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// every loses one of n packets of video, by sequence number; what is sent again passes.
func every(n uint16) func(*rtp.Header) bool {
	return func(h *rtp.Header) bool { return h.PayloadType == vp8PT && h.SequenceNumber%n == n/2 }
}

// randomly loses a share of all packets, of what is sent again too. The seed is fixed.
func randomly(percent uint32) func(*rtp.Header) bool {
	state := uint32(1)
	return func(*rtp.Header) bool {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		return state%100 < percent
	}
}

// lossCase is one network.
type lossCase struct {
	name     string
	delay    time.Duration
	up, down func() func(*rtp.Header) bool
	frames   float64       // the share of frames that must be decoded
	sound    float64       // and of the packets of audio
	gap      time.Duration // the longest time without one
}

// Packets that are lost on either side are asked for and sent again.
func TestLossIsRepaired(t *testing.T) {
	t.Parallel()
	tenth := func() func(*rtp.Header) bool { return every(10) }
	none := func() func(*rtp.Header) bool { return nil }
	for _, c := range []lossCase{
		{"server to subscriber, every tenth", 5 * time.Millisecond, none, tenth, 1, 1, 150 * time.Millisecond},
		{"publisher to server, every tenth", 5 * time.Millisecond, tenth, none, 1, 1, 150 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			playLoss(t, c)
		})
	}
}

func playLoss(t *testing.T, c lossCase) {
	const length = 20 * time.Second
	var since time.Duration
	camera := Format{Source: signaling.SourceCamera, Delta: 3}
	Scenario{Conditions: Conditions{Delay: c.delay, Pushed: true}, Steps: []Step{
		Joins(Plan{Publish: []Format{camera, Microphone}}, "alice"),
		Joins(watching, "bob"),
		Runs(2 * time.Second),
		Checks("the network gets bad", func(w *World) error {
			w.P("alice").link.Lose(Up, c.up())
			w.P("bob").link.Lose(Down, c.down())
			since = w.now()
			return nil
		}),
		Runs(length),
		Checks("the picture is whole", func(w *World) error {
			alice, bob := w.P("alice"), w.P("bob")
			until := w.now() - time.Second // what is newer may still be repaired
			share, sound := part(bob, Camera, since, until, time.Second/30), part(bob, Microphone, since, until, audioFrame)
			gap := bob.Gap("alice", signaling.SourceCamera, since, until)
			lost, repaired := bob.Loss()
			pub, err := alice.Publication(signaling.SourceCamera)
			if err != nil {
				return err
			}
			_, again := pub.Sent(0)
			t.Logf("loss: %s: lost up %d, down %d; sent again by the publisher %d, by the server %.0f; repaired at the subscriber %d, given up %d; "+
				"frames decoded %.1f %%, of audio %.1f %%, longest gap %v", c.name, alice.link.Lost(Up), bob.link.Lost(Down), again,
				w.Metric("rtp_resent_packets_total"), repaired, lost, 100*share, 100*sound, gap.Round(time.Millisecond))
			if alice.link.Lost(Up)+bob.link.Lost(Down) < 100 {
				return fmt.Errorf("hardly anything was lost")
			}
			if share < c.frames-0.01 || sound < c.sound-0.01 || gap > c.gap {
				return fmt.Errorf("%.1f %% of the frames decoded, %.1f %% of audio, longest gap %v", 100*share, 100*sound, gap)
			}
			return nil
		}),
	}}.Play(t)
}

// part is the share of what alice sent in [since, until] that was decoded in that time.
func part(p *Participant, f Format, since, until, every time.Duration) float64 {
	n := 0
	for _, frame := range p.Frames("alice", f.Source, since) {
		if frame.At <= until {
			n++
		}
	}
	return float64(n) / float64((until-since)/every)
}
