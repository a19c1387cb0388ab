package deploy

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func dockerfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestImageHoldsOnlyTheProgramAndNoRoot(t *testing.T) {
	_, last, found := strings.Cut(dockerfile(t), "\nFROM scratch\n")
	if !found {
		t.Fatal("the last stage must be FROM scratch: what is not in the image needs no updates")
	}
	user := regexp.MustCompile(`(?m)^USER ([1-9][0-9]*):([1-9][0-9]*)$`)
	if !user.MatchString(last) {
		t.Error("the last stage must set USER to numbers that are not 0; names do not exist in an empty image")
	}
	if strings.Contains(last, "FROM") || strings.Contains(last, "RUN") || strings.Count(last, "COPY") != 1 {
		t.Error("the last stage must be the last and hold one file")
	}
}

func TestImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join("..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	got := regexp.MustCompile(`(?m)^FROM golang:(\d+\.\d+)`).FindStringSubmatch(dockerfile(t))
	if want == nil || got == nil || string(want[1]) != got[1] {
		t.Errorf("Dockerfile has Go %q, go.mod wants %q", got, want)
	}
}

// The build command of the Dockerfile is run here; an image FROM scratch has no loader, so the program must need none.
func TestImageProgramIsStatic(t *testing.T) {
	line := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 go build .*)-o /out/sfu (\./cmd/sfu)$`).FindStringSubmatch(dockerfile(t))
	if line == nil {
		t.Fatal("the Dockerfile has no build command of the known form")
	}
	out := filepath.Join(t.TempDir(), "sfu")
	cmd := exec.Command("sh", "-c", line[1]+"-o "+out+" "+line[2])
	cmd.Dir = ".."
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	program, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close() // only read
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a %v segment: it is not static", p.Type)
		}
	}
	version, err := exec.Command(out, "--version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(version), "heliograph") {
		t.Errorf("--version: %q, %v", version, err)
	}
}
