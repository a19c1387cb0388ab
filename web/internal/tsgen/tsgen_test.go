package tsgen

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func files(named map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range named {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestGenerate(t *testing.T) {
	got, err := Generate(files(map[string]string{
		"common.json": `{"$defs":{
			"Kind":{"description":"A kind.","type":"string","enum":["audio","video"]},
			"Slot":{"type":"object","properties":{"mid":{"type":"string"},"kind":{"$ref":"#/$defs/Kind"},"csrc":{"description":"A source.","type":"integer"}},"required":["mid"]},
			"View":{"type":"object","properties":{"tags":{"type":"object","additionalProperties":{"type":"string"}},"kinds":{"type":"array","items":{"type":"string","enum":["a","b"]}}}}}}`,
		"slot.json":       `{"$ref":"common.json#/$defs/Slot"}`,
		"hello.json":      `{"type":"object","properties":{"slots":{"type":"array","items":{"$ref":"common.json#/$defs/Slot"}},"body":{}},"required":["body"]}`,
		"publish.json":    `{"allOf":[{"$ref":"common.json#/$defs/Slot"},{"$ref":"common.json#/$defs/View"}]}`,
		"publish.ok.json": `{"allOf":[{"$ref":"common.json#/$defs/Slot"}],"type":"object","properties":{"rev":{"type":"number"}}}`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := header + `
/** A kind. */
export type Kind = "audio" | "video";

export interface Slot {
  mid: string;
  kind?: Kind;
  /** A source. */
  csrc?: number;
}

export interface View {
  tags?: Record<string, string>;
  kinds?: ("a" | "b")[];
}

export interface Hello {
  slots?: Slot[];
  body: unknown;
}

export type Publish = Slot & View;

export interface PublishOk extends Slot {
  rev?: number;
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A schema that says something that the types would not say must not pass.
func TestGenerateRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"unknown keyword":   `{"type":"object","properties":{"a":{"type":"string","oneOf":[]}}}`,
		"unknown type":      `{"type":"object","properties":{"a":{"type":"null"}}}`,
		"nested object":     `{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"string"}}}}}`,
		"allOf of no $ref":  `{"type":"object","allOf":[{"type":"object"}],"properties":{}}`,
		"not JSON":          `{`,
		"object without it": `{"type":"array","items":{"type":"object"}}`,
	} {
		if out, err := Generate(files(map[string]string{"x.json": text})); err == nil {
			t.Errorf("%s: no error, but\n%s", name, out)
		}
	}
	_, err := Generate(files(map[string]string{"x.json": `{"type":"null"}`}))
	if !errors.Is(err, ErrSchema) {
		t.Errorf("error %v is not ErrSchema", err)
	}
}

func TestTypeName(t *testing.T) {
	for file, want := range map[string]string{"hello.json": "Hello", "publication.added.json": "PublicationAdded"} {
		if got := typeName(file); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}

func FuzzGenerate(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`)
	f.Add(`{"$ref":"#/$defs/A","$defs":{"A":{"enum":["x"]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		out, err := Generate(files(map[string]string{"x.json": text}))
		if err == nil && !strings.HasPrefix(out, header) {
			t.Errorf("no error, but %q", out)
		}
	})
}
