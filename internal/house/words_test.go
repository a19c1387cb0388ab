package house

import (
	"encoding/json"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// exceptions are names in which a banned word means what it says, each with that meaning. One that is not needed any more
// fails the test.
var exceptions = map[string]string{
	"hello.client":    "the name and version of the software, not the participant",
	"SlotOffer.group": "slots that share a stream id for lip sync, not a room",
}

// A name is looked for by its word. When one thing has two words, half of its places are not found.
func TestExportedNamesFollowTheGlossary(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest || f.made {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range exportedNames(d) {
				if b, found := FindBanned(name); found {
					t.Errorf("%s: the name %s has the word %q: here it is %s", f.line(d), name, b.Word, b.Instead)
				}
			}
		}
	}
}

// exportedNames are the types and functions of a declaration that other packages see.
func exportedNames(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.IsExported() {
				names = append(names, ts.Name.Name)
			}
		}
	}
	return names
}

// The words of the protocol are forever: an SDK of today must find them in ten years.
func TestProtocolFollowsTheGlossary(t *testing.T) {
	used := map[string]bool{}
	checked := 0
	for _, name := range tracked(t) {
		if !strings.HasPrefix(name, "api/") || path.Ext(name) != ".json" {
			continue
		}
		var schema any
		if err := json.Unmarshal([]byte(read(t, name)), &schema); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		owner := strings.TrimSuffix(path.Base(name), ".json")
		for _, word := range append(schemaNames(schema, owner), schemaName{"", owner}) {
			checked++
			full := word.owner + "." + word.name
			if _, excepted := exceptions[full]; excepted {
				used[full] = true
				continue
			}
			if b, found := FindBanned(word.name); found {
				t.Errorf("%s: %s has the word %q: here it is %s", name, full, b.Word, b.Instead)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d names were found in the schemas of api/", checked)
	}
	for full := range exceptions {
		if !used[full] {
			t.Errorf("the exception for %s is not needed any more, take it out", full)
		}
	}
}

// schemaName is a name of the protocol with the type or message that it belongs to.
type schemaName struct{ owner, name string }

// schemaNames walks a JSON Schema and returns the names of properties and the values of const and enum.
func schemaNames(node any, owner string) []schemaName {
	var all []schemaName
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			all = append(all, schemaNames(item, owner)...)
		}
	case map[string]any:
		for key, value := range node {
			switch key {
			case "properties":
				all = append(all, keysOf(value, owner)...)
			case "const", "enum":
				all = append(all, textsOf(value, owner)...)
			case "$defs":
				all = append(all, definitions(value)...)
				continue
			}
			all = append(all, schemaNames(value, owner)...)
		}
	}
	return all
}

func definitions(node any) []schemaName {
	var all []schemaName
	defs, _ := node.(map[string]any)
	for name, def := range defs {
		all = append(all, schemaName{"", name})
		all = append(all, schemaNames(def, name)...)
	}
	return all
}

func keysOf(node any, owner string) []schemaName {
	var all []schemaName
	properties, _ := node.(map[string]any)
	for name := range properties {
		all = append(all, schemaName{owner, name})
	}
	return all
}

func textsOf(node any, owner string) []schemaName {
	var all []schemaName
	list, isList := node.([]any)
	if !isList {
		list = []any{node}
	}
	for _, item := range list {
		if text, ok := item.(string); ok {
			all = append(all, schemaName{owner, text})
		}
	}
	return all
}

func TestSchemaNames(t *testing.T) {
	var schema any
	text := `{"properties": {"t": {"const": "hello"}, "d": {"properties": {"rid": {}}}}, "$defs": {"Slot": {"properties": {"mid": {"enum": ["a"]}}}}}`
	if err := json.Unmarshal([]byte(text), &schema); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range schemaNames(schema, "x") {
		got = append(got, n.owner+"."+n.name)
	}
	slices.Sort(got)
	want := []string{".Slot", "Slot.a", "Slot.mid", "x.d", "x.hello", "x.rid", "x.t"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
