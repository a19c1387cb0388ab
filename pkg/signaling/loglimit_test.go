package signaling

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func zapClass(c Code) zapcore.Field { return zap.String("class", string(c)) }

func TestLogLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel)
		l := newLogLimit(zap.New(core))
		for range 35 { // 3.5 s
			l.warn("a", "first")
			time.Sleep(100 * time.Millisecond)
		}
		l.warn("b", "second")
		if n := logs.FilterMessage("first").Len(); n != 4 {
			t.Errorf("%d lines in 3.5 s", n)
		}
		if n := logs.FilterMessage("second").Len(); n != 1 {
			t.Errorf("another class has %d lines", n)
		}
		for i, e := range logs.FilterMessage("first").All() {
			if n, ok := e.ContextMap()["suppressed"]; ok != (i > 0) || ok && n != uint64(9) {
				t.Errorf("line %d: %v", i, e.ContextMap())
			}
		}
	})
}

// S-09: text from the wire cannot begin a line of the log, in either of zap's encodings.
func TestLogInjection(t *testing.T) {
	const evil = "x\n2026-01-01T00:00:00Z\tINFO\tall is well\r\u2028\x1b[2J"
	for name, enc := range map[string]zapcore.Encoder{
		"console": zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
		"json":    zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			s := newSite(t, newHall())
			s.server.log.log = zap.New(zapcore.NewCore(enc, zapcore.AddSync(&out), zapcore.DebugLevel))
			w := s.join(evil)
			w.response(w.request(evil, struct{}{}))
			w.response(w.request(TypePublicationUpdate, PublicationUpdate{Publication: evil}))
			text := out.String()
			lines := strings.Count(text, "\n")
			bad := strings.ContainsAny(strings.TrimSpace(text), "\r\x1b") || lines != 2
			accepted := 0
			if bad {
				accepted = 1
				t.Errorf("%s:\n%q", name, text)
			}
			figure(t, "S-09/log-"+name, "0 lines injected", accepted, !bad)
		})
	}
}
