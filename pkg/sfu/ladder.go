package sfu

import (
	"cmp"
	"slices"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

const (
	// keyframeFrames is how many frames of the mean size a keyframe takes, as the encoders of browsers make them.
	keyframeFrames = 5
	// assumedFPS is what a camera sends, as long as it is not measured.
	assumedFPS = 30
	// bitsPerPixel is what a layer takes, as long as it is neither measured nor declared: 2 Mbit/s for 720p.
	bitsPerPixel = 0.07
	// leastBitrate is what the smallest layer takes then.
	leastBitrate = 100 * bwe.Kbps
)

// shown is what a participant asks of a publication on a slot.
type shown struct {
	layer  rtpfwd.Layer // the highest that it has a use for
	weight float64      // among its other subscriptions, as bwe.Shown has it
	fps    int          // frames per second that are enough; 0: all
}

// ladder appends what can be sent of a subscription, by rising rate, each as one option.
func (f *feed) ladder(asked shown, out []bwe.Option) []bwe.Option {
	n := max(f.pub.layers(), 1)
	top := min(int(asked.layer.Spatial), n-1)
	full, _ := f.shape(n-1, n)
	first := len(out)
	for s := range top + 1 {
		pixels, _ := f.shape(s, n)
		look := bwe.Shown{
			Pixels: pixels, Full: full, Weight: asked.weight, Screen: f.pub.source == signaling.SourceScreen,
		}
		if top < n-1 {
			look.Displayed, _ = f.shape(top, n)
		}
		out = f.rungs(s, n, asked, look, out)
	}
	slices.SortFunc(out[first:], func(a, b bwe.Option) int {
		return cmp.Or(cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Utility, b.Utility))
	})
	return out
}

// level is how spatial layer s of n is asked for: the highest by what stands for all, however many come to be.
func level(s, n int) int8 {
	if s == n-1 {
		return maxSpatial
	}
	return int8(s)
}

// rungs appends the options of one spatial layer.
func (f *feed) rungs(s, n int, asked shown, look bwe.Shown, out []bwe.Option) []bwe.Option {
	temporals := f.rates.temporals(s)
	if temporals == 0 {
		if f.rates.counted && !f.sleeps(s) {
			return out // it is not sent
		}
		look.FrameRate = 1
		rate := f.declared(s, n)
		return append(out, bwe.Option{
			Rate: rate, Utility: bwe.Utility(look), Spatial: level(s, n), Temporal: maxTemporal, Keyframe: keyframeBytes(rate, assumedFPS),
		})
	}
	_, all := f.rates.upTo(s, temporals-1)
	for t := range temporals {
		rate, fps := f.rates.upTo(s, t)
		for below := 0; below < s && !f.simulcast(); below++ { // SVC needs what is below
			more, _ := f.rates.upTo(below, min(t, maxLevels-1))
			rate += more
		}
		look.FrameRate = fps / max(all, 1)
		option := bwe.Option{
			Rate: rate, Utility: bwe.Utility(look), Spatial: level(s, n), Temporal: int8(t), Keyframe: keyframeBytes(rate, fps),
		}
		if t == temporals-1 {
			option.Temporal = maxTemporal
		}
		out = append(out, option)
		if asked.fps > 0 && fps >= 0.9*float64(asked.fps) || t >= int(asked.layer.Temporal) {
			break
		}
	}
	return out
}

// sleeps tells of a spatial layer that its publisher would send if it was asked to, or was asked to just now.
func (f *feed) sleeps(s int) bool { return f.rates.sleep[s] != awake }

func (f *feed) simulcast() bool { return len(f.replicas) > 1 }

// shape is how large spatial layer s of n is.
func (f *feed) shape(s, n int) (pixels, width int) {
	w, h := f.pub.layerSize(s, n)
	return w * h, w
}

// declared is what a layer takes that was not measured yet.
func (f *feed) declared(s, n int) bwe.Bitrate {
	if n == len(f.pub.encodings) {
		if most := f.pub.encodings[s].MaxBitrate; most > 0 {
			return bwe.Bitrate(most)
		}
	}
	pixels, _ := f.shape(s, n)
	return max(bwe.Bitrate(bitsPerPixel*assumedFPS*float64(pixels)), leastBitrate)
}

func keyframeBytes(rate bwe.Bitrate, fps float64) int {
	return int(float64(rate) / 8 / max(fps, 1) * keyframeFrames)
}
