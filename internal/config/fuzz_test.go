package config

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// Whatever the file says, it either loads or is refused with one line that wraps ErrInvalid, and soon.
func FuzzParseFile(f *testing.F) {
	sample, err := os.ReadFile(samplePath)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sample)
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("turn: {servers: [{urls: [x]}]}\n"))
	f.Add([]byte("room: &r {codec: vp8}\nauth: *r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		start := time.Now()
		values, err := parseFile("f.yml", text)
		for _, v := range values {
			if err == nil {
				err = check(v)
			}
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %v", took)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q must be one line and wrap ErrInvalid", err)
		}
	})
}
