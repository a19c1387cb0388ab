package bwe

import (
	"fmt"
	"time"
)

// Bitrate is a rate in bit/s, counted over whole IP packets.
type Bitrate int64

// Units of a Bitrate.
const (
	Kbps Bitrate = 1000
	Mbps         = 1000 * Kbps
)

// String writes a rate in the unit that fits it.
func (b Bitrate) String() string {
	switch {
	case b >= Mbps:
		return fmt.Sprintf("%.2f Mbit/s", float64(b)/float64(Mbps))
	case b >= Kbps:
		return fmt.Sprintf("%.0f kbit/s", float64(b)/float64(Kbps))
	}
	return fmt.Sprintf("%d bit/s", int64(b))
}

// Bytes returns how many bytes the rate carries in d.
func (b Bitrate) Bytes(d time.Duration) int { return int(float64(b) / 8 * d.Seconds()) }

// Lasts returns how long the rate takes to carry the given bytes. The rate must be above 0.
func (b Bitrate) Lasts(bytes int) time.Duration {
	return time.Duration(float64(bytes) * 8 / float64(b) * float64(time.Second))
}

// rateOf returns the rate that carries bytes in d, which must be above 0.
func rateOf(bytes int, d time.Duration) Bitrate { return Bitrate(float64(bytes) * 8 / d.Seconds()) }

// scale multiplies a rate.
func (b Bitrate) scale(factor float64) Bitrate { return Bitrate(float64(b) * factor) }
