package tsgen

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ErrSchema says that a schema uses something that has no TypeScript type here.
var ErrSchema = errors.New("schema has no TypeScript type")

const header = `// Code generated from api/signaling/v1 by go generate ./web; DO NOT EDIT.
// The types of heliograph.v1+json.
`

const common = "common.json"

// Generate returns the TypeScript types of the schemas *.json in files: one for each definition of common.json, and one
// for each other file. The result depends on the files only.
func Generate(files fs.FS) (string, error) {
	names, schemas, err := readAll(files)
	if err != nil {
		return "", err
	}
	var g generator
	g.text.WriteString(header)
	if c := schemas[common]; c != nil {
		for _, d := range c.Defs {
			if err := g.declare(d.name, d.schema); err != nil {
				return "", fmt.Errorf("%s: %w", common, err)
			}
		}
	}
	for _, name := range names {
		if name == common {
			continue
		}
		if err := g.declare(typeName(name), schemas[name]); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return g.text.String(), nil
}

// typeName makes "PublishOk" of "publish.ok.json".
func typeName(file string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(strings.TrimSuffix(file, ".json"), ".") {
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}

type generator struct {
	text strings.Builder
}

// declare writes one exported type. A message that is nothing but the definition of the same name needs no second one.
func (g *generator) declare(name string, s *schema) error {
	if s.Ref != "" && path.Base(s.Ref) == name {
		return nil
	}
	g.text.WriteString("\n")
	g.comment("", s.Description)
	if s.Type != "object" || s.AdditionalProperties != nil {
		t, err := g.typeOf(s)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&g.text, "export type %s = %s;\n", name, t)
		return nil
	}
	extends, err := g.extends(s)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(&g.text, "export interface %s%s {\n", name, extends)
	for _, p := range s.Properties {
		if err := g.property(p, slices.Contains(s.Required, p.name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	g.text.WriteString("}\n")
	return nil
}

// extends names the definitions that allOf adds to an object's own properties.
func (g *generator) extends(s *schema) (string, error) {
	var bases []string
	for _, part := range s.AllOf {
		if part.Ref == "" {
			return "", fmt.Errorf("%w: allOf of something that is no $ref", ErrSchema)
		}
		bases = append(bases, path.Base(part.Ref))
	}
	if len(bases) == 0 {
		return "", nil
	}
	return " extends " + strings.Join(bases, ", "), nil
}

func (g *generator) property(p property, required bool) error {
	t, err := g.typeOf(p.schema)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	mark := "?"
	if required {
		mark = ""
	}
	g.comment("  ", p.schema.Description)
	fmt.Fprintf(&g.text, "  %s%s: %s;\n", p.name, mark, t)
	return nil
}

func (g *generator) typeOf(s *schema) (string, error) {
	switch {
	case s.Ref != "":
		return path.Base(s.Ref), nil
	case len(s.Enum) > 0:
		var values []string
		for _, v := range s.Enum {
			values = append(values, strconv.Quote(v))
		}
		return strings.Join(values, " | "), nil
	case len(s.AllOf) > 0:
		extends, err := g.extends(s)
		return strings.ReplaceAll(strings.TrimPrefix(extends, " extends "), ", ", " & "), err
	}
	switch s.Type {
	case "":
		return "unknown", nil
	case "string", "boolean":
		return s.Type, nil
	case "integer", "number":
		return "number", nil
	case "array":
		return g.arrayOf(s)
	case "object":
		return g.mapOf(s)
	}
	return "", fmt.Errorf("%w: type %q", ErrSchema, s.Type)
}

func (g *generator) arrayOf(s *schema) (string, error) {
	if s.Items == nil {
		return "unknown[]", nil
	}
	t, err := g.typeOf(s.Items)
	if err != nil {
		return "", err
	}
	if strings.Contains(t, " ") {
		t = "(" + t + ")"
	}
	return t + "[]", nil
}

// mapOf takes objects with any names and one type of values; others need a definition of their own.
func (g *generator) mapOf(s *schema) (string, error) {
	if s.AdditionalProperties == nil || len(s.Properties) > 0 {
		return "", fmt.Errorf("%w: an object without a name", ErrSchema)
	}
	t, err := g.typeOf(s.AdditionalProperties)
	return "Record<string, " + t + ">", err
}

func (g *generator) comment(indent, text string) {
	if text != "" {
		fmt.Fprintf(&g.text, "%s/** %s */\n", indent, strings.ReplaceAll(text, "*/", "*\\/"))
	}
}
