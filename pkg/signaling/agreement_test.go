package signaling

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDecoderAgreesWithTheSchemas changes each value of each request of the transcripts, one at a time, and lets decoder
// and schemas judge the result: they must agree.
func TestDecoderAgreesWithTheSchemas(t *testing.T) {
	all, d := compiled(t), newDecoder()
	accepted, refused := 0, 0
	for _, l := range goldenLines(t) {
		if l.From != fromClient || l.Frame == nil {
			continue
		}
		r := l.request(t)
		if r.Type == TypeLeave || d.data[r.Type] == nil {
			continue
		}
		for _, data := range mutants(t, r.Data) {
			_, _, got := decodeAll(d, fmt.Appendf(nil, `{"t":%q,"id":1,"d":%s}`, r.Type, data))
			want := fits(t, all[r.Type], data)
			if (got == nil) != (want == nil) {
				t.Errorf("%s %s:\nthe decoder says %v,\nthe schema says %v", r.Type, data, got, want)
			}
			if want == nil {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 100 || refused < 500 {
		t.Errorf("%d mutants were accepted and %d refused: too few to say anything", accepted, refused)
	}
}

// mutants returns JSON values that differ from a value in one place each, the value itself included.
func mutants(t testing.TB, text []byte) [][]byte {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	mutate(v, func(m any) {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	})
	return all
}

// mutate calls emit with v and with variants of it.
func mutate(v any, emit func(any)) {
	emit(v)
	for _, other := range []any{
		nil, true, 0, 1, -1, 1.5, 100, 65536, 2147483648, "", "x", "camera", "audio", strings.Repeat("y", 33), strings.Repeat("z", 65),
		strings.Repeat("w", 5000), []any{}, []any{1}, []any{"x"}, []any{map[string]any{}}, map[string]any{},
	} {
		emit(other)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			mutate(member, func(m any) {
				c := maps.Clone(v)
				c[name] = m
				emit(c)
			})
			c := maps.Clone(v)
			delete(c, name)
			emit(c)
		}
		c := maps.Clone(v)
		c["unheard-of"] = 1
		emit(c)
	case []any:
		for i, elem := range v {
			mutate(elem, func(m any) {
				c := slices.Clone(v)
				c[i] = m
				emit(c)
			})
		}
		if len(v) > 0 {
			emit(slices.Repeat(v, 513))
		}
	}
}
