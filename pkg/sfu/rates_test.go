package sfu

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

// layerOf is a packet of a layer that takes bytes on its way.
func layerOf(spatial, temporal int8, bytes int) *rtpfwd.Packet {
	p := &rtpfwd.Packet{Raw: make([]byte, bytes-hopOverhead)}
	p.Desc.Spatial, p.Desc.Temporal, p.Desc.Start = spatial, temporal, true
	return p
}

func TestLayerRates(t *testing.T) {
	var r layerRates
	now := time.Second
	send := func(d time.Duration, layers ...int8) (measured int) {
		for end := now + d; now < end; now += 100 * time.Millisecond {
			for _, l := range layers {
				r.add(now, layerOf(0, l, 1250), false) // 100 kbit/s, 10 frames/s
			}
			if r.update(now) {
				measured++
			}
		}
		return measured
	}
	if n := send(200*time.Millisecond, 0, 1); n != 0 || r.temporals(0) != 0 {
		t.Errorf("measured %d times before there was enough", n)
	}
	if n := send(5*time.Second, 0, 1); n < 9 || n > 11 {
		t.Errorf("%d measurements in 5 s", n)
	}
	if rate, fps := r.upTo(0, 1); rate < 190*bwe.Kbps || rate > 210*bwe.Kbps || fps < 19 || fps > 21 {
		t.Errorf("two layers take %v with %.1f frames/s", rate, fps)
	}
	if rate, fps := r.upTo(0, 0); rate < 95*bwe.Kbps || rate > 105*bwe.Kbps || fps < 9.5 || fps > 10.5 {
		t.Errorf("the base takes %v with %.1f frames/s", rate, fps)
	}
	send(2*time.Second, 0)
	if r.temporals(0) != 2 {
		t.Error("a layer was forgotten after a pause of 2 s")
	}
	send(2*time.Second, 0)
	if r.temporals(0) != 1 || r.temporals(1) != 0 {
		t.Error("a layer that ended is still offered")
	}
}

// Whatever a descriptor says, it is counted somewhere.
func TestLayerRatesTakeAnything(t *testing.T) {
	var r layerRates
	for _, l := range []int8{-128, -1, 7, 127} {
		p := layerOf(l, l, 100)
		p.Encoding = 255
		r.add(time.Second, p, false)
		r.add(time.Second, p, true)
	}
	r.update(2 * time.Second)
}
