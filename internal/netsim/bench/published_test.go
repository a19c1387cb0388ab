//go:build !race

package bench

import (
	"os"
	"strings"
	"testing"
)

const (
	tableBegins = "<!-- scores: scripts/rfc8867 -->\n"
	tableEnds   = "<!-- end of the scores -->\n"
)

// The table that is published is what the code gives, to the last digit. The race detector would make this take long.
func TestPublishedScores(t *testing.T) {
	if fuses(1+0x1p-30, 1-0x1p-30) {
		t.Skip("this processor rounds otherwise than the one that the published table is of")
	}
	page, err := os.ReadFile("../../../docs/congestion-control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, begins := strings.Cut(string(page), tableBegins)
	published, _, ends := strings.Cut(after, tableEnds)
	if !begins || !ends {
		t.Fatal("docs/congestion-control.md has no table of scores between its markers")
	}
	stored, err := StoredGCC()
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []Outcome
	for _, o := range (Plan{Cases: RFC8867(), Seeds: 5}).Run() {
		baseline, _ := stored.Outcomes([]Case{o.Case}, 5)
		outcomes = append(append(outcomes, o), baseline...)
	}
	var made strings.Builder
	if err := WriteTable(&made, outcomes); err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(strings.TrimSpace(published), "\n"), strings.Split(strings.TrimSpace(made.String()), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			t.Fatalf("line %d of the published table is not what the code gives: run scripts/rfc8867\n%s\n%s", i+1,
				strings.Join(was[min(i, len(was)):min(i+1, len(was))], ""), strings.Join(is[min(i, len(is)):min(i+1, len(is))], ""))
		}
	}
}

// fuses tells whether the compiler multiplies and adds in one step, which rounds once instead of twice: then the product
// of 1 + d and 1 - d is known to be a little less than 1.
//
//go:noinline
func fuses(x, y float64) bool { return x*y-1 != 0 }
