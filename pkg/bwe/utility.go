package bwe

import "math"

// Weights of a track in its utility, by what it shows. An application gives that of a pinned track itself; 0 counts as
// WeightOther.
const (
	WeightScreen  = 8.0
	WeightSpeaker = 4.0
	WeightOther   = 1.0
)

const (
	sharpness      = 0.6 // power of the share of the displayed pixels: twice the pixels do not look twice as good
	motion         = 0.5 // power of the share of the frame rate
	screenMotion   = 0.2 // of a screen share: text wants to be sharp, and moves little
	leastUtility   = 1e-6
	leastPixels    = 64 * 36 // of a tile that is shown at all: a size of 1 x 1 asks for no more than the base, not for none
	mostPixels     = 1 << 40
	mostWeight     = 1e6
	almostAllShown = 49.0 / 64 // an eighth less in width and height is not seen
)

// Shown is what one option of a track looks like to the one who gets it.
type Shown struct {
	Pixels    int     // of the option, width x height
	Displayed int     // pixels that it is displayed on; 0 if the receiver did not say, then all count
	Full      int     // pixels of the largest option of the track, the measure where Displayed is 0
	FrameRate float64 // share of the track's frame rate that the option has, above 0 to 1
	Weight    float64 // of the track: WeightScreen, WeightSpeaker, WeightOther or what the application says
	Screen    bool
}

// Utility says what an option is worth: the weight, times what is seen of the displayed pixels, times the frame rate, each
// less than in proportion. Pixels beyond those displayed are worth nothing, so that of options which fill a tile the
// cheapest is taken; so is the last eighth of width and height. A screen share is worth more sharp than smooth. The result
// is above 0 and finite, whatever comes in.
func Utility(s Shown) float64 {
	want := s.Displayed
	if want <= 0 {
		want = s.Full
	}
	want = min(max(want, leastPixels), mostPixels)
	seen := float64(min(max(s.Pixels, 1), mostPixels)) / (float64(want) * almostAllShown)
	power := motion
	if s.Screen {
		power = screenMotion
	}
	u := weightOf(s.Weight) * math.Pow(min(seen, 1), sharpness) * math.Pow(shareOf(s.FrameRate), power)
	return max(u, leastUtility)
}

// weightOf takes what makes no sense for WeightOther.
func weightOf(w float64) float64 {
	if !(w > 0) {
		return WeightOther
	}
	return min(w, mostWeight)
}

// shareOf takes what makes no sense for all of the frame rate.
func shareOf(share float64) float64 {
	if !(share > 0) {
		return 1
	}
	return min(share, 1)
}
