package sfutest

import (
	"context"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// T-21: mallory asks ten times a second for all that was sent in the last second. A tenth of what goes to and from mallory and bob is lost.
// mallory does not get more than a third of all bytes again, and what bob misses comes.
func TestNackAbuseUnderLoss(t *testing.T) {
	t.Parallel()
	const length = 30 * time.Second
	plan := Plan{Eager: true}
	var probed float64
	var all, again, asked, lost, repaired, lostToMallory, repairedAtMallory int
	Scenario{Conditions: Conditions{Delay: 12500 * time.Microsecond}, Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: signaling.SourceCamera, Delta: 3}, Microphone}}, "alice"),
		Joins(plan, "bob", "mallory"),
		Runs(time.Second),
		Checks("the paths get bad", func(w *World) error {
			for i, id := range []string{"bob", "mallory"} {
				for _, d := range []Direction{Up, Down} {
					w.P(id).link.Turn(d, Weather{Loss: 0.1, Seed: uint64(2*i) + uint64(d)})
				}
			}
			w.P("mallory").link.Measure(Down)
			probed = w.Metric("probed_bytes_total")
			return nil
		}),
		step("mallory asks for everything again and again", func(_ context.Context, w *World) error {
			for range length / (100 * time.Millisecond) {
				asked += asksForAll(w.P("mallory"))
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}),
		Checks("it is counted", func(w *World) error {
			all, again = w.P("mallory").link.Measured(Down)
			lost, repaired = w.P("bob").Loss()
			again -= int(w.Metric("probed_bytes_total") - probed) // they look the same from outside
			lostToMallory, repairedAtMallory = w.P("mallory").Loss()
			return nil
		}),
	}}.Play(t)
	t.Logf("NACK abuse: %d packets asked for; %d of %d bytes were sent again; of what was really missing, bob got %d of %d, mallory %d of %d",
		asked, again, all, repaired, repaired+lost, repairedAtMallory, repairedAtMallory+lostToMallory)
	atMost("T-21", "NACK abuse: bytes sent again to who asks for everything", 100*float64(again)/float64(all), 100.0/3, " %").report(t)
	atLeast("T-21", "NACK abuse: recovery at the honest one", 100*recovered(repaired, lost), 99.9, " %").report(t)
	figure{
		"T-21", "NACK abuse: recovery at who abuses", "stated", number(100*recovered(repairedAtMallory, lostToMallory)) + " %", again > 0,
	}.report(t)
}

// asksForAll asks for the last 170 packets of each slot, and tells of how many.
func asksForAll(p *Participant) (asked int) {
	for _, s := range p.allSlots() {
		if _, shows := s.FirstSeq(); !shows {
			continue
		}
		nack := &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: s.SSRC()}
		for i := range uint16(10) {
			nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: s.NewestSeq() - 17*(i+1) + 1, LostPackets: 0xffff})
			asked += 17
		}
		p.SendRTCP(nack)
	}
	return asked
}
