package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchRun runs "sfu bench rfc8867" and returns its exit code and what it prints.
func benchRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	errors, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errors.Close()
	var out bytes.Buffer
	code = process{stdout: &out, stderr: errors}.run(append([]string{"bench", "rfc8867"}, args...))
	text, err := os.ReadFile(errors.Name())
	if err != nil {
		t.Fatal(err)
	}
	return code, out.String(), string(text)
}

// writeCase writes a case file that takes a moment to run.
func writeCase(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "case.yml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const shortCase = "name: short\nduration: 5s\nforward: {capacity: 1 Mbit/s}\nflows: [{}]\n"

func TestBenchWritesWhatItIsAskedFor(t *testing.T) {
	dir, file := t.TempDir(), writeCase(t, shortCase+"levels: {util_pct: 50}")
	csv := filepath.Join(dir, "x.csv")
	code, out, progress := benchRun(t, "--case-file", file, "--seeds", "2", "--json", "--csv", csv, "--svg", dir)
	var row map[string]any
	if err := json.Unmarshal([]byte(out), &row); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v of %s%s", code, err, out, progress)
	}
	if row["case"] != "short" || row["algo"] != "ours" || row["pass"] != true || row["util_pct"].(float64) < 50 {
		t.Errorf("%v", row)
	}
	if !strings.Contains(progress, "2 of 2 runs") {
		t.Errorf("progress %q", progress)
	}
	if text, err := os.ReadFile(csv); err != nil || strings.Count(string(text), "\n") != 3 {
		t.Errorf("%s, %v", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "short.svg")); err != nil || !strings.Contains(string(text), "</svg>") {
		t.Errorf("%s, %v", text, err)
	}
	_, again, _ := benchRun(t, "--case-file", file, "--seeds", "2", "--json")
	if again != out {
		t.Errorf("%s, and then %s", out, again)
	}
	if _, other, _ := benchRun(t, "--case-file", file, "--seeds", "2", "--json", "--first-seed", "9"); other == out {
		t.Error("the seeds do not matter")
	}
}

// Who runs it from a script sees from the exit code whether all is well.
func TestBenchExitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"missed":       {[]string{"--case-file", writeCase(t, shortCase+"levels: {util_pct: 120}"), "--seeds", "1"}, 1, "cases miss their levels: short"},
		"no levels":    {[]string{"--case-file", writeCase(t, shortCase), "--seeds", "1"}, 0, ""},
		"wrong file":   {[]string{"--case-file", writeCase(t, shortCase+"colour: red")}, 2, `case.yml line 5: a case has no key "colour"`},
		"no file":      {[]string{"--case-file", "nowhere.yml"}, 2, "nowhere.yml"},
		"no case":      {[]string{"--case", "9.9"}, 2, `there is no case "9.9"`},
		"no algorithm": {[]string{"--algo", "bbr"}, 2, "--algo"},
		"no seeds":     {[]string{"--seeds", "0"}, 2, "--seeds is 0"},
		"not stored":   {[]string{"--case-file", writeCase(t, shortCase), "--algo", "gcc"}, 2, "nothing to show"},
		"no directory": {[]string{"--case-file", writeCase(t, shortCase), "--seeds", "1", "--csv", "no/where/x.csv"}, 2, "no/where"},
	} {
		if code, _, says := benchRun(t, c.args...); code != c.code || !strings.Contains(says, c.says) {
			t.Errorf("%s: exit code %d, want %d; %s", name, code, c.code, says)
		}
	}
}

// The figures of gcc are shown beside ours and say that they are stored, and how they are made.
func TestBenchShowsTheBaseline(t *testing.T) {
	code, out, says := benchRun(t, "--case", "app-limited", "--seeds", "1", "--algo", "ours,gcc")
	if code != 0 || !strings.Contains(out, "| ours |") || !strings.Contains(out, "| gcc |") || !strings.Contains(out, "gcc is stored") ||
		!strings.Contains(out, "go test ./internal/netsim/bench -run GCC -update") {
		t.Errorf("%d, %s%s", code, out, says)
	}
}

// A case that was printed can be run.
func TestBenchPrintsCases(t *testing.T) {
	code, text, _ := benchRun(t, "--print-case", "5.6")
	if code != 0 || strings.Count(text, "congestion:") != 3 {
		t.Fatalf("%d, %s", code, text)
	}
	code, list, says := benchRun(t, "--list", "--case-file", writeCase(t, text))
	if code != 0 || !strings.HasPrefix(list, "5.6-reno-300ms ") || strings.Count(list, "\n") != 3 {
		t.Errorf("%d, %s%s", code, list, says)
	}
}
