package bwe

import (
	"math"
	"testing"
)

func TestUtility(t *testing.T) {
	hd := Shown{Pixels: 1280 * 720, Displayed: 1280 * 720, FrameRate: 1, Weight: WeightOther}
	with := func(change func(*Shown)) float64 {
		s := hd
		change(&s)
		return Utility(s)
	}
	half := with(func(s *Shown) { s.Pixels /= 4 })
	slow := with(func(s *Shown) { s.FrameRate = 0.5 })
	for _, c := range []struct {
		what string
		ok   bool
	}{
		{"the whole is 1", Utility(hd) == 1},
		{"more pixels than displayed are worth nothing", with(func(s *Shown) { s.Pixels *= 4 }) == 1},
		{"the last eighth is not seen", with(func(s *Shown) { s.Pixels = 1120 * 630 }) == 1},
		{"a quarter of the pixels is less, but more than a quarter", half < 0.6 && half > 0.3},
		{"half of the frames are less, but more than half", slow < 0.8 && slow > 0.6},
		{"a speaker counts four times", with(func(s *Shown) { s.Weight = WeightSpeaker }) == 4},
		{"a screen moves little", with(func(s *Shown) { s.Screen, s.FrameRate = true, 0.5 }) > slow},
		{"no size said: the largest is asked for", with(func(s *Shown) { s.Displayed, s.Full = 0, 1920*1080 }) < 1},
		{"no weight is that of others", with(func(s *Shown) { s.Weight = 0 }) == 1},
	} {
		if !c.ok {
			t.Error(c.what)
		}
	}
}

// FuzzUtility looks for what is not above 0 and finite.
func FuzzUtility(f *testing.F) {
	f.Add(1280*720, 640*360, 0, 0.5, 4.0, false)
	f.Add(0, -1, math.MaxInt, math.NaN(), math.Inf(1), true)
	f.Add(math.MinInt, math.MaxInt, 1, -1.0, 1e-320, true)
	f.Fuzz(func(t *testing.T, pixels, displayed, full int, rate, weight float64, screen bool) {
		u := Utility(Shown{Pixels: pixels, Displayed: displayed, Full: full, FrameRate: rate, Weight: weight, Screen: screen})
		if !(u > 0) || math.IsInf(u, 1) {
			t.Fatal(u)
		}
	})
}
