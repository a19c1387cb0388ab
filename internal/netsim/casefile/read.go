package casefile

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// reader converts nodes and notes what is wrong with them.
type reader struct {
	file     string
	problems []string
}

func (r *reader) refuse(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf("%s line %d: %s", r.file, n.Line, fmt.Sprintf(format, args...)))
}

// field is a key of a mapping and what to do with its value.
type field struct {
	key  string
	read func(n *yaml.Node)
}

// mapping reads the fields of a node; what is how messages call it.
func (r *reader) mapping(n *yaml.Node, what string, fields ...field) {
	if n.Kind != yaml.MappingNode {
		r.refuse(n, "%s is written as keys with values, not as %s", what, describe(n))
		return
	}
	var keys, seen []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		known := slices.Index(keys, key.Value)
		switch {
		case known < 0:
			r.refuse(key, "%s has no key %q, it can have %s", what, key.Value, strings.Join(keys, ", "))
		case slices.Contains(seen, key.Value):
			r.refuse(key, "%s is there twice, keep one", key.Value)
		case val.Kind == yaml.AliasNode:
			r.refuse(val, "references (*%s) are not followed, write the value itself", val.Value)
		default:
			fields[known].read(val)
		}
		seen = append(seen, key.Value)
	}
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "keys with values"
	case yaml.AliasNode:
		return "a reference"
	}
	if n.Value == "" {
		return "nothing"
	}
	return strconv.Quote(n.Value)
}

// list reads the items of a list.
func (r *reader) list(n *yaml.Node, what string, most int, read func(item *yaml.Node)) {
	switch {
	case n.Kind != yaml.SequenceNode:
		r.refuse(n, "%s is a list, not %s", what, describe(n))
	case len(n.Content) > most:
		r.refuse(n, "%s has %d items, at most %d are possible", what, len(n.Content), most)
	default:
		for _, item := range n.Content {
			read(item)
		}
	}
}

// scalar returns the text of a value; ok is false if it is none.
func (r *reader) scalar(n *yaml.Node, wanted string) (text string, ok bool) {
	if n.Kind != yaml.ScalarNode {
		r.refuse(n, "%s is wanted, not %s", wanted, describe(n))
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

func (r *reader) text(dst *string, check *regexp.Regexp, wanted string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := r.scalar(n, wanted)
		if ok && !check.MatchString(text) {
			r.refuse(n, "%s is not %s", describe(n), wanted)
		}
		*dst = text
	}
}

func (r *reader) choice(choose func(word string) bool, words string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if text, ok := r.scalar(n, words); ok && !choose(text) {
			r.refuse(n, "%s is wanted, not %s", words, describe(n))
		}
	}
}

func (r *reader) duration(dst *time.Duration, least, most time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		const wanted = "a time with its unit, as in 50ms or 1.5s,"
		text, ok := r.scalar(n, wanted)
		if !ok {
			return
		}
		d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		switch {
		case err != nil:
			r.refuse(n, "%s is wanted, not %s", wanted, describe(n))
		case d < least || d > most:
			r.refuse(n, "%v is not possible, it can be from %v to %v", d, least, most)
		default:
			*dst = d
		}
	}
}

// span reads two times, the later behind the earlier.
func (r *reader) span(dst *[2]time.Duration, most time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.SequenceNode || len(n.Content) != 2 {
			r.refuse(n, "two times are wanted, as in [40s, 60s], not %s", describe(n))
			return
		}
		r.duration(&dst[0], 0, most)(n.Content[0])
		r.duration(&dst[1], 0, most)(n.Content[1])
		if dst[1] <= dst[0] {
			r.refuse(n, "it ends at %v, before or when it begins at %v", dst[1], dst[0])
		}
	}
}

var rateText = regexp.MustCompile(`^([0-9]*\.?[0-9]+) ?([kMG]?)(bit/s|bps)$`)

// rate reads a rate in bit/s.
func (r *reader) rate(set func(int64), least, most bwe.Bitrate) func(*yaml.Node) {
	return func(n *yaml.Node) {
		const wanted = "a rate with its unit, as in 1.5 Mbit/s or 300 kbit/s,"
		text, ok := r.scalar(n, wanted)
		if !ok {
			return
		}
		parts := rateText.FindStringSubmatch(text)
		if parts == nil {
			r.refuse(n, "%s is wanted, not %s", wanted, describe(n))
			return
		}
		value, err := strconv.ParseFloat(parts[1], 64)
		value = math.Round(value * map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[parts[2]])
		if err != nil || value < float64(least) || value > float64(most) {
			r.refuse(n, "%s is not possible, it can be from %s to %s", text, rateOf(int64(least)), rateOf(int64(most)))
			return
		}
		set(int64(value))
	}
}

func (r *reader) bitrate(dst *bwe.Bitrate, least bwe.Bitrate) func(*yaml.Node) {
	return r.rate(func(v int64) { *dst = bwe.Bitrate(v) }, least, mostRate)
}

// number reads a decimal number.
func (r *reader) number(dst *float64, least, most float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := r.scalar(n, "a number")
		if !ok {
			return
		}
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil || math.IsNaN(v):
			r.refuse(n, "a number is wanted, not %s", describe(n))
		case v < least || v > most:
			r.refuse(n, "%s is not possible, it can be from %g to %g", text, least, most)
		default:
			*dst = v
		}
	}
}

// share reads a part of the whole: 0.05 or 5 %.
func (r *reader) share(dst *float64, least float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := r.scalar(n, "a share")
		if !ok {
			return
		}
		number, perCent := strings.CutSuffix(text, "%")
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if perCent {
			v /= 100
		}
		if err != nil || !(v >= least && v <= 1) {
			r.refuse(n, "a share from %g to 1 is wanted, as in 0.05 or 5 %%, not %s", least, describe(n))
			return
		}
		*dst = v
	}
}

func (r *reader) whole(set func(int64), least, most int64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := r.scalar(n, "a whole number")
		if !ok {
			return
		}
		v, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil:
			r.refuse(n, "a whole number is wanted, not %s", describe(n))
		case v < least || v > most:
			r.refuse(n, "%d is not possible, it can be from %d to %d", v, least, most)
		default:
			set(v)
		}
	}
}

func (r *reader) flag(dst *bool) func(*yaml.Node) {
	return r.choice(func(word string) bool { *dst = word == "true"; return word == "true" || word == "false" }, "true or false")
}
