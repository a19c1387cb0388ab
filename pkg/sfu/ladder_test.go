package sfu

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// measured is a feed of encodings whose temporal layers take the given kbit/s each.
func measured(pub *Publication, encodings int, simulcast bool, kbps ...[]int) *feed {
	f := &feed{pub: pub, replicas: make([]*rtpfwd.Replica, encodings)}
	for now := time.Duration(0); now < 3*time.Second; now += 100 * time.Millisecond {
		for s, temporals := range kbps {
			for t, rate := range temporals {
				p := layerOf(int8(s), int8(t), rate*1000/8/10)
				if simulcast {
					p.Encoding, p.Desc.Spatial = uint8(s), 0
				}
				f.rates.add(now+1, p, simulcast)
			}
		}
		f.rates.update(now + 1)
	}
	return f
}

func simulcast() *Publication {
	return &Publication{
		kind: signaling.KindVideo, width: 1280, height: 720,
		encodings: []signaling.EncodingOffer{{RID: "q", MaxBitrate: 150_000}, {RID: "h"}, {RID: "f"}},
	}
}

var everything = shown{layer: rtpfwd.Layer{Spatial: maxSpatial, Temporal: maxTemporal}, weight: 1}

func TestLadderOfSimulcast(t *testing.T) {
	f := measured(simulcast(), 3, true, []int{100, 50}, []int{300, 200}, []int{1000, 700})
	got := f.ladder(everything, nil)
	want := []struct{ kbps, spatial, temporal int }{{100, 0, 0}, {150, 0, 7}, {300, 1, 0}, {500, 1, 7}, {1000, 7, 0}, {1700, 7, 7}}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, w := range want {
		o := got[i]
		if off := float64(o.Rate)/float64(w.kbps*1000) - 1; math.Abs(off) > 0.06 || int(o.Spatial) != w.spatial || int(o.Temporal) != w.temporal {
			t.Errorf("option %d: %v of %d.%d, want %+v", i, o.Rate, o.Spatial, o.Temporal, w)
		}
		if i > 0 && o.Utility <= got[i-1].Utility && o.Spatial == got[i-1].Spatial {
			t.Errorf("option %d is worth %.2f, less than %.2f", i, o.Utility, got[i-1].Utility)
		}
	}
	small := everything
	small.layer.Spatial = 1
	if got := f.ladder(small, nil); len(got) != 4 || got[3].Spatial != 1 {
		t.Errorf("a small tile is offered %v", got)
	}
	slow := everything
	slow.fps = 10
	if got := f.ladder(slow, nil); slices.ContainsFunc(got, func(o bwe.Option) bool { return o.Temporal == maxTemporal }) {
		t.Errorf("for 10 frames/s all temporal layers are offered: %v", got)
	}
}

// Spatial layers inside an encoding need those below.
func TestLadderOfSVC(t *testing.T) {
	pub := &Publication{kind: signaling.KindVideo, width: 1280, height: 720}
	pub.spatialLayers.Store(3)
	got := measured(pub, 1, false, []int{100}, []int{200}, []int{700}).ladder(everything, nil)
	if len(got) != 3 {
		t.Fatalf("%v", got)
	}
	for i, kbps := range []bwe.Bitrate{100, 300, 1000} {
		if off := float64(got[i].Rate)/float64(kbps*bwe.Kbps) - 1; math.Abs(off) > 0.06 {
			t.Errorf("layer %d takes %v, want %v", i, got[i].Rate, kbps*bwe.Kbps)
		}
	}
}

// What was not measured is taken from what was declared, or from the number of pixels; what is not sent is not offered.
func TestLadderOfTheUnknown(t *testing.T) {
	f := measured(simulcast(), 3, true)
	got := f.ladder(everything, nil)
	if len(got) != 3 || got[0].Rate != 150*bwe.Kbps || got[2].Rate < bwe.Mbps || !slices.IsSortedFunc(got, func(a, b bwe.Option) int { return int(a.Rate - b.Rate) }) {
		t.Errorf("before anything came: %v", got)
	}
	f = measured(simulcast(), 3, true, []int{100}, nil, []int{900})
	if got := f.ladder(everything, nil); len(got) != 2 || got[0].Spatial != 0 || got[1].Spatial != maxSpatial {
		t.Errorf("an encoding that is not sent is offered: %v", got)
	}
}
