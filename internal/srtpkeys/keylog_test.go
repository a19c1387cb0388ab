package srtpkeys

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// testSecret is a secret of countable bytes.
func testSecret() (s secret) {
	for i := range s.clientRandom {
		s.clientRandom[i] = byte(i)
	}
	for i := range s.master {
		s.master[i] = byte(7*i + 3)
	}
	return s
}

func logLine(s *secret) string { return fmt.Sprintf("CLIENT_RANDOM %x %x\n", s.clientRandom, s.master) }

func TestParseKeyLog(t *testing.T) {
	want := testSecret()
	line := logLine(&want)
	if got, ok := parseKeyLog([]byte(line)); !ok || got != want {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := parseKeyLog([]byte(strings.TrimSuffix(line, "\n"))); !ok || got != want {
		t.Errorf("without the end of the line: got %v, %v", got, ok)
	}
	for name, bad := range map[string]string{
		"empty":                  "",
		"label only":             logLabel,
		"another label":          strings.Replace(line, "CLIENT_RANDOM", "SERVER_TRAFFIC_SECRET_0", 1),
		"short":                  line[:len(line)-3],
		"long":                   strings.TrimSuffix(line, "\n") + "00\n",
		"two lines":              line + line,
		"two ends":               line + "\n",
		"no hex in the random":   strings.Replace(line, "00", "0x", 1),
		"no hex in the secret":   line[:len(line)-2] + "g\n",
		"the space is elsewhere": strings.Replace(line[:len(logLabel)]+strings.Replace(line[len(logLabel):], " ", "0", 1), "1f0", "1f", 1),
	} {
		if got, ok := parseKeyLog([]byte(bad)); ok || got != (secret{}) {
			t.Errorf("%s: got %v, %v, want nothing", name, got, ok)
		}
	}
}

// What is taken is what the writer of the log would write for it, in either case of the letters.
func FuzzParseKeyLog(f *testing.F) {
	s := testSecret()
	f.Add([]byte(logLine(&s)))
	f.Add([]byte(strings.ToUpper(logLine(&s))))
	f.Add([]byte("CLIENT_RANDOM 00 00\n"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, line []byte) {
		kept := bytes.Clone(line)
		got, ok := parseKeyLog(line)
		if !bytes.Equal(line, kept) {
			t.Fatal("the line was changed")
		}
		if !ok {
			if got != (secret{}) {
				t.Fatal("something is left of a line that was refused")
			}
			return
		}
		hex, found := strings.CutPrefix(strings.TrimSuffix(string(line), "\n"), logLabel)
		want := strings.TrimPrefix(strings.TrimSuffix(logLine(&got), "\n"), logLabel)
		if !found || strings.ToLower(hex) != want {
			t.Fatalf("%q was read as %q", line, want)
		}
	})
}
