package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile is the largest configuration file that is read, in bytes.
const maxFile = 1 << 20

// readFile returns the settings of the YAML file at path.
func readFile(path string) ([]value, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, invalid("there is no file %s, check the path after --config", path)
	}
	if err != nil {
		return nil, invalid("the file cannot be read: %v", err)
	}
	defer f.Close() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, invalid("the file cannot be read: %v", err)
	}
	if len(text) > maxFile {
		return nil, invalid("%s is larger than %d bytes, is it the right file?", path, maxFile)
	}
	return parseFile(filepath.Base(path), text)
}

// parseFile converts the text of a file; name is how errors call it.
func parseFile(name string, text []byte) ([]value, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, invalid("%s is not YAML: %s", name, oneLine(err))
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return nil, nil // an empty file, or comments only
	}
	p := fileParser{name: name, known: map[string]setting{}}
	for _, s := range settings() {
		p.keys = append(p.keys, s.key)
		p.known[s.key] = s
	}
	if err := p.mapping(doc.Content[0], ""); err != nil {
		return nil, err
	}
	return p.values, nil
}

// fileParser walks the nodes of a file by the keys of the settings.
type fileParser struct {
	name   string
	keys   []string
	known  map[string]setting
	values []value
}

func (p *fileParser) mapping(n *yaml.Node, prefix string) error {
	if n.Kind != yaml.MappingNode {
		return invalid("%s: write settings as name: value below it", p.at(n, strings.TrimSuffix(prefix, ".")))
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name, val := n.Content[i], resolve(n.Content[i+1])
		key := prefix + name.Value
		if seen[key] {
			return invalid("%s is there twice, keep one", p.at(name, key))
		}
		seen[key] = true
		if err := p.entry(name, val, key); err != nil {
			return err
		}
	}
	return nil
}

func (p *fileParser) entry(name, val *yaml.Node, key string) error {
	s, leaf := p.known[key]
	switch {
	case !leaf && !p.isSection(key):
		return invalid("%s line %d: unknown key %q%s", p.name, name.Line, key, suggest(key, p.keys))
	case val.Tag == "!!null":
		return nil // "key:" with nothing behind it
	case !leaf:
		return p.mapping(val, key+".")
	}
	return p.leaf(s, val)
}

func (p *fileParser) isSection(key string) bool {
	for _, k := range p.keys {
		if strings.HasPrefix(k, key+".") {
			return true
		}
	}
	return false
}

func (p *fileParser) leaf(s setting, n *yaml.Node) error {
	v := value{setting: s, where: p.at(n, s.key)}
	target, wanted := reflect.New(s.typ), ""
	switch {
	case s.typ.Kind() == reflect.Int:
		wanted = "a whole number"
	case s.typ.Kind() == reflect.Bool:
		wanted = "true or false"
	case s.typ.Kind() == reflect.Map:
		wanted = "name: value pairs"
	case s.typ == reflect.TypeFor[[]ICEServer]():
		wanted = "a list of servers with urls, username and credential"
		if err := p.serverKeys(n); err != nil {
			return err
		}
	case s.typ.Kind() == reflect.Slice:
		wanted, target = "a list", reflect.ValueOf(new([]string))
		if n.Kind == yaml.ScalarNode { // one value stands for a list of one
			v.data = []string{n.Value}
			p.values = append(p.values, v)
			return nil
		}
	default:
		wanted = "one text"
	}
	if err := n.Decode(target.Interface()); err != nil {
		return invalid("%s must be %s", v.where, wanted)
	}
	v.data = target.Elem().Interface()
	p.values = append(p.values, v)
	return nil
}

// serverKeys checks the keys of each server of a list, which Decode would silently pass over.
func (p *fileParser) serverKeys(list *yaml.Node) error {
	known := []string{"urls", "username", "credential"}
	for _, server := range list.Content {
		server = resolve(server)
		if server.Kind != yaml.MappingNode {
			continue // Decode refuses it
		}
		for i := 0; i < len(server.Content); i += 2 {
			name := server.Content[i]
			if !slices.Contains(known, name.Value) {
				return invalid("%s line %d: unknown key %q%s", p.name, name.Line, name.Value, suggest(name.Value, known))
			}
		}
	}
	return nil
}

func (p *fileParser) at(n *yaml.Node, key string) string {
	if key == "" {
		return fmt.Sprintf("%s line %d", p.name, n.Line)
	}
	return fmt.Sprintf("%s line %d: %s", p.name, n.Line, key)
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " ")
}

// Exposed tells whether the file that was read holds secrets and every user of this machine can read it.
func (c Config) Exposed() bool {
	if c.File == "" || (len(c.Auth.Keys) == 0 && c.TURN.Secret == "") {
		return false
	}
	info, err := os.Stat(c.File)
	return err == nil && info.Mode().Perm()&0o004 != 0
}
