package sfu

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// docs/limits.md tells the limits that the code has.
func TestLimitsAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d s", d/time.Second) }
	for _, row := range [][2]string{
		{"size of an SDP offer", fmt.Sprintf("%d KiB", maxSDPBytes>>10)},
		{"m-lines of an offer", fmt.Sprint(maxMediaLines)},
		{"header extensions of an m-line", fmt.Sprint(maxExtmaps)},
		{"live RTP sources of a Transport", fmt.Sprint(maxInboundSSRCs)},
		{"sources that a Transport's RTCP names", fmt.Sprint(maxRTCPTargets)},
		{"packets that wait for a worker", fmt.Sprint(maxInbox)},
		{"answering an offer", seconds(negotiateTimeout)},
		{"connecting, from the first offer", seconds(connectTimeout)},
		{"no authenticated STUN request", seconds(consentPause)},
		{"no authenticated STUN request", seconds(consentClose)},
		{"closing a Transport", seconds(closeTimeout)},
	} {
		if line := "| " + row[0] + " | " + row[1] + " |"; !strings.Contains(string(b), line) {
			t.Errorf("docs/limits.md has no line that begins with %q", line)
		}
	}
}
