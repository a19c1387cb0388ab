package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzShape holds the one walk over a text against one that decodes each level by encoding/json: they say the same, word for word. What is
// no JSON at all must only come to an end.
func FuzzShape(f *testing.F) {
	for _, c := range badInput {
		if len(c.text) < 2000 {
			f.Add([]byte(c.text))
		}
	}
	for _, l := range goldenLines(f) {
		if l.From == fromClient {
			f.Add([]byte(l.Frame))
			var r Request
			if json.Unmarshal(l.Frame, &r) == nil {
				f.Add([]byte(r.Data))
			}
		}
	}
	for _, text := range []string{
		` { "t" : "\u0070ing" , "\u0069d" : 2 , "d" : [ 1 , { } , [ ] ] , "a" : [ 1 , 2 ] } `, `{"token":"\ud83d\ude00\ud83d\n\ud83dx\"\u00fc\uZ"}`,
		`{"rev":1,"items":[{"publication":"\\"},{"participant":""}]}`, `{"n":1,"x":{"a":"}"}}`, `{"cid":"a","source":"came\u0072a","kind":"video","mid":"0"}`,
		`"`, `"\`, `{"`, `{"a"`, `{"a":`, `[`, `,,`, `{]`, `{"t":"x","x":"\ud8`, `"\u12`,
	} {
		f.Add([]byte(text))
	}
	d := newDecoder()
	shapes := []*shape{d.envelope}
	for _, sh := range d.data {
		shapes = append(shapes, sh)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := cursor{text: text}
		for before := -1; c.at < len(text); before = c.at {
			if c.at == before {
				c.at++ // a comma or a bracket that closes
			}
			c.value()
		}
		valid := utf8.Valid(text) && json.Valid(text)
		text = bytes.TrimSpace(text)
		for _, sh := range shapes {
			got := sh.check("x", text)
			if !valid {
				continue
			}
			if want := modelCheck(sh, "x", text); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s: %v, want %v", text, got, want)
			}
		}
		if !valid || d.envelope.check("message", text) != nil {
			return
		}
		var want Request
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if got := readRequest(text); !reflect.DeepEqual(*got, want) {
			t.Fatalf("%s is read as %+v, want %+v", text, *got, want)
		}
	})
}

// A message that fits is checked without a copy, whatever its length: only the path to where the check is takes room.
func TestCheckAllocations(t *testing.T) {
	d := newDecoder()
	data := benchHello(t)
	if n := testing.AllocsPerRun(100, func() {
		if err := d.data[TypeHello].check("d", data); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("it allocates %v times, want 1", n)
	}
}

// benchHello is the data of a hello with an offer of ten kilobytes for seven slots.
func benchHello(tb testing.TB) []byte {
	h := Hello{Token: strings.Repeat("t", 400), Client: "bench", Offer: &Offer{Rev: 1, SDP: strings.Repeat("a=rtcp-fb:96 nack pli\r\n", 450)}}
	for i := range 7 {
		h.Offer.Slots = append(h.Offer.Slots, SlotOffer{MID: strconv.Itoa(i), Kind: SlotVideo})
	}
	data, err := encodeJSON(h)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func BenchmarkDecodeHello(b *testing.B) {
	d := newDecoder()
	frame := fmt.Appendf(nil, `{"t":"hello","id":1,"d":%s}`, benchHello(b))
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, _, err := decodeAll(d, frame); err != nil {
			b.Fatal(err)
		}
	}
}

// modelCheck is shape.check by encoding/json.
func modelCheck(sh *shape, path string, raw json.RawMessage) error {
	if sh.kind == reflect.Interface {
		return modelSize(sh, path, len(raw))
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s is null", path)
	}
	switch sh.kind {
	case reflect.Struct:
		return modelObject(sh, path, raw)
	case reflect.Slice:
		return modelArray(sh, path, raw)
	case reflect.String:
		return modelString(sh, path, raw)
	case reflect.Int:
		n, err := strconv.ParseUint(string(raw), 10, 64)
		if err != nil || n > sh.max {
			return fmt.Errorf("%s is not an integer from 0 to %d", path, sh.max)
		}
	default:
		if s := string(raw); s != "true" && s != "false" {
			return fmt.Errorf("%s is not true or false", path)
		}
	}
	return nil
}

func modelSize(sh *shape, path string, size int) error {
	if uint64(size) > sh.max {
		return fmt.Errorf("%s is longer than %d bytes", path, sh.max)
	}
	return nil
}

func modelObject(sh *shape, path string, raw json.RawMessage) error {
	if raw[0] != '{' {
		return fmt.Errorf("%s is not an object", path)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	found := make([]bool, len(sh.fields))
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		name, _ := key.(string)
		i := slices.IndexFunc(sh.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
		switch {
		case i < 0:
			continue
		case sh.fields[i].name != name:
			return fmt.Errorf("%s.%.64q must be written %q", path, name, sh.fields[i].name)
		case found[i]:
			return fmt.Errorf("%s.%s is there twice", path, name)
		}
		found[i] = true
		if err := modelCheck(sh.fields[i].shape, path+"."+name, value); err != nil {
			return err
		}
	}
	for i, f := range sh.fields {
		if f.required && !found[i] {
			return fmt.Errorf("%s.%s is missing", path, f.name)
		}
	}
	return nil
}

func modelArray(sh *shape, path string, raw json.RawMessage) error {
	if raw[0] != '[' {
		return fmt.Errorf("%s is not an array", path)
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return err
	}
	for i, elem := range elements {
		if uint64(i) >= sh.max {
			return fmt.Errorf("%s has more than %d elements", path, sh.max)
		}
		if err := modelCheck(sh.elem, fmt.Sprintf("%s[%d]", path, i), elem); err != nil {
			return err
		}
	}
	return nil
}

func modelString(sh *shape, path string, raw json.RawMessage) error {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return fmt.Errorf("%s is not a string", path)
	}
	if s == "" && !sh.empty {
		return fmt.Errorf("%s is empty", path)
	}
	if err := modelSize(sh, path, len(s)); err != nil {
		return err
	}
	if sh.enum != nil && !slices.Contains(sh.enum, s) {
		return fmt.Errorf("%s is none of %s", path, strings.Join(sh.enum, ", "))
	}
	return nil
}
