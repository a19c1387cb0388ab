package bench

import (
	"crypto/sha256"
	_ "embed" // for the stored figures
	"encoding/hex"
	"encoding/json"
	"fmt"
)

//go:embed gcc.json
var gccFigures []byte

// Baseline holds the stored figures of another congestion control. It reads the clock, so its figures do not repeat to the
// bit as ours do.
type Baseline struct {
	Algo    string                  `json:"algo"`
	What    string                  `json:"what"`    // the code that was run, with its version
	Version string                  `json:"version"` // of its module
	Pacer   string                  `json:"pacer"`
	Date    string                  `json:"date"`
	Cases   map[string]BaselineCase `json:"cases"`
}

// BaselineCase holds the results of one case.
type BaselineCase struct {
	Fingerprint string   `json:"fingerprint"` // of the case when it was run
	Seeds       []uint64 `json:"seeds"`
	Runs        []Result `json:"runs"`
}

// StoredGCC returns the stored figures of pion's gcc.
func StoredGCC() (Baseline, error) {
	var b Baseline
	if err := json.Unmarshal(gccFigures, &b); err != nil {
		return b, fmt.Errorf("the stored figures of gcc: %w", err)
	}
	return b, nil
}

// makeGCC is the command that makes the figures anew.
const makeGCC = "go test ./internal/netsim/bench -run GCC -update"

// Outcomes returns what is stored of the given cases, at most n runs of each, and the names of those of which nothing is: they
// are not built in, or have changed since.
func (b Baseline) Outcomes(cases []Case, n int) (outcomes []Outcome, missing []string) {
	note := fmt.Sprintf("%s is stored, not run now: %s %s, %s, of %s. It reads the clock, so it runs only in a test: %s",
		b.Algo, b.What, b.Version, b.Pacer, b.Date, makeGCC)
	for _, c := range cases {
		stored, ok := b.Cases[c.Name]
		if !ok || stored.Fingerprint != c.fingerprint() {
			missing = append(missing, c.Name)
			continue
		}
		n := min(n, len(stored.Runs))
		outcomes = append(outcomes, Outcome{Case: c, Algo: b.Algo, Note: note, Seeds: stored.Seeds[:n], Runs: stored.Runs[:n]})
	}
	return outcomes, missing
}

// fingerprint tells whether a case is still the one that was run. What it has to reach does not matter.
func (c Case) fingerprint() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a case has only numbers, texts and lists
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
