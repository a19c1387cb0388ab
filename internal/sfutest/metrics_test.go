package sfutest

import (
	"fmt"
	"testing"
	"time"
)

// The figures of a call that everybody can count: three viewers of one broadcaster for ten seconds.
func TestMetricsOfACall(t *testing.T) {
	between := func(w *World, name string, least, most float64) error {
		if v := w.Metric(name); v < least || v > most {
			return fmt.Errorf("%s is %v, want %v to %v", name, v, least, most)
		}
		return nil
	}
	Scenario{Steps: []Step{
		Joins(Plan{Audio: -1, Video: -1, Publish: []Format{Camera, Microphone}}, "ann"),
		Joins(Plan{Audio: 1, Video: 1}, "bob", "cyd", "dan"),
		Runs(10 * time.Second),
		Checks("the figures fit", func(w *World) error {
			forwarded, bytes := w.Metric("rtp_forwarded_packets_total"), w.Metric("rtp_forwarded_bytes_total")
			for _, c := range []struct {
				name        string
				least, most float64
			}{
				{"publications", 2, 2},
				{"join_seconds", 4, 4},
				{"joins_refused_total", 0, 0},
				{"connect_seconds", 4, 4},
				{"worker_transports", 4, 4},
				{"rtp_forwarded_packets_total", 3 * 75 * 10, 3 * 85 * 10},
				{"rtp_received_bytes_total", bytes * .3, bytes * .4},
				{"rtp_forwarding_seconds", forwarded / 64, forwarded / 16},
				{"worker_queue_seconds", 1, forwarded},
				{"worker_round_packets", 700, forwarded},
				{"worker_rounds_total", 1500, 1e5},
			} {
				if err := between(w, c.name, c.least, c.most); err != nil {
					return err
				}
			}
			if perPacket := bytes / forwarded; perPacket < 100 || perPacket > 700 {
				return fmt.Errorf("%v bytes per packet", perPacket)
			}
			return nil
		}),
		Leaves("ann"),
		Runs(time.Second),
		Checks("the publications are gone", func(w *World) error { return between(w, "publications", 0, 0) }),
		Checks("the figures outlive the server", func(w *World) error {
			before := w.Metric("rtp_forwarded_bytes_total")
			if err := w.CloseServer(); err != nil {
				return err
			}
			start := w.now()
			if err := between(w, "rtp_forwarded_bytes_total", before, before); err != nil || w.now() == start {
				return err
			}
			return fmt.Errorf("a scrape of a closed server takes %v", w.now()-start)
		}),
	}}.Play(t)
}
