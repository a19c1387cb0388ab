package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// shape is what JSON must look like to fit a Go type of protocol.go: its fields, and the limits of their max tags. A
// value is checked against it before it is decoded, so that decoding allocates no more than the limits allow. Unlike
// encoding/json it refuses null, a missing field, a field that comes twice, and a name in the wrong case.
type shape struct {
	kind   reflect.Kind // Bool, Int (all integers), String, Slice, Struct, or Interface for any JSON value
	max    uint64       // of bytes, elements, or the value; by kind
	empty  bool         // String: may be empty
	enum   []string     // String: the allowed values, or nil
	elem   *shape       // Slice
	fields []field      // Struct, in the order of the type
}

// field is one member of a JSON object.
type field struct {
	name     string
	required bool
	shape    *shape
}

// enums are the values of the string types that have a closed set of them, by the name of the Go type.
var enums = map[string][]string{
	"Source":    {string(SourceCamera), string(SourceMicrophone), string(SourceScreen), string(SourceScreenAudio)},
	"Kind":      {string(KindAudio), string(KindVideo)},
	"SlotKind":  {string(SlotAudio), string(SlotVideo), string(SlotScreen), string(SlotPinned)},
	"SlotState": {string(SlotIdle), string(SlotLive), string(SlotPaused), string(SlotSwitching)},

	"SlotReason":   {string(SlotMuted), string(SlotBandwidth)},
	"FeedbackKind": {string(FeedbackNone), string(FeedbackTransportCC), string(FeedbackCCFB), string(FeedbackReports)},
	"GrantReason": {
		string(GrantDemand), string(GrantBudget), string(GrantHysteresis), string(GrantProbe), string(GrantPaused),
	},
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// shapeOf describes a struct type of protocol.go. It panics for a type that a client cannot send, and for a field that
// has no limit: both are mistakes of the programmer.
func shapeOf(t reflect.Type) *shape {
	sh := &shape{kind: reflect.Struct}
	for _, f := range reflect.VisibleFields(t) {
		name, opts, tagged := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue // an embedded struct; its fields are visible themselves
		}
		optional := tagged && opts == "omitempty"
		sh.fields = append(sh.fields, field{name, !optional, fieldShape(f, optional)})
	}
	return sh
}

func fieldShape(f reflect.StructField, optional bool) *shape {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == rawMessage:
		return &shape{kind: reflect.Interface, max: limit(f, "max")}
	case t.Kind() == reflect.Struct:
		return shapeOf(t)
	case t.Kind() == reflect.Slice:
		return &shape{kind: reflect.Slice, max: limit(f, "max"), elem: elemShape(f, t.Elem())}
	case t.Kind() == reflect.String && enums[t.Name()] != nil:
		return &shape{kind: reflect.String, max: 64, enum: enums[t.Name()]}
	case t.Kind() == reflect.String:
		return &shape{kind: reflect.String, max: limit(f, "max"), empty: optional}
	case t.Kind() == reflect.Bool:
		return &shape{kind: reflect.Bool}
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64, t.Kind() == reflect.Uint64:
		return &shape{kind: reflect.Int, max: limit(f, "max")}
	}
	panic(fmt.Sprintf("signaling: a client cannot send the type %v of %s", t, f.Name))
}

func elemShape(f reflect.StructField, t reflect.Type) *shape {
	switch t.Kind() {
	case reflect.Struct:
		return shapeOf(t)
	case reflect.String:
		return &shape{kind: reflect.String, max: limit(f, "each"), empty: true}
	case reflect.Uint64:
		return &shape{kind: reflect.Int, max: 1<<53 - 1}
	}
	panic(fmt.Sprintf("signaling: a client cannot send the elements %v of %s", t, f.Name))
}

// limit reads a numeric tag.
func limit(f reflect.StructField, tag string) uint64 {
	n, err := strconv.ParseUint(f.Tag.Get(tag), 10, 64)
	if err != nil {
		panic(fmt.Sprintf("signaling: %s needs the tag %s with its limit", f.Name, tag))
	}
	return n
}

// check returns an error that names the path of the first value in raw that does not fit. raw is valid JSON.
func (sh *shape) check(path string, raw json.RawMessage) error {
	if sh.kind == reflect.Interface {
		return sh.checkSize(path, raw)
	}
	if string(raw) == "null" {
		return fmt.Errorf("%s is null", path)
	}
	switch sh.kind {
	case reflect.Struct:
		return sh.checkObject(path, raw)
	case reflect.Slice:
		return sh.checkArray(path, raw)
	case reflect.String:
		return sh.checkString(path, raw)
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

func (sh *shape) checkSize(path string, raw json.RawMessage) error {
	if uint64(len(raw)) > sh.max {
		return fmt.Errorf("%s is longer than %d bytes", path, sh.max)
	}
	return nil
}

func (sh *shape) checkObject(path string, raw json.RawMessage) error {
	if raw[0] != '{' {
		return fmt.Errorf("%s is not an object", path)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	found := make([]bool, len(sh.fields))
	for dec.More() {
		if err := sh.checkMember(path, dec, found); err != nil {
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

// checkMember checks the next member of an object. It refuses a known name that comes twice or is written in another
// case: encoding/json would take both of them, past the limits.
func (sh *shape) checkMember(path string, dec *json.Decoder, found []bool) error {
	key, err := dec.Token()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var value json.RawMessage
	if err := dec.Decode(&value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	name, _ := key.(string)
	i := slices.IndexFunc(sh.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
	switch {
	case i < 0:
		return nil // unknown members are ignored
	case sh.fields[i].name != name:
		return fmt.Errorf("%s.%.64q must be written %q", path, name, sh.fields[i].name)
	case found[i]:
		return fmt.Errorf("%s.%s is there twice", path, name)
	}
	found[i] = true
	return sh.fields[i].shape.check(path+"."+name, value)
}

func (sh *shape) checkArray(path string, raw json.RawMessage) error {
	if raw[0] != '[' {
		return fmt.Errorf("%s is not an array", path)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i := uint64(0); dec.More(); i++ {
		if i >= sh.max {
			return fmt.Errorf("%s has more than %d elements", path, sh.max)
		}
		var elem json.RawMessage
		if err := dec.Decode(&elem); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := sh.elem.check(fmt.Sprintf("%s[%d]", path, i), elem); err != nil {
			return err
		}
	}
	return nil
}

func (sh *shape) checkString(path string, raw json.RawMessage) error {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return fmt.Errorf("%s is not a string", path)
	}
	if s == "" && !sh.empty {
		return fmt.Errorf("%s is empty", path)
	}
	if err := sh.checkSize(path, json.RawMessage(s)); err != nil {
		return err
	}
	if sh.enum != nil && !slices.Contains(sh.enum, s) {
		return fmt.Errorf("%s is none of %s", path, strings.Join(sh.enum, ", "))
	}
	return nil
}
