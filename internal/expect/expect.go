package expect

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Errors of Parse and Check.
var (
	// ErrSyntax is a bound that cannot be read.
	ErrSyntax = errors.New("not of the form key<=value or key>=value")
	// ErrMissed is a figure outside its bound, or one that was not measured.
	ErrMissed = errors.New("an expectation was missed")
)

// Bound is the least or the greatest value that a figure may have.
type Bound struct {
	// Key names the figure: small letters, digits and underscores, as in the JSON of a measurement.
	Key string
	// Least says that the figure must be at least Value; otherwise it must be at most that.
	Least bool
	// Value is in the unit of the figure, which its key names.
	Value float64
}

// Parse reads key<=value or key>=value; spaces around the parts do not count. The value is a plain decimal number.
func Parse(text string) (Bound, error) {
	key, value, found := strings.Cut(text, "<=")
	least := false
	if !found {
		key, value, least = strings.Cut(text, ">=")
		if !least {
			return Bound{}, fmt.Errorf("%q: %w", text, ErrSyntax)
		}
	}
	b := Bound{Key: strings.TrimSpace(key), Least: least}
	if !isKey(b.Key) {
		return Bound{}, fmt.Errorf("%q: the key may have small letters, digits and underscores: %w", text, ErrSyntax)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return Bound{}, fmt.Errorf("%q: the value is no number: %w", text, ErrSyntax)
	}
	b.Value = v
	return b, nil
}

func isKey(s string) bool {
	other := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	return s != "" && !strings.ContainsFunc(s, other)
}

// UnmarshalText is Parse, for command lines.
func (b *Bound) UnmarshalText(text []byte) (err error) {
	*b, err = Parse(string(text))
	return err
}

// String returns what Parse reads.
func (b Bound) String() string {
	sign := "<="
	if b.Least {
		sign = ">="
	}
	return b.Key + sign + format(b.Value)
}

// Keeps tells whether a figure is within the bound.
func (b Bound) Keeps(v float64) bool {
	if b.Least {
		return v >= b.Value
	}
	return v <= b.Value
}

// Check holds figures against all bounds. The error wraps ErrMissed and has a line for each bound that is not kept, in their
// order.
func Check(bounds []Bound, figures map[string]float64) error {
	var missed []string
	for _, b := range bounds {
		v, measured := figures[b.Key]
		switch {
		case !measured:
			missed = append(missed, fmt.Sprintf("%s: there is no figure of this name among %v", b, slices.Sorted(maps.Keys(figures))))
		case !b.Keeps(v):
			missed = append(missed, fmt.Sprintf("%s: it is %s", b, format(v)))
		}
	}
	if len(missed) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMissed, strings.Join(missed, "\n"))
}

func format(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
