package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	signalingv1 "github.com/heliograph/heliograph/api/signaling/v1"
	"github.com/heliograph/heliograph/web/internal/bundle"
	"github.com/heliograph/heliograph/web/internal/tsgen"
)

// The promise of docs/sdk.md.
const maxSDKBytes = 25_000

func TestProtocolTypesAreCurrent(t *testing.T) {
	want, err := tsgen.Generate(signalingv1.Schemas)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("sdk/src/protocol.ts")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("sdk/src/protocol.ts is not what api/signaling/v1 says: run go generate ./web")
	}
}

func TestDistIsCurrent(t *testing.T) {
	want, err := bundle.Build(".")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	err = fs.WalkDir(Dist(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got[name], err = fs.ReadFile(Dist(), name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("dist/%s is not built from the sources: run go generate ./web", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("dist/%s is built from nothing: run go generate ./web", name)
	}
}

func TestSDKIsSmall(t *testing.T) {
	sdk, err := fs.ReadFile(Dist(), "sdk.js")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(sdk); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("sdk.js: %d bytes, %d with gzip", len(sdk), packed.Len())
	if packed.Len() > maxSDKBytes {
		t.Errorf("sdk.js has %d bytes with gzip, more than %d", packed.Len(), maxSDKBytes)
	}
}

// The page must work under script-src 'self' and style-src 'self', and without a network beyond the server.
func TestPageIsSelfContained(t *testing.T) {
	elsewhere := regexp.MustCompile(`https?://[a-z][^"'` + "`" + `\s)]*`)
	inline := regexp.MustCompile(`(?i)<script(?:\s+(?:type|defer|async)(?:="[^"]*")?)*\s*>|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for _, name := range []string{"index.html", "app.js", "app.css", "sdk.js", "icon.svg"} {
		text, err := fs.ReadFile(Dist(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range elsewhere.FindAllString(string(text), -1) {
			if address != "http://www.w3.org/2000/svg" { // a name, not a place
				t.Errorf("%s names %s", name, address)
			}
		}
		if strings.HasSuffix(name, ".html") && inline.Match(text) {
			t.Errorf("%s has %q, which the Content-Security-Policy forbids", name, inline.Find(text))
		}
	}
}

// Registries differ from one machine to the next.
func TestLockfileNamesNoRegistry(t *testing.T) {
	text, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(`"resolved"`)) {
		t.Error("package-lock.json names registries: run npm install with --omit-lockfile-registry-resolved")
	}
}

func TestUnits(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("the tests of the TypeScript sources need node")
	}
	files, err := bundle.Tests(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no tests found")
	}
	dir := t.TempDir()
	var paths []string
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	out, err := exec.Command(node, append([]string{"--test"}, paths...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
	passed := regexp.MustCompile(`(?m)^\S* ?pass (\d+)$`).FindSubmatch(out)
	if passed == nil || string(passed[1]) == "0" {
		t.Fatalf("no test ran:\n%s", out)
	}
	t.Logf("%s tests passed", passed[1])
}
