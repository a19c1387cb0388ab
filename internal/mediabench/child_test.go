package mediabench

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// attended serves a subject in this process; tell gives it a command and returns what it says.
func attended(t *testing.T, s Subject) (tell func(c command) sample) {
	t.Helper()
	in, commands := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Attend(context.Background(), in, out, s) }()
	decoder := json.NewDecoder(answers)
	var ready Ready
	if err := decoder.Decode(&ready); err != nil || ready != s.Ready {
		t.Fatalf("ready: %+v, %v", ready, err)
	}
	t.Cleanup(func() {
		commands.Close() // always nil
		if err := <-ended; err != nil {
			t.Errorf("the end of its input: %v", err)
		}
	})
	encoder := json.NewEncoder(commands)
	return func(c command) (s sample) {
		if err := errors.Join(encoder.Encode(c), decoder.Decode(&s)); err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestAttend(t *testing.T) {
	var started Pattern
	stopped := false
	tell := attended(t, Subject{
		Ready: Ready{URL: "http://x/"},
		Count: func() (Counts, error) { return Counts{Sent: 5, Received: 6}, nil },
		Start: func(p Pattern) error { started = p; return nil },
		Stop:  func() { stopped = true },
	})
	first, second := tell(command{Do: "sample"}), tell(command{Do: "sample"})
	if first.Err != "" || first.Sent != 5 || first.Received != 6 || first.Before.CPU <= 0 || second.Before.CPU < first.After.CPU || second.Before.Mallocs < first.After.Mallocs {
		t.Errorf("samples %+v and %+v", first, second)
	}
	if s := tell(command{Do: "start", Pattern: Pattern{Frame: 3, Period: time.Second}}); s.Err != "" || started.Frame != 3 || started.Period != time.Second {
		t.Errorf("start: %+v with %+v", s, started)
	}
	if s := tell(command{Do: "stop"}); s.Err != "" || !stopped {
		t.Errorf("stop: %+v", s)
	}
	if s := tell(command{Do: "dance"}); s.Err == "" {
		t.Error("an unknown command was carried out")
	}
	file := filepath.Join(t.TempDir(), "p")
	tell(command{Do: "profile", File: file})
	if s := tell(command{Do: "profiled"}); s.Err != "" {
		t.Error(s.Err)
	}
	for _, name := range []string{file, file + ".allocs", file + ".allocs-before"} {
		if i, err := os.Stat(name); err != nil || i.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := tell(command{Do: "profile", File: filepath.Join(file, "no")}); s.Err == "" {
		t.Error("a profile was written to nowhere")
	}
}

func TestSubjectsThatNeedAPublisherCannotBeStarted(t *testing.T) {
	tell := attended(t, Subject{Count: func() (Counts, error) { return Counts{}, errors.New("broken") }})
	for _, do := range []string{"start", "stop", "sample"} {
		if s := tell(command{Do: do}); s.Err == "" {
			t.Errorf("%s was carried out", do)
		}
	}
}

func TestConfigs(t *testing.T) {
	good := ForwardConfig{Viewers: 1, Frame: 4, Workers: 1, Size: 1200, Rounds: 1, Duration: time.Second}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*ForwardConfig){
		"viewers": func(c *ForwardConfig) { c.Viewers = 0 }, "frame": func(c *ForwardConfig) { c.Frame = 41 }, "workers": func(c *ForwardConfig) { c.Workers = 0 },
		"size": func(c *ForwardConfig) { c.Size = 20 }, "rounds": func(c *ForwardConfig) { c.Rounds = 0 },
		"duration": func(c *ForwardConfig) { c.Duration = 1 }, "bitrate": func(c *ForwardConfig) { c.Bitrate = -1 },
	} {
		c := good
		if change(&c); !errors.Is(c.check(), ErrConfig) {
			t.Errorf("%s: %v", name, c.check())
		}
	}
	r := ReceiveConfig{Publishers: 20, Rate: 20000, Frame: 4, Workers: 1, Size: 1200, Rounds: 1, Duration: time.Second}
	if err := r.check(); err != nil || r.period() != 4*time.Millisecond {
		t.Errorf("period %v: %v", r.period(), err)
	}
	for name, change := range map[string]func(*ReceiveConfig){
		"publishers": func(c *ReceiveConfig) { c.Publishers = 0 }, "rate": func(c *ReceiveConfig) { c.Rate = 19 }, "frame": func(c *ReceiveConfig) { c.Frame = 0 },
		"size": func(c *ReceiveConfig) { c.Size = 1401 }, "rounds": func(c *ReceiveConfig) { c.Rounds = 0 },
	} {
		c := r
		if change(&c); !errors.Is(c.check(), ErrConfig) {
			t.Errorf("%s: %v", name, c.check())
		}
	}
	for want, c := range map[time.Duration]ForwardConfig{
		time.Second / 30: {Frame: 4}, time.Second / 50: {Frame: 1}, 32 * time.Millisecond: {Frame: 5, Size: 1200, Bitrate: 1500000},
	} {
		if got := c.period(); got != want {
			t.Errorf("%+v has a frame every %v, want %v", c, got, want)
		}
	}
}
