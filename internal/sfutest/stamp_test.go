package sfutest

import (
	"testing"
	"time"
)

// FuzzReadStamp: a stamp is read as it was written, and nothing else is taken for one.
func FuzzReadStamp(f *testing.F) {
	f.Add([]byte{}, uint64(1), uint32(2), true)
	f.Fuzz(func(t *testing.T, b []byte, origin uint64, frame uint32, key bool) {
		_, _ = readStamp(b) // must not panic
		s := stamp{origin: origin, encoding: 2, key: key, part: 1, parts: 3, frame: frame, needs: frame - 1, captured: time.Second}
		got, ok := readStamp(s.append(nil, 200))
		if !ok || got != s {
			t.Errorf("%+v became %+v", s, got)
		}
	})
}
