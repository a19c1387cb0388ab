package bench

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
)

const (
	frameTime = time.Second / 30
	audioTime = 20 * time.Millisecond
	audioSize = 50   // bytes: 20 kbit/s
	mediaSize = 1200 // bytes of a full packet with its headers

	// The encoder takes up a new rate at most every 200 ms, and the sizes of its frames vary by 15 % around the mean
	// with a Laplace distribution (RFC 8593, table 1).
	encoderLatency = 200 * time.Millisecond
	sizeScale      = 0.15
)

// video makes the sizes of frames that follow a target, after the statistical model of RFC 8593, section 5.1.
type video struct {
	min, max bwe.Bitrate
	chance   *rand.Rand

	rate    bwe.Bitrate
	changed time.Duration
}

// frame returns the size of the next frame in bytes.
func (v *video) frame(now time.Duration, target bwe.Bitrate) int {
	if v.rate == 0 || now-v.changed >= encoderLatency {
		v.rate, v.changed = min(max(target, v.min), v.max), now
	}
	u := v.chance.Float64() - 0.5
	noise := -sizeScale / math.Sqrt2 * math.Copysign(math.Log(1-2*math.Abs(u)), u)
	factor := 1 + min(max(noise, -0.5), 0.5)
	return max(100, int(float64(v.rate.Bytes(frameTime))*factor))
}

// split cuts a frame into n packets of nearly the same size.
func split(size int) (packets, each int) {
	packets = (size + mediaSize - 1) / mediaSize
	return packets, (size + packets - 1) / packets
}
