package signaling

import (
	"encoding/json"
	"fmt"
	"reflect"
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
	if len(sh.fields) > 64 {
		panic(fmt.Sprintf("signaling: %v has more than 64 fields", t))
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

// check returns an error that names the path of the first value in raw that does not fit. raw is valid JSON in UTF-8.
func (sh *shape) check(path string, raw json.RawMessage) error {
	var room [8]step
	return sh.read(&visit{cursor{text: raw}, append(room[:0], step{name: path})})
}

// visit is a cursor that knows where it is. The path becomes text only when it is told: most messages fit.
type visit struct {
	cursor
	path []step
}

// step is one part of a path.
type step struct {
	name  string // of a member, or of the outermost value
	index uint64 // of an element, which has no name
}

// where writes the path as "d.slots[2].mid".
func (v *visit) where() string {
	var b []byte
	for i, s := range v.path {
		switch {
		case s.name == "":
			b = append(strconv.AppendUint(append(b, '['), s.index, 10), ']')
		case i > 0:
			b = append(append(b, '.'), s.name...)
		default:
			b = append(b, s.name...)
		}
	}
	return string(b)
}

// read checks the value that follows and reads it, if it fits.
func (sh *shape) read(v *visit) error {
	first := v.next()
	if first == 'n' && sh.kind != reflect.Interface {
		return fmt.Errorf("%s is null", v.where())
	}
	switch sh.kind {
	case reflect.Interface:
		return sh.fits(v, len(v.value()))
	case reflect.Struct:
		if first != '{' {
			return fmt.Errorf("%s is not an object", v.where())
		}
		return sh.readObject(v)
	case reflect.Slice:
		if first != '[' {
			return fmt.Errorf("%s is not an array", v.where())
		}
		return sh.readArray(v)
	case reflect.String:
		if first != '"' {
			return fmt.Errorf("%s is not a string", v.where())
		}
		return sh.readString(v)
	case reflect.Int:
		if n, err := strconv.ParseUint(string(v.value()), 10, 64); err != nil || n > sh.max {
			return fmt.Errorf("%s is not an integer from 0 to %d", v.where(), sh.max)
		}
	default:
		if b := v.value(); string(b) != "true" && string(b) != "false" {
			return fmt.Errorf("%s is not true or false", v.where())
		}
	}
	return nil
}

// readPart reads a part of a value.
func (sh *shape) readPart(v *visit, s step) error {
	v.path = append(v.path, s)
	err := sh.read(v)
	v.path = v.path[:len(v.path)-1]
	return err
}

// fits holds a number of bytes against the limit.
func (sh *shape) fits(v *visit, size int) error {
	if uint64(size) > sh.max {
		return fmt.Errorf("%s is longer than %d bytes", v.where(), sh.max)
	}
	return nil
}

func (sh *shape) readObject(v *visit) error {
	var found uint64 // bits, by the index of the field
	for v.enter(); v.more(); {
		name := v.name()
		i, err := sh.field(v, name)
		if err != nil {
			return err
		}
		if i < 0 {
			v.value() // unknown members are ignored
			continue
		}
		f := &sh.fields[i]
		if found&(1<<i) != 0 {
			return fmt.Errorf("%s.%s is there twice", v.where(), f.name)
		}
		found |= 1 << i
		if err := f.shape.readPart(v, step{name: f.name}); err != nil {
			return err
		}
	}
	for i, f := range sh.fields {
		if f.required && found&(1<<i) == 0 {
			return fmt.Errorf("%s.%s is missing", v.where(), f.name)
		}
	}
	return nil
}

// field finds the field of a name; -1 if there is none. It refuses a name that is written in another case: encoding/json would take
// both, past the limits.
func (sh *shape) field(v *visit, name []byte) (int, error) {
	for i := range sh.fields {
		if sh.fields[i].name == string(name) {
			return i, nil
		}
	}
	for i := range sh.fields {
		if strings.EqualFold(sh.fields[i].name, string(name)) {
			return 0, fmt.Errorf("%s.%.64q must be written %q", v.where(), name, sh.fields[i].name)
		}
	}
	return -1, nil
}

func (sh *shape) readArray(v *visit) error {
	v.enter()
	for i := uint64(0); v.more(); i++ {
		if i >= sh.max {
			return fmt.Errorf("%s has more than %d elements", v.where(), sh.max)
		}
		if err := sh.elem.readPart(v, step{index: i}); err != nil {
			return err
		}
	}
	return nil
}

func (sh *shape) readString(v *visit) error {
	raw, size := v.str()
	if size == 0 && !sh.empty {
		return fmt.Errorf("%s is empty", v.where())
	}
	if err := sh.fits(v, size); err != nil {
		return err
	}
	if sh.enum == nil {
		return nil
	}
	s := unquoted(raw, size)
	for _, allowed := range sh.enum {
		if allowed == string(s) {
			return nil
		}
	}
	return fmt.Errorf("%s is none of %s", v.where(), strings.Join(sh.enum, ", "))
}
