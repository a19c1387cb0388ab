package bwe

import (
	"math"
	"time"
)

const (
	lossWindow   = 250 * time.Millisecond
	lossPackets  = 20   // a window has at least so many
	lossUsual    = 12   // windows
	lossUnsure   = 0.01 // chance is never taken for less
	lossMargin   = 0.02
	lossSigmas   = 3
	inherentMost = 0.5
)

// lossMeter counts losses in windows of 250 ms. It also keeps which share is lost without congestion, as on many radio
// links: only what is clearly more than that says anything about the rate.
type lossMeter struct {
	arrived, lost int // in this window; what arrives after it was reported lost makes lost smaller
	before        int // lost at the end of the last feedback
	ends          time.Duration
	news          bool // the last feedback reported a loss

	recent   float64 // of the last window
	packets  int     // in it
	fresh    bool    // it ended with the last feedback
	usual    float64 // smoothed over some seconds
	inherent float64 // what is lost without congestion
}

// end takes note of a feedback, and closes the window if it is over.
func (m *lossMeter) end(now time.Duration) {
	m.news, m.before, m.fresh = m.lost > m.before, m.lost, false
	total := m.arrived + m.lost
	if now < m.ends || total < lossPackets {
		return
	}
	m.recent = float64(max(0, m.lost)) / float64(total)
	m.packets, m.fresh = total, true
	m.usual += (m.recent - m.usual) / lossUsual
	m.arrived, m.lost, m.before, m.ends = 0, 0, 0, now+lossWindow
}

// excessive tells whether the last window lost more than chance explains: three standard deviations and 2 % above the
// inherent loss.
func (m *lossMeter) excessive() bool {
	p := max(m.inherent, lossUnsure)
	deviation := math.Sqrt(p * (1 - p) / float64(max(1, m.packets)))
	return m.recent > m.inherent+lossMargin+lossSigmas*deviation
}

// always returns what is lost whatever is sent, as far as that is known.
func (m *lossMeter) always() float64 { return min(max(m.inherent, m.usual), inherentMost) }
