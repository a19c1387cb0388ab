//go:build !race

package plot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// The plots that are published are what the code gives, and small enough for a repository.
func TestPublishedPlots(t *testing.T) {
	const dir = "../../../docs/rfc8867"
	total := 0
	for _, c := range bench.RFC8867() {
		published, err := os.ReadFile(filepath.Join(dir, c.Name+".svg"))
		if err != nil {
			t.Errorf("%v: run scripts/rfc8867", err)
			continue
		}
		total += len(published)
		var made strings.Builder
		_, trace := bench.RunTraced(c, max(1, c.Seed))
		if err := Write(&made, c, trace); err != nil {
			t.Fatal(err)
		}
		if made.String() != string(published) {
			t.Errorf("the plot of %s is not what the code gives: run scripts/rfc8867", c.Name)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != len(bench.RFC8867()) {
		t.Errorf("%d files in %s, %v, want %d: run scripts/rfc8867", len(files), dir, err, len(bench.RFC8867()))
	}
	if total > 600_000 {
		t.Errorf("the plots have %d bytes", total)
	}
}
