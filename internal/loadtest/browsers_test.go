package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"testing"
)

// Everybody has somebody to look at, each a colour of its own.
func TestBrowsersArePlannedInPairs(t *testing.T) {
	for n := 2; n <= MaxBrowsers; n++ {
		for rooms := 1; rooms <= 5; rooms++ {
			c := good()
			c.Rooms, c.Browsers, c.BrowserKind = rooms, n, bothKinds
			list := c.browsers("http://x", "r")
			colours, identities := map[string]bool{}, map[string]bool{}
			for i, b := range list {
				colours[b.Colour], identities[b.Identity] = true, true
				if b.ID != i || b.Kind != BrowserKinds[i%2] || len(b.Sees) == 0 {
					t.Errorf("%d browsers in %d rooms: got %+v", n, rooms, b)
				}
				for _, s := range b.Sees {
					if s.Identity == b.Identity || s.Colour == b.Colour {
						t.Errorf("%d browsers in %d rooms: %s looks at %+v", n, rooms, b.Identity, s)
					}
				}
			}
			if len(list) != n || len(colours) != n || len(identities) != n {
				t.Errorf("%d browsers in %d rooms: got %+v", n, rooms, list)
			}
		}
	}
	c := good()
	c.Rooms, c.Browsers, c.BrowserKind = 2, 4, "firefox"
	list := c.browsers("http://x", "r")
	if list[0].Room != "r-1" || list[1].Room != "r-1" || list[2].Room != "r-2" || list[3].Room != "r-2" || list[0].Kind != "firefox" {
		t.Errorf("got %+v", list)
	}
}

func TestBrowserFiguresAreOfTheWorst(t *testing.T) {
	c := good()
	c.Browsers, c.BrowserKind = 3, bothKinds
	x := &test{config: c}
	figures := map[string]float64{}
	if x.browserFigures(figures); len(figures) != 0 {
		t.Errorf("without browsers: got %v", figures)
	}
	x.crowd = crowd{driver: &driver{browsers: make([]browser, 3)}, joined: true, failed: map[int]bool{1: true}, blind: 1, views: []View{
		{FramesDecoded: 100, FPS: 20, FramesDropped: 1, Freezes: 1, FrozenMs: 300, StoodMs: 250, Kbit: 100, JitterMs: 5, Width: 640, WrongPictures: 2},
		{FramesDecoded: 90, FPS: 18, FramesDropped: 2, StoodMs: 400, Kbit: 50, JitterMs: 7, Width: 320, WrongPictures: 1},
	}}
	x.browserFigures(figures)
	for name, want := range map[string]float64{
		"browsers_joined": 2, "browsers_failed": 1, "browsers_blind": 1, "browsers_views": 2, "browsers_frames_decoded_min": 90, "browsers_fps_min": 18,
		"browsers_frames_dropped": 3, "browsers_freezes": 1, "browsers_freeze_max_ms": 300, "browsers_stood_max_ms": 400, "browsers_kbit_per_second": 150,
		"browsers_jitter_buffer_max_ms": 7, "browsers_width_min": 320, "browsers_wrong_pictures": 3,
	} {
		if got, ok := figures[name]; !ok || got != want {
			t.Errorf("%s: got %v %v, want %v", name, got, ok, want)
		}
	}
	var object bytes.Buffer
	r := &Report{config: c, Figures: figures, Views: x.crowd.views}
	if err := r.WriteJSON(&object); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Browsers int    `json:"browsers"`
		Kind     string `json:"browser_kind"`
		Views    []View `json:"browser_views"`
	}
	if err := json.Unmarshal(object.Bytes(), &got); err != nil || got.Browsers != 3 || got.Kind != bothKinds || len(got.Views) != 2 || got.Views[1].StoodMs != 400 {
		t.Errorf("%v: %s", err, object.String())
	}
}

// A failure of the script is one of all browsers; Ctrl-C is none.
func TestBrowsersFailTogether(t *testing.T) {
	x := &test{crowd: crowd{driver: &driver{browsers: make([]browser, 2)}, joined: true, failed: map[int]bool{}}}
	x.browsersFailed(context.Canceled)
	if len(x.crowd.failed) != 0 || x.failure != nil || x.browsersThere() != 0 {
		t.Errorf("stopped early: got %+v, %v", x.crowd, x.failure)
	}
	x.crowd.joined = true
	x.browsersFailed(errors.New("gone"))
	if len(x.crowd.failed) != 2 || x.failure == nil || x.browsersThere() != 0 {
		t.Errorf("failed: got %+v, %v", x.crowd, x.failure)
	}
}

func TestSecure(t *testing.T) {
	for base, want := range map[string]bool{
		"https://sfu.example": true, "http://localhost:8080": true, "http://127.0.0.1:1": true, "http://[::1]:1": true, "http://sfu.example": false, "http://192.0.2.1": false,
	} {
		if secure(base) != want {
			t.Errorf("%s: want %v", base, want)
		}
	}
}
