package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// View is how one browser saw another one in the window, by what the browser itself tells (W3C webrtc-stats) and by the decoded pictures.
type View struct {
	Viewer string `json:"viewer"` // "firefox browser-2"
	Of     string `json:"of"`     // an identity

	FramesDecoded int     `json:"frames_decoded"`
	FPS           float64 `json:"fps"` // of decoded frames
	FramesDropped int     `json:"frames_dropped"`
	Freezes       int     `json:"freezes"`   // freezeCount
	FrozenMs      float64 `json:"frozen_ms"` // totalFreezesDuration
	StoodMs       float64 `json:"stood_ms"`  // the longest time between two pictures that were shown
	Kbit          float64 `json:"kbit_per_second"`
	JitterMs      float64 `json:"jitter_buffer_ms"` // the mean delay in it
	Width         int     `json:"width"`
	Height        int     `json:"height"`
	WrongPictures int     `json:"wrong_pictures"` // shown ones that were not of the colour of whom they should show, since the join
}

// crowd is what is known of the browsers. It is owned by the goroutine of Run.
type crowd struct {
	driver *driver // nil: there are none
	joined bool    // they can be asked what they see
	failed map[int]bool
	blind  int
	views  []View
}

// joinBrowsers brings the browsers in, beside the participants that are there, and waits for the pictures of all.
func (t *test) joinBrowsers(ctx context.Context) {
	c := &t.crowd
	if c.driver == nil {
		return
	}
	list := c.driver.browsers
	for i := range list {
		if t.config.Token == nil {
			break // the page asks for its own
		}
		token, err := t.config.Token(list[i].Room, list[i].Identity)
		if err != nil {
			t.browsersFailed(err)
			return
		}
		list[i].Token = token
	}
	r, err := c.driver.ask(ctx, browserStepTimeout, command{"join", list})
	if err != nil {
		t.browsersFailed(err)
		return
	}
	t.browserFailures(r.Failures)
	c.joined = true
	c.blind = len(r.Blind)
	for _, b := range r.Blind {
		t.fail(fmt.Errorf("%s: %s", list[b.ID].Identity, b.Error))
	}
}

// browserFailures notes which browsers failed and why the first did.
func (t *test) browserFailures(failures []browserFailure) {
	for _, f := range failures {
		t.crowd.failed[f.ID] = true
		t.fail(fmt.Errorf("%s: %s", t.crowd.driver.browsers[f.ID].Identity, f.Error))
	}
}

// browsersFailed notes that none can be asked any more. A test that was stopped early has no failure.
func (t *test) browsersFailed(err error) {
	t.crowd.joined = false
	if errors.Is(err, context.Canceled) {
		return
	}
	for i := range t.crowd.driver.browsers {
		t.crowd.failed[i] = true
	}
	t.fail(fmt.Errorf("the browsers: %w", err))
}

// beginBrowsers begins their window.
func (t *test) beginBrowsers(ctx context.Context) {
	c := &t.crowd
	if !c.joined {
		return
	}
	r, err := c.driver.ask(ctx, browserFinalTimeout, command{Do: "begin"})
	if err != nil {
		t.browsersFailed(err)
		return
	}
	t.browserFailures(r.Failures)
}

// endBrowsers ends their window and takes what they have seen, also when the test was stopped early.
func (t *test) endBrowsers() {
	c := &t.crowd
	if !c.joined {
		return
	}
	r, err := c.driver.ask(context.Background(), browserFinalTimeout, command{Do: "end"})
	if err != nil {
		t.browsersFailed(err)
		return
	}
	t.browserFailures(r.Failures)
	for _, b := range r.Browsers {
		for _, v := range b.Views {
			v.Viewer = c.driver.browsers[b.ID].Kind + " " + c.driver.browsers[b.ID].Identity
			c.views = append(c.views, v)
		}
	}
}

// browsersThere is how many browsers have joined and did not fail.
func (t *test) browsersThere() int {
	if !t.crowd.joined {
		return 0
	}
	return len(t.crowd.driver.browsers) - len(t.crowd.failed)
}

// browserFigures sums up what the browsers have seen; "min" and "max" are of the worst of all views.
func (t *test) browserFigures(f map[string]float64) {
	c := &t.crowd
	if c.driver == nil {
		return
	}
	f["browsers_joined"], f["browsers_failed"], f["browsers_blind"] = float64(t.browsersThere()), float64(len(c.failed)), float64(c.blind)
	if len(c.views) == 0 {
		return
	}
	least := func(name string, v float64) {
		if old, ok := f[name]; !ok || v < old {
			f[name] = v
		}
	}
	most := func(name string, v float64) { f[name] = math.Max(f[name], v) }
	f["browsers_views"] = float64(len(c.views))
	for _, v := range c.views {
		least("browsers_frames_decoded_min", float64(v.FramesDecoded))
		least("browsers_fps_min", v.FPS)
		least("browsers_width_min", float64(v.Width))
		most("browsers_freeze_max_ms", v.FrozenMs)
		most("browsers_stood_max_ms", v.StoodMs)
		most("browsers_jitter_buffer_max_ms", v.JitterMs)
		f["browsers_frames_dropped"] += float64(v.FramesDropped)
		f["browsers_freezes"] += float64(v.Freezes)
		f["browsers_kbit_per_second"] += v.Kbit
		f["browsers_wrong_pictures"] += float64(v.WrongPictures)
	}
}
