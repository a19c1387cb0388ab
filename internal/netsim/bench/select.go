package bench

import (
	"fmt"
	"path"
	"strings"
)

// Select returns the cases that a word means: the one of that name, or all variants of a section ("5.6" for 5.6-reno-300ms
// and its like), or all names that match a pattern of path.Match ("5.1*"). The error says which names there are.
func Select(cases []Case, word string) ([]Case, error) {
	var section, matching []Case
	for _, c := range cases {
		if c.Name == word {
			return []Case{c}, nil
		}
		if strings.HasPrefix(c.Name, word+"-") {
			section = append(section, c)
		}
		if ok, err := path.Match(word, c.Name); err == nil && ok {
			matching = append(matching, c)
		}
	}
	if section = append(section, matching...); len(section) > 0 {
		return section, nil
	}
	var names []string
	for _, c := range cases {
		names = append(names, c.Name)
	}
	return nil, fmt.Errorf("there is no case %q; there are %s", word, strings.Join(names, ", "))
}
