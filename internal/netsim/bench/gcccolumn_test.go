package bench

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "run all cases with gcc and write gcc.json")

// storedSeeds is how many seeds of each case are stored.
const storedSeeds = 5

// The stored column of gcc is of the version that this module has, of the cases that there are now, and what a run gives
// today. With -update it is made anew.
func TestGCCColumn(t *testing.T) {
	version := gccVersion(t)
	if *update {
		writeColumn(t, version)
		return
	}
	stored, err := StoredGCC()
	if err != nil {
		t.Fatal(err)
	}
	if stored.Version != version {
		t.Errorf("stored are figures of %s, the module has %s: %s", stored.Version, version, makeGCC)
	}
	outcomes, missing := stored.Outcomes(RFC8867(), storedSeeds)
	if len(missing) > 0 {
		t.Errorf("no figures of %v as they are now: %s", missing, makeGCC)
	}
	for _, o := range outcomes {
		if len(o.Runs) != storedSeeds || len(o.Seeds) != storedSeeds {
			t.Errorf("%s: %d runs with %d seeds are stored", o.Case.Name, len(o.Runs), len(o.Seeds))
		}
		if o.Case.Name == "app-limited" || o.Case.Name == "5.1" {
			checkRun(t, o)
		}
	}
}

// checkRun compares the first stored run with one of now. Goroutines of gcc race: the same seed gives other figures by how
// they are scheduled, most of all on a busy machine, so that one run of a few that comes near is enough.
func checkRun(t *testing.T, o Outcome) {
	want := o.Runs[0]
	var got Result
	for range 4 {
		got = runGCC(t, o.Case, o.Seeds[0])
		if math.Abs(got.Util-want.Util) <= 0.03 && (got.P95-want.P95).Abs() <= 20*ms && math.Abs(got.Loss-want.Loss) <= 0.01 {
			return
		}
	}
	t.Errorf("%s: %+v, stored is %+v: %s", o.Case.Name, got, want, makeGCC)
}

func gccVersion(t *testing.T) string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/pion/interceptor").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func writeColumn(t *testing.T, version string) {
	b := Baseline{
		Algo: GCC, What: "pion/interceptor/pkg/gcc", Version: version, Pacer: "with its own leaky bucket pacer",
		Date: time.Now().UTC().Format(time.DateOnly), Cases: map[string]BaselineCase{},
	}
	for _, c := range RFC8867() {
		one := BaselineCase{Fingerprint: c.fingerprint(), Seeds: seedsOf(c, storedSeeds)}
		for _, seed := range one.Seeds {
			one.Runs = append(one.Runs, runGCC(t, c, seed))
		}
		b.Cases[c.Name] = one
	}
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("gcc.json", append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Of a case that has changed nothing is shown.
func TestStoredFiguresAreOfTheCase(t *testing.T) {
	stored := Baseline{Cases: map[string]BaselineCase{}}
	c := RFC8867()[0]
	stored.Cases[c.Name] = BaselineCase{Fingerprint: c.fingerprint(), Seeds: []uint64{1, 2}, Runs: make([]Result, 2)}
	c.Levels.Util = 1
	if got, missing := stored.Outcomes([]Case{c}, 1); len(got) != 1 || len(got[0].Runs) != 1 || len(missing) > 0 {
		t.Errorf("%v, missing %v", got, missing)
	}
	c.Flows = append(c.Flows, Flow{})
	if got, missing := stored.Outcomes([]Case{c}, 1); len(got) > 0 || len(missing) != 1 {
		t.Errorf("%v, missing %v of another case", got, missing)
	}
}
