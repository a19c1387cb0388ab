package sfu

import (
	"time"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
)

const (
	maxLevels   = 8                      // spatial, and temporal
	ratesEvery  = 500 * time.Millisecond // a measurement
	firstRates  = 200 * time.Millisecond // the first one
	ratesKeep   = 0.6                    // of the old measurement when a new one has come; an encoder varies that much from second to second
	silentRates = 6                      // measurements without a packet, and a layer is no more
)

// layerRates measures what each layer of a publication takes, with what each packet costs on its way. For simulcast the spatial index is that
// of the encoding.
type layerRates struct {
	levels  [maxLevels][maxLevels]layerRate // by spatial and temporal index
	since   time.Duration
	counted bool // there is a measurement
	sleep   [maxLevels]wakefulness
	waited  [maxLevels]int // measurements for what is woken
}

// wakefulness is whether the publisher sends a spatial layer.
type wakefulness uint8

const (
	awake  wakefulness = iota // as it likes
	asleep                    // it was told not to
	woken                     // it was told to, and nothing has come yet
)

type layerRate struct {
	bytes, frames int // since the last measurement
	rate          bwe.Bitrate
	fps           float64
	silent        int // measurements in which nothing came
	known         bool
}

func (r *layerRates) add(now time.Duration, p *rtpfwd.Packet, simulcast bool) {
	if r.since == 0 {
		r.since = now
	}
	spatial := p.Desc.Spatial
	if simulcast {
		spatial = int8(p.Encoding)
	}
	l := &r.levels[min(max(spatial, 0), maxLevels-1)][min(max(p.Desc.Temporal, 0), maxLevels-1)]
	l.bytes += len(p.Raw) + hopOverhead
	if p.Desc.Start {
		l.frames++
	}
}

// update makes a measurement if that is due.
func (r *layerRates) update(now time.Duration) bool {
	passed := now - r.since
	if r.since == 0 || passed < firstRates || r.counted && passed < ratesEvery {
		return false
	}
	for s := range r.levels {
		if r.rests(s) {
			continue
		}
		for t := range r.levels[s] {
			r.levels[s][t].update(passed, r.counted)
		}
	}
	r.since, r.counted = now, true
	return true
}

func (l *layerRate) update(passed time.Duration, smooth bool) {
	if l.bytes == 0 {
		if l.silent++; l.silent >= silentRates {
			*l = layerRate{silent: l.silent}
		}
		return
	}
	rate := bwe.Bitrate(float64(8*l.bytes) / passed.Seconds())
	fps := float64(l.frames) / passed.Seconds()
	if smooth && l.known {
		rate = bwe.Bitrate(ratesKeep*float64(l.rate) + (1-ratesKeep)*float64(rate))
		fps = ratesKeep*l.fps + (1-ratesKeep)*fps
	}
	*l = layerRate{rate: max(rate, 1), fps: fps, known: true}
}

// rests tells whether what was measured of a spatial layer stands: nothing comes while it is asleep, and a part of what it takes just
// before and just after. A part is better than nothing.
func (r *layerRates) rests(spatial int) bool {
	if r.sleep[spatial] == awake {
		return false
	}
	known, came := r.temporals(spatial) > 0, false
	for t := range r.levels[spatial] {
		came = came || r.levels[spatial][t].bytes > 0
	}
	if r.sleep[spatial] == woken {
		r.waited[spatial]++
		if came || r.waited[spatial] >= silentRates {
			r.sleep[spatial] = awake
		}
		if came && !known {
			return false
		}
	}
	for t := range r.levels[spatial] {
		l := &r.levels[spatial][t]
		l.bytes, l.frames = 0, 0
	}
	return true
}

// set notes that the publisher was told to send a spatial layer, or not to.
func (r *layerRates) set(spatial int, to wakefulness) {
	if r.sleep[spatial] != to {
		r.sleep[spatial], r.waited[spatial] = to, 0
	}
}

// temporals is how many temporal layers a spatial one has; 0: it does not live.
func (r *layerRates) temporals(spatial int) int {
	n := 0
	for t := range r.levels[spatial] {
		if r.levels[spatial][t].known {
			n = t + 1
		}
	}
	return n
}

// upTo is what a spatial layer takes up to a temporal one, alone.
func (r *layerRates) upTo(spatial, temporal int) (rate bwe.Bitrate, fps float64) {
	for t := range temporal + 1 {
		rate += r.levels[spatial][t].rate
		fps += r.levels[spatial][t].fps
	}
	return rate, fps
}
