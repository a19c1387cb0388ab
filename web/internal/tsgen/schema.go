package tsgen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
)

// schema is the part of JSON Schema (draft 2020-12) that the protocol uses. An unknown keyword is an error.
type schema struct {
	Schema      string     `json:"$schema"`
	ID          string     `json:"$id"`
	Ref         string     `json:"$ref"`
	Defs        properties `json:"$defs"`
	Title       string     `json:"title"`
	Description string     `json:"description"`

	Type                 string              `json:"type"`
	Enum                 []string            `json:"enum"`
	Properties           properties          `json:"properties"`
	Required             []string            `json:"required"`
	AdditionalProperties *schema             `json:"additionalProperties"`
	DependentRequired    map[string][]string `json:"dependentRequired"`
	Items                *schema             `json:"items"`
	AllOf                []*schema           `json:"allOf"`

	// Limits, which types cannot say.
	MinLength, MaxLength, MinItems, MaxItems int
	Minimum, Maximum                         float64
}

// properties keeps the order of the file, which is the order in which people read them.
type properties []property

type property struct {
	name   string
	schema *schema
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *properties) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		s, err := parse(raw)
		if err != nil {
			return fmt.Errorf("%v: %w", name, err)
		}
		*p = append(*p, property{name: fmt.Sprint(name), schema: s})
	}
	return nil
}

func parse(data []byte) (*schema, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	s := &schema{}
	return s, dec.Decode(s)
}

// readAll parses the files *.json, sorted by name.
func readAll(files fs.FS) (names []string, schemas map[string]*schema, err error) {
	names, err = fs.Glob(files, "*.json")
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(names)
	schemas = map[string]*schema{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, nil, err
		}
		if schemas[name], err = parse(data); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return names, schemas, nil
}
