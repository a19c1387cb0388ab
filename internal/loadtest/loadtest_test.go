package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/synthetic"
)

// good is a Config that can be played.
func good() Config {
	return Config{Rooms: 1, Publishers: 1, Subscribers: 1, Video: "vp8-simulcast", Audio: true, Duration: time.Second}
}

func TestCheckSaysWhatToChange(t *testing.T) {
	c := good()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"av1, h264":         func(c *Config) { c.Video = "theora" },
		"nothing is sent":   func(c *Config) { c.Video, c.Audio = NoVideo, false },
		"at least 1":        func(c *Config) { c.Publishers = 0 },
		"--rooms":           func(c *Config) { c.Rooms = 0 },
		"--subscribers at":  func(c *Config) { c.Subscribers = -1 },
		"take more --rooms": func(c *Config) { c.Publishers = MaxPublishers + 1 },
		"1001 participants": func(c *Config) { c.Subscribers = MaxParticipants },
		"--duration":        func(c *Config) { c.Duration = time.Millisecond },
		"--ramp":            func(c *Config) { c.Ramp = -1 },
		"--loss":            func(c *Config) { c.Loss = 51 },
		"--browsers is 2":   func(c *Config) { c.Browsers, c.BrowserKind = 1, bothKinds },
		"--browsers is 2 ":  func(c *Config) { c.Browsers, c.BrowserKind = MaxBrowsers+1, bothKinds },
		"--browser-kind":    func(c *Config) { c.Browsers, c.BrowserKind = 2, "lynx" },
		"begins with https": func(c *Config) { c.Browsers, c.BrowserKind, c.URL = 2, bothKinds, "http://sfu.example" },
		"--server-flag":     func(c *Config) { c.URL, c.ServerFlags = "http://localhost", []string{"--dev"} },
	} {
		c := good()
		change(&c)
		if err := c.Check(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
		if _, err := Run(context.Background(), c); !errors.Is(err, ErrConfig) {
			t.Errorf("%q: it was run: %v", want, err)
		}
	}
}

func TestEveryVideoHasEncoders(t *testing.T) {
	for _, name := range Videos() {
		c := good()
		c.Video = name
		for _, f := range c.formats() {
			encoders, err := c.encoders("publisher-1", f.Source)
			if err != nil || len(encoders) != max(1, len(f.Encodings)) {
				t.Errorf("%s %s: %d encoders, %v", name, f.Source, len(encoders), err)
			}
		}
	}
}

// Quantiles are right up to 1 %, against a sorted list.
func TestHistogram(t *testing.T) {
	var h histogram
	if _, ok := h.quantile(0.5); ok {
		t.Error("an empty histogram has a quantile")
	}
	random := rand.New(rand.NewPCG(1, 1))
	var all []time.Duration
	for range 10000 {
		d := time.Duration(random.ExpFloat64() * float64(20*time.Millisecond))
		h.add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.95, 0.99, 1} {
		want := all[int(q*float64(len(all)))-1]
		if got, ok := h.quantile(q); !ok || got < want-time.Microsecond || float64(got) > 1.011*float64(want)+1000 {
			t.Errorf("%g: got %v, want %v", q, got, want)
		}
	}
	h.add(time.Hour)
	h.add(-time.Second)
}

func TestFreezes(t *testing.T) {
	frame := time.Second / videoFPS
	v := &screen{at: 10 * time.Second, interval: frame}
	for after, want := range map[time.Duration]bool{frame: false, 5 * frame: false, frame + 149*time.Millisecond: false, frame + 151*time.Millisecond: true} {
		if v.frozen(v.at+after, time.Second) != want {
			t.Errorf("%v after the last picture: want %v", after, want)
		}
	}
	if v.frozen(v.at+time.Second, v.at+900*time.Millisecond) {
		t.Error("most of this was before the window")
	}
}

func TestReadMetrics(t *testing.T) {
	u := readMetrics(strings.NewReader("# HELP x y\nprocess_cpu_seconds_total 12.5\nprocess_resident_memory_bytes 3.3e+07\nother{a=\"b c\"} 1\n"))
	if !u.known || u.cpu != 12500*time.Millisecond || u.memory != 33_000_000 {
		t.Errorf("got %+v", u)
	}
	if u := readMetrics(strings.NewReader("<html>")); u.known {
		t.Errorf("got %+v", u)
	}
}

func TestProcessUsage(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc")
	}
	if u := processUsage(os.Getpid()); !u.known || u.memory < 1<<20 || u.memory > 1<<34 {
		t.Errorf("got %+v", u)
	}
	if u := processUsage(1 << 30); u.known {
		t.Errorf("got %+v of no process", u)
	}
}

// A subscriber loses the share that it should, and shows nothing wrong by that alone.
func TestFilterLosesAShare(t *testing.T) {
	c := good()
	c.Loss = 20
	s := (&test{config: c}).newSubscriber(0, 7)
	kept := 0
	for range 10000 {
		if s.filter(nil) {
			kept++
		}
	}
	if kept < 7800 || kept > 8200 {
		t.Errorf("%d of 10000 were kept, 20 %% should be lost", kept)
	}
}

// Only pictures of after the connection and in the window count for the latency.
func TestLatencyIsMeasuredInTheWindow(t *testing.T) {
	tt := &test{config: good(), start: time.Now()}
	s := tt.newSubscriber(0, 1)
	s.connected = 2 * time.Second
	v := &screen{video: true}
	show := func(at, captured time.Duration) int64 {
		s.shown(v, &synthetic.Picture{At: at, Mark: synthetic.Mark{Captured: captured}})
		return tt.latency.count.Load()
	}
	before := show(3*time.Second, 3*time.Second-1)
	tt.windowFrom.Store(int64(4 * time.Second))
	replayed := show(5*time.Second, time.Second)
	live := show(5*time.Second, 5*time.Second-time.Millisecond)
	tt.windowTo.Store(int64(6 * time.Second))
	if after := show(7*time.Second, 7*time.Second-1); before != 0 || replayed != 0 || live != 1 || after != 1 {
		t.Errorf("before %d, replayed %d, live %d, after %d", before, replayed, live, after)
	}
}

func TestReportIsReadable(t *testing.T) {
	c := good()
	c.Loss, c.Subscribers = 5, 3
	r := &Report{config: c, server: "http://x", Failure: errors.New("no path"), Interrupted: true, Figures: map[string]float64{
		"joins_per_second": 123.456, "join_p50_ms": 1.23456, "join_p95_ms": 2, "join_p99_ms": 3000.4, "frames": 12345, "measured_seconds": 1, "own_delay_p99_ms": 21,
	}}
	var table, object bytes.Buffer
	if err := errors.Join(r.WriteTable(&table), r.WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 room with 1 publisher and 3 subscribers each", "123.5", "p50 1.235  p95 2  p99 3000", "12345", "5 %", "no path", "Stopped early", "too busy: the load test itself was up to 21 ms late"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "latency") {
		t.Errorf("it shows what was not measured:\n%s", table.String())
	}
	var got map[string]any
	if err := json.Unmarshal(object.Bytes(), &got); err != nil || got["frames"] != 12345.0 || got["failure"] != "no path" || got["video"] != "vp8-simulcast" {
		t.Errorf("%v: %s", err, object.String())
	}
}

// A program that is no server is an error with what it said.
func TestServerThatDoesNotStart(t *testing.T) {
	c := good()
	for _, program := range []string{"/bin/false", "/nowhere/sfu"} {
		c.Executable = program
		if _, err := Run(context.Background(), c); !errors.Is(err, ErrServer) {
			t.Errorf("%s: got %v", program, err)
		}
	}
}
