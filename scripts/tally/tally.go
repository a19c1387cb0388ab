package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// maxReport is the most output of one failed test that is shown, in lines: the last ones.
const maxReport = 200

// event is one line of go test -json (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Output     string
}

// id names what an event is about: a test of a package, a package, or a build.
type id struct{ pkg, test string }

// tally counts the events of one run.
type tally struct {
	strict                  bool
	passed, failed, skipped int
	output                  map[id][]string
	broken                  []id            // what failed, in order
	inBroken                map[string]bool // packages with a failed test
	stray                   []string        // lines that are no events
	figures                 []figure
}

func newTally(strict bool) *tally {
	return &tally{strict: strict, output: map[id][]string{}, inBroken: map[string]bool{}}
}

// read counts all events of r.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		t.stray = append(t.stray, line)
		return
	}
	about := id{e.Package, e.Test}
	switch e.Action {
	case "output":
		if f, ok := readFigure(e.Output); ok {
			t.figures = append(t.figures, f)
		}
		t.output[about] = append(t.output[about], e.Output)
	case "build-output":
		about = id{e.ImportPath, ""}
		t.output[about] = append(t.output[about], e.Output)
	case "build-fail":
		t.fail(id{e.ImportPath, ""})
		t.inBroken[packageOf(e.ImportPath)] = true
	case "pass":
		t.pass(about)
	case "skip":
		t.skip(about)
	case "fail":
		t.failEvent(about)
	}
}

func (t *tally) pass(about id) {
	if about.test != "" {
		t.passed++
	}
	delete(t.output, about)
}

// skip counts a test that skipped itself. A package without tests skips, too, and counts as nothing.
func (t *tally) skip(about id) {
	if about.test == "" {
		return
	}
	t.skipped++
	if t.strict {
		t.fail(about)
	}
}

// failEvent counts a failed test, and a failed package only when nothing in it explains its failure.
func (t *tally) failEvent(about id) {
	if about.test == "" && t.inBroken[about.pkg] {
		return
	}
	t.inBroken[about.pkg] = true
	t.fail(about)
}

func (t *tally) fail(about id) {
	t.failed++
	t.broken = append(t.broken, about)
}

// packageOf takes the test variant from an import path: "a/b [a/b.test]" is a/b.
func packageOf(importPath string) string {
	name, _, _ := strings.Cut(importPath, " ")
	return strings.TrimSuffix(name, ".test")
}

// finish adds how the command ended: when it failed and no event says why, that is one failure.
func (t *tally) finish(err error) {
	if err != nil && t.failed == 0 {
		t.stray = append(t.stray, err.Error()+"\n")
		t.fail(id{"the command", ""})
	}
}

// String is the middle of the line of the stage.
func (t *tally) String() string {
	text := fmt.Sprintf("%5d passed, %d failed", t.passed, t.failed)
	if t.skipped > 0 {
		text += fmt.Sprintf(", %d skipped", t.skipped)
	}
	return text
}

// report is the output of what failed.
func (t *tally) report() string {
	var b strings.Builder
	for _, about := range t.broken {
		fmt.Fprintf(&b, "--- %s %s\n", about.pkg, about.test)
		lines := t.output[about]
		if cut := len(lines) - maxReport; cut > 0 {
			fmt.Fprintf(&b, "    (%d lines before these)\n", cut)
			lines = lines[cut:]
		}
		for _, line := range lines {
			b.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	for _, line := range t.stray {
		b.WriteString("    " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}
