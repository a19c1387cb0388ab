package sfutest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// Every packet of the server has a transport-wide number of its own, over all slots, and the time when it was sent; subscribers
// acknowledge them, and learn their round trip.
func TestPacketsAreNumberedAcrossSlots(t *testing.T) {
	const delay = 20 * time.Millisecond
	both := Plan{Publish: []Format{{Source: "camera", Delta: 3}, Microphone}}
	Scenario{Conditions: Conditions{Delay: delay}, Steps: []Step{
		Joins(both, "alice"),
		Joins(both, "carol"),
		Joins(watching, "bob"),
		Runs(5 * time.Second),
		Checks("numbers, times and round trip", func(w *World) error {
			for _, want := range []string{"a=rtcp-fb:96 transport-cc", "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:96 rrtr", "a=rtcp-fb:111 rrtr"} {
				if !strings.Contains(w.P("bob").pc.RemoteDescription().SDP, want) {
					return fmt.Errorf("the answer has no %s", want)
				}
			}
			h := w.P("bob").Hop()
			acked, fed := w.Metric("transport_acknowledged_packets_total"), w.Metric("transport_feedback_total")
			t.Logf("hop: %+v; the server counts %.0f feedback packets, %.0f acknowledged", h, fed, acked)
			if h.Numbered < 1000 || h.Missing != 0 || h.Unnumbered != 0 {
				return fmt.Errorf("%d packets have numbers, %d have none, %d numbers did not come", h.Numbered, h.Unnumbered, h.Missing)
			}
			if spread := h.Slowest - h.Fastest; spread > 5*time.Millisecond {
				return fmt.Errorf("by their send times packets took %v longer than others", spread)
			}
			if h.RTT < 2*delay || h.RTT > 2*delay+10*time.Millisecond {
				return fmt.Errorf("a round trip of %v, the network has %v", h.RTT, 2*delay)
			}
			all := 0
			for _, id := range []string{"alice", "bob", "carol"} {
				all += w.P(id).Hop().Acknowledged
			}
			if fed < 100 || acked > float64(all) || acked < 0.9*float64(all) {
				return fmt.Errorf("the server counts %.0f packets as acknowledged, %d are", acked, all)
			}
			return nil
		}),
	}}.Play(t)
}

// Lost packets leave holes in the numbers, and their retransmissions have numbers of their own, or, of audio, the first ones.
func TestLossIsSeenInNumbers(t *testing.T) {
	var lost int
	Scenario{Steps: []Step{
		Joins(Plan{Publish: []Format{{Source: "camera", Delta: 3}}}, "alice"),
		Joins(watching, "bob"),
		Runs(2 * time.Second),
		Checks("the network gets bad", func(w *World) error {
			w.P("bob").link.Lose(Down, every(10))
			return nil
		}),
		Runs(5 * time.Second),
		Checks("and good again", func(w *World) error {
			w.P("bob").link.Lose(Down, func(*rtp.Header) bool { return false })
			lost = w.P("bob").link.Lost(Down)
			return nil
		}),
		Runs(time.Second),
		Checks("what is missing", func(w *World) error {
			if h := w.P("bob").Hop(); lost < 20 || h.Missing != lost {
				return fmt.Errorf("%d packets were lost, %d numbers are missing", lost, h.Missing)
			}
			return nil
		}),
	}}.Play(t)
}
