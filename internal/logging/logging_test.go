package logging

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func observed(level zapcore.Level) (*zap.Logger, *observer.ObservedLogs) {
	core, logs := observer.New(level)
	return zap.New(core), logs
}

func TestNewWritesOneJSONObjectALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := New("warn", f)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("hidden")
	log.Warn("shown", Untrusted("name", "a\nb"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal(text, &line); err != nil {
		t.Fatalf("%q is not one JSON object: %v", text, err)
	}
	if line["msg"] != "shown" || line["level"] != "warn" || line["name"] != "a\ufffdb" {
		t.Errorf("got %v", line)
	}
}

func TestNewRefusesAnUnknownLevel(t *testing.T) {
	if _, err := New("loud", os.Stderr); err == nil {
		t.Error("no error")
	}
}

func TestRateLimitedPassesOneLineASecondOfEachClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base, logs := observed(zapcore.InfoLevel)
		log := RateLimited(base)
		flood := func() {
			for i := range 100 {
				log.With(zap.Int("i", i)).Warn("bad message")
				log.Named("other").Warn("bad message")
				log.Error("bad message")
				log.Debug("below the level")
			}
		}
		flood()
		if got := logs.TakeAll(); len(got) != 3 {
			t.Fatalf("first second: got %d lines, want one of each of 3 classes: %v", len(got), got)
		}
		time.Sleep(limitPeriod)
		flood()
		got := logs.TakeAll()
		if len(got) != 3 {
			t.Fatalf("next second: got %d lines, want 3", len(got))
		}
		for _, line := range got {
			if n := line.ContextMap()["suppressed"]; n != uint64(99) {
				t.Errorf("%v %s: suppressed = %v, want 99", line.Level, line.LoggerName, n)
			}
		}
		time.Sleep(2 * limitPeriod)
		log.Error("bad message")
		time.Sleep(limitPeriod)
		log.Error("bad message")
		last := logs.TakeAll()
		if len(last) != 2 || len(last[1].Context) != 0 {
			t.Errorf("a line after a quiet second must not speak of suppressed ones: %v", last)
		}
	})
}

func TestLimiterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		passed := 0
		for i := range 10 * maxClasses {
			if _, ok := l.pass(time.Now(), class{name: fmt.Sprint(i)}); ok {
				passed++
			}
		}
		if len(l.classes) != maxClasses+1 || passed != maxClasses+1 {
			t.Errorf("%d classes, %d lines passed, want %d of both", len(l.classes), passed, maxClasses+1)
		}
	})
}

func TestPionLevelsAreLowered(t *testing.T) {
	base, logs := observed(zapcore.DebugLevel)
	log := Pion(base).NewLogger("ice")
	log.Trace("a")
	log.Tracef("b %d", 1)
	log.Debug("c")
	log.Debugf("d %d", 1)
	log.Infof("e %d", 1)
	log.Errorf("f %s", "x\x1b[31m")
	Pion(base).NewLogger("dtls").Warn("100%d is no format here")
	got := logs.TakeAll()
	want := []struct {
		level zapcore.Level
		text  string
	}{{zapcore.DebugLevel, "e 1"}, {zapcore.InfoLevel, "f x\ufffd[31m"}, {zapcore.DebugLevel, "100%d is no format here"}}
	if len(got) != len(want) {
		t.Fatalf("got %d lines: %v", len(got), got)
	}
	for i, w := range want {
		if got[i].Level != w.level || got[i].ContextMap()["text"] != w.text || got[i].Message != "pion" {
			t.Errorf("line %d: got %v %v, want %v", i, got[i].Level, got[i].ContextMap(), w)
		}
	}
}

func TestPionIsLimitedByScopeAndLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base, logs := observed(zapcore.DebugLevel)
		factory := Pion(base)
		for i := range 1000 {
			factory.NewLogger("srtp").Warnf("unhandled SSRC %d", i) // one logger an association, one budget for all
			factory.NewLogger("ice").Warnf("x %d", i)
		}
		if got := logs.TakeAll(); len(got) != 2 {
			t.Fatalf("got %d lines, want 2", len(got))
		}
		time.Sleep(limitPeriod)
		factory.NewLogger("srtp").Warn("again")
		got := logs.TakeAll()
		if len(got) != 1 || got[0].ContextMap()["suppressed"] != uint64(999) {
			t.Errorf("got %v", got)
		}
	})
}

func TestPionFormatsNothingThatIsNotWritten(t *testing.T) {
	base, _ := observed(zapcore.InfoLevel)
	log := Pion(base).NewLogger("ice")
	log.Warnf("%v", bomb{t})
}

type bomb struct{ t *testing.T }

// String implements fmt.Stringer.
func (b bomb) String() string {
	b.t.Error("formatted")
	return ""
}

func TestStdLog(t *testing.T) {
	base, logs := observed(zapcore.InfoLevel)
	StdLog(base, "http").Printf("TLS handshake error from %s: EOF\nforged line", "1.2.3.4:5")
	got := logs.TakeAll()
	if len(got) != 1 || got[0].LoggerName != "http" ||
		got[0].ContextMap()["text"] != "TLS handshake error from 1.2.3.4:5: EOF\ufffdforged line" {
		t.Errorf("got %v", got)
	}
}

func TestUntrusted(t *testing.T) {
	for in, want := range map[string]string{
		"plain Ünicode 名":                 "plain Ünicode 名",
		"a\r\nb\x1b[0m\u009b\u202e\u2028": "a\ufffd\ufffdb\ufffd[0m\ufffd\ufffd\ufffd",
		"\xff":                            "\ufffd",
		strings.Repeat("名", 200):          strings.Repeat("名", 85) + "...",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func BenchmarkSuppressedLine(b *testing.B) {
	base, _ := observed(zapcore.InfoLevel)
	log := RateLimited(base)
	b.ReportAllocs()
	for b.Loop() {
		log.Warn("bad message")
	}
}
