package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	signalingv1 "github.com/heliograph/heliograph/api/signaling/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaTypes names the Go type of each schema. The data of ok are at <request>.ok.
var schemaTypes = map[string]any{
	"request": Request{}, "response": Response{}, "event": Event{},
	TypeHello: Hello{}, TypeOffer: Offer{}, TypePublish: Publish{}, TypeUnpublish: Unpublish{},
	TypePublicationUpdate: PublicationUpdate{}, TypeView: View{}, TypeMessage: Message{}, TypePing: Ping{},
	TypeLeave:  struct{}{},
	"offer.ok": OfferOK{}, "publish.ok": PublishOK{}, "view.ok": ViewOK{}, "ping.ok": Ping{},
	TypeErr: ErrorBody{}, TypeWelcome: Welcome{}, TypeOfferWanted: OfferWanted{},
	TypeParticipantJoined: ParticipantJoined{}, TypeParticipantLeft: ParticipantLeft{},
	TypePublicationAdded: PublicationChanged{}, TypePublicationUpdated: PublicationChanged{},
	TypePublicationRemoved: PublicationRemoved{}, TypeSlots: Slots{}, TypeSpeakers: Speakers{},
	TypeSessionClosing: SessionClosing{}, TypePublicationEncodings: PublicationEncodings{},
	TypeNetwork: Network{},
}

// commonTypes names the Go types of the definitions in common.json.
var commonTypes = []any{
	Source(""), Kind(""), SlotKind(""), SlotState(""), SlotOffer{}, EncodingOffer{}, PublicationOffer{}, Offer{}, Answer{},
	Log{}, KeepaliveTimes{}, ICEServer{}, Publication{}, Participant{}, Published{}, Slot{}, Slots{}, SlotWanted{},
	ViewItem{}, Speaker{}, EncodingState{},
	SlotReason(""), FeedbackKind(""), GrantReason(""), SlotGrant{},
}

// goType returns a new value of the type of a message.
func goType(typ string) any { return reflect.New(reflect.TypeOf(schemaTypes[typ])).Interface() }

// node is a part of a schema, as far as our schemas go.
type node struct {
	Schema      string           `json:"$schema"`
	ID          string           `json:"$id"`
	Title       string           `json:"title"`
	Defs        map[string]*node `json:"$defs"`
	Description string           `json:"description"`
	Ref         string           `json:"$ref"`
	AllOf       []*node          `json:"allOf"`
	Type        string           `json:"type"`
	Properties  map[string]*node `json:"properties"`
	Required    []string         `json:"required"`
	Dependent   any              `json:"dependentRequired"`
	Additional  *node            `json:"additionalProperties"`
	Items       *node            `json:"items"`
	MaxItems    *uint64          `json:"maxItems"`
	MinLength   *uint64          `json:"minLength"`
	MaxLength   *uint64          `json:"maxLength"`
	Minimum     *float64         `json:"minimum"`
	Maximum     *float64         `json:"maximum"`
	Enum        []string         `json:"enum"`
}

// schemas are the files of api/signaling/v1, by name without .json. A keyword that node does not know is an error, so
// that the comparison below misses nothing.
func schemas(t testing.TB) map[string]*node {
	t.Helper()
	files, err := fs.Glob(signalingv1.Schemas, "*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]*node)
	for _, f := range files {
		text, err := fs.ReadFile(signalingv1.Schemas, f)
		if err != nil {
			t.Fatal(err)
		}
		n := new(node)
		strictly(t, text, n)
		if n.ID != signalingv1.Base+f || n.Schema != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s has the $id %s and the $schema %s", f, n.ID, n.Schema)
		}
		all[strings.TrimSuffix(f, ".json")] = n
	}
	return all
}

// comparer compares Go types with schemas and notes which definitions it has seen.
type comparer struct {
	t    *testing.T
	defs map[string]*node
	seen map[string]bool
}

// TestSchemasAndTypes holds the Go types and the schemas to each other, both ways: names, types, what is required, enums,
// and the limits of what a client sends.
func TestSchemasAndTypes(t *testing.T) {
	all := schemas(t)
	c := &comparer{t, all["common"].Defs, map[string]bool{}}
	delete(all, "common")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v, ok := schemaTypes[name]
		if !ok {
			t.Errorf("%s.json has no Go type", name)
			continue
		}
		c.compare(name, reflect.TypeOf(v), all[name])
	}
	for name := range schemaTypes {
		if all[name] == nil {
			t.Errorf("%s.json is missing", name)
		}
	}
	for _, v := range commonTypes {
		rt := reflect.TypeOf(v)
		if c.defs[rt.Name()] == nil {
			t.Errorf("common.json does not define %s", rt.Name())
			continue
		}
		c.seen[rt.Name()] = true
		c.compare(rt.Name(), rt, c.defs[rt.Name()])
	}
	for name := range c.defs {
		if !c.seen[name] {
			t.Errorf("nothing is of the type %s of common.json", name)
		}
	}
}

// resolve follows references.
func (c *comparer) resolve(n *node) *node {
	for n.Ref != "" {
		_, name, _ := strings.Cut(n.Ref, "#/$defs/")
		if c.defs[name] == nil {
			c.t.Fatalf("%s leads nowhere", n.Ref)
		}
		c.seen[name] = true
		n = c.defs[name]
	}
	return n
}

// object collects the properties of a schema and of all that it consists of.
func (c *comparer) object(n *node) (properties map[string]*node, required []string) {
	n = c.resolve(n)
	properties = maps.Clone(n.Properties)
	required = slices.Clone(n.Required)
	for _, part := range n.AllOf {
		p, r := c.object(part)
		if properties == nil {
			properties = map[string]*node{}
		}
		maps.Copy(properties, p)
		required = append(required, r...)
	}
	return properties, required
}

func (c *comparer) compare(path string, rt reflect.Type, n *node) {
	if n.Ref != "" && rt.Kind() == reflect.Struct && !strings.HasSuffix(n.Ref, "/"+rt.Name()) {
		c.t.Errorf("%s is %s in Go and %s in the schema", path, rt.Name(), n.Ref)
	}
	n = c.resolve(n)
	if rt == rawMessage || rt.Kind() == reflect.Interface {
		if n.Type != "" {
			c.t.Errorf("%s is any JSON value in Go and %s in the schema", path, n.Type)
		}
		return
	}
	want := map[reflect.Kind]string{
		reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean",
		reflect.Int: "integer", reflect.Int64: "integer", reflect.Uint64: "integer", reflect.Uint32: "integer", reflect.Float64: "number",
	}[rt.Kind()]
	if n.Type != want && n.AllOf == nil {
		c.t.Errorf("%s is %v in Go and %q in the schema", path, rt, n.Type)
	}
	switch rt.Kind() {
	case reflect.Struct:
		c.compareFields(path, rt, n)
	case reflect.Slice:
		c.compare(path+"[]", rt.Elem(), n.Items)
	case reflect.Map:
		c.compare(path+"{}", rt.Elem(), n.Additional)
	case reflect.String:
		if names := enums[rt.Name()]; names != nil && !slices.Equal(names, n.Enum) {
			c.t.Errorf("%s may be %v in Go and %v in the schema", path, names, n.Enum)
		}
	}
}

func (c *comparer) compareFields(path string, rt reflect.Type, n *node) {
	properties, required := c.object(n)
	for _, f := range reflect.VisibleFields(rt) {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" { // no JSON has it
			continue
		}
		p := properties[name]
		if p == nil {
			c.t.Errorf("%s.%s is not in the schema", path, name)
			continue
		}
		delete(properties, name)
		if optional := opts == "omitempty"; optional == slices.Contains(required, name) {
			c.t.Errorf("%s.%s: required is %v in the schema", path, name, optional)
		}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		c.compare(path+"."+name, ft, p)
		c.compareLimits(path+"."+name, f, opts == "omitempty", c.resolve(p))
	}
	for name := range properties {
		c.t.Errorf("%s.%s is not in the Go type", path, name)
	}
}

// compareLimits compares a max tag with the limits in the schema. The schema counts the characters of a string, Go its
// bytes: what Go takes fits the schema.
func (c *comparer) compareLimits(path string, f reflect.StructField, optional bool, n *node) {
	tag, ok := f.Tag.Lookup("max")
	if !ok {
		return
	}
	limit, _ := strconv.ParseUint(tag, 10, 64)
	var got *uint64
	switch {
	case n.Type == "string":
		got = n.MaxLength
		if !optional && (n.MinLength == nil || *n.MinLength != 1) {
			c.t.Errorf("%s needs the minLength 1", path)
		}
	case n.Type == "array":
		got = n.MaxItems
	case n.Type == "integer" && n.Maximum != nil && n.Minimum != nil:
		m := uint64(*n.Maximum)
		got = &m
	default:
		return // any JSON value: its length has no keyword
	}
	if got == nil || *got != limit {
		c.t.Errorf("%s has the limit %d in Go and another one in the schema", path, limit)
	}
	if each, ok := f.Tag.Lookup("each"); ok && (n.Items.MaxLength == nil || fmt.Sprint(*n.Items.MaxLength) != each) {
		c.t.Errorf("the elements of %s have the limit %s in Go and another one in the schema", path, each)
	}
}

// compiled are the schemas, ready to validate with.
func compiled(t testing.TB) map[string]*jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	names := slices.Collect(maps.Keys(schemas(t)))
	for _, name := range names {
		text, err := fs.ReadFile(signalingv1.Schemas, name+".json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(signalingv1.Base+name+".json", doc); err != nil {
			t.Fatal(err)
		}
	}
	all := make(map[string]*jsonschema.Schema)
	for _, name := range names {
		s, err := c.Compile(signalingv1.Base + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		all[name] = s
	}
	return all
}

// fits returns the error of validating JSON.
func fits(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s.Validate(v)
}

// TestTranscriptsFitTheSchemas validates every message of the transcripts, and that the Go types know each of its members.
func TestTranscriptsFitTheSchemas(t *testing.T) {
	all := compiled(t)
	for name, lines := range golden(t) {
		types := map[uint64]string{} // of the requests
		for _, l := range lines {
			if l.Frame == nil {
				continue
			}
			envelope, data, d := dataSchema(t, l, types)
			if err := fits(t, all[envelope], l.Frame); err != nil {
				t.Errorf("%s: %s: %v", name, l.Frame, err)
			}
			if data == "" {
				continue
			}
			s := all[data]
			if s == nil && d != nil {
				t.Errorf("%s: there is no schema for the data of %s", name, l.Frame)
			}
			if s == nil {
				continue
			}
			if d == nil {
				d = []byte("{}")
			}
			// one transcript shows a view that does not fit
			if err := fits(t, s, d); (err != nil) != (name == "errors.jsonl" && data == TypeView) {
				t.Errorf("%s: %s: %v", name, l.Frame, err)
			}
			strictly(t, d, goType(data))
		}
	}
}

// dataSchema returns the names of the schemas of a line's envelope and data, and the data. A request of a type that does
// not exist has no schema. types keeps the types of the requests.
func dataSchema(t *testing.T, l *goldenLine, types map[uint64]string) (envelope, data string, d json.RawMessage) {
	if l.From == fromClient {
		r := l.request(t)
		types[r.ID] = r.Type
		if !slices.Contains(requestTypes, r.Type) {
			return "request", "", nil
		}
		return "request", r.Type, r.Data
	}
	var f frame
	if err := json.Unmarshal(l.Frame, &f); err != nil {
		t.Fatal(err)
	}
	switch {
	case f.Re == nil:
		return "event", f.T, f.D
	case f.T == TypeOK:
		return "response", types[*f.Re] + ".ok", f.D
	default:
		return "response", f.T, f.D
	}
}

// A nil slice must not become null where the schema wants an array: the zero value of every message fits its schema as
// far as types go.
func TestZeroValuesHaveNoNull(t *testing.T) {
	for name, v := range schemaTypes {
		if name == "request" || name == TypeMessage { // their raw JSON is null by nature
			continue
		}
		text, err := encodeJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("null")) {
			t.Errorf("%s: %s", name, text)
		}
	}
	for _, v := range []any{Participant{}, ICEServer{}, &Welcome{Participants: []Participant{{}}}} {
		if text, err := encodeJSON(v); err != nil || bytes.Contains(text, []byte("null")) {
			t.Errorf("%s, %v", text, err)
		}
	}
}
