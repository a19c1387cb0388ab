package casefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

const (
	mostText     = 1 << 20 // bytes of a file
	mostCases    = 100
	mostProblems = 20 // that are told
)

// ErrInvalid is the cause of all errors of Load.
var ErrInvalid = errors.New("the cases cannot be run")

// Load reads the cases of a file; name is how errors call it. An error says in a line each what is wrong and where.
func Load(name string, text []byte) ([]bench.Case, error) {
	if len(text) > mostText {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes, is it the right file?", ErrInvalid, name, mostText)
	}
	r := reader{file: name}
	var cases []bench.Case
	seen := map[string]bool{}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s is not YAML: %s", ErrInvalid, name, strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "yaml: "))
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue // nothing between two separators
		}
		c := r.read(doc.Content[0])
		if seen[c.Name] && c.Name != "" {
			r.refuse(doc.Content[0], "there is a case %s already", c.Name)
		}
		seen[c.Name] = true
		if cases = append(cases, c); len(cases) > mostCases {
			return nil, fmt.Errorf("%w: %s has more than %d cases", ErrInvalid, name, mostCases)
		}
	}
	switch {
	case len(r.problems) > mostProblems:
		more := len(r.problems) - mostProblems
		return nil, fmt.Errorf("%w:\n%s\nand %d more", ErrInvalid, strings.Join(r.problems[:mostProblems], "\n"), more)
	case len(r.problems) > 0:
		return nil, fmt.Errorf("%w:\n%s", ErrInvalid, strings.Join(r.problems, "\n"))
	case len(cases) == 0:
		return nil, fmt.Errorf("%w: %s has no case in it", ErrInvalid, name)
	}
	return cases, nil
}
