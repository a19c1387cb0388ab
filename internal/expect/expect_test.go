package expect

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Bound{
		"ms_per_join<=1.5":        {Key: "ms_per_join", Value: 1.5},
		"joins_per_second >= 300": {Key: "joins_per_second", Least: true, Value: 300},
		" p99<= -0.5 ":            {Key: "p99", Value: -0.5},
		"loss<=1e-3":              {Key: "loss", Value: 0.001},
		"freezes<=0":              {Key: "freezes"},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "loss", "loss=1", "loss<1", "loss==1", "<=1", "loss<=", "loss<=ten", "loss<=NaN", "loss<=inf", "loss<=1e999", "Loss<=1",
		"lo ss<=1", "loss<=1ms", "loss<=1<=2", "loss>=1>=2", "loss<=1>=2", "lö<=1",
	} {
		if b, err := Parse(text); !errors.Is(err, ErrSyntax) {
			t.Errorf("Parse(%q) = %+v, %v, want ErrSyntax", text, b, err)
		}
	}
}

func TestCheck(t *testing.T) {
	figures := map[string]float64{"join_ms": 1.2, "rate": 310, "loss": math.NaN(), "freezes": 0}
	for text, kept := range map[string]bool{
		"join_ms<=1.2": true, "join_ms<=1.19": false, "join_ms>=1.2": true, "join_ms>=1.21": false,
		"rate>=300": true, "rate>=311": false, "freezes<=0": true,
		"loss<=1": false, "loss>=0": false, // no number keeps no bound
		"jion_ms<=100": false, // nor does what was never measured
	} {
		b, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check([]Bound{b}, figures); (err == nil) != kept || err != nil && !errors.Is(err, ErrMissed) {
			t.Errorf("%s: %v, kept must be %v", text, err, kept)
		}
	}
	if err := Check(nil, figures); err != nil {
		t.Errorf("without bounds: %v", err)
	}
}

func TestCheckNamesAllThatWereMissed(t *testing.T) {
	bounds := []Bound{{Key: "a", Value: 1}, {Key: "b", Value: 5}, {Key: "c", Least: true, Value: 9}, {Key: "d"}}
	err := Check(bounds, map[string]float64{"a": 2, "b": 5, "c": 8.5})
	const want = "an expectation was missed: a<=1: it is 2\nc>=9: it is 8.5\nd<=0: there is no figure of this name among [a b c]"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a<=1", "b_2 >= -3.5e7", "<=", "a>=<=1", "x<=0x1p-2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := Parse(b.String())
		if err != nil || again != b {
			t.Fatalf("%q became %q, and that %+v, %v", text, b, again, err)
		}
		if strings.ContainsAny(b.Key, " <>=") {
			t.Fatalf("%q has the key %q", text, b.Key)
		}
	})
}
