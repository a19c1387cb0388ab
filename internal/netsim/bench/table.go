package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// WriteHeader writes the head of the Markdown table to which WriteRow adds.
func WriteHeader(w io.Writer) {
	columns := []string{"case", "util %", "queue p50", "p95", "p99 ms", "audio p99", "loss %", "ramp s", "drain s", "jain", "share %", "pad %", "fb kbit/s", "levels"}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

// WriteRow writes the medians of a case and which of its levels they miss.
func WriteRow(w io.Writer, c Case, r Result) {
	verdict := "pass"
	if misses := c.Levels.Misses(r); len(misses) > 0 {
		verdict = strings.Join(misses, "; ")
	}
	fmt.Fprintf(w, "| %s | %.1f | %.0f | %.0f | %.0f | %.0f | %.3f | %s | %s | %.3f | %s | %.2f | %.1f | %s |\n",
		c.Name, 100*r.Util, milliseconds(r.P50), milliseconds(r.P95), milliseconds(r.P99), milliseconds(r.AudioP99), 100*r.Loss,
		orDash(r.Ramp > 0, r.Ramp.Seconds()), orDash(r.Drain > 0, r.Drain.Seconds()), r.Jain,
		orDash(len(c.TCP) > 0, 100*r.Share), 100*r.Padding, r.Feedback, verdict)
}

func orDash(known bool, v float64) string {
	if !known {
		return "-"
	}
	return fmt.Sprintf("%.1f", v)
}
