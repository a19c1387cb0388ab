package bundle

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes a folder web of the given files beside what every build needs.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{
		"app/main.ts": "", "app/css/main.css": "", "app/index.html": "<p>", "app/icon.svg": "<svg/>",
		"sdk/src/index.ts": "export const answer: number = 42;",
	}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestBuild(t *testing.T) {
	files := map[string]string{
		"app/main.ts":      "import { answer } from '../sdk/src/index.js';\nconsole.log(answer);",
		"app/css/main.css": "@import './base.css';\np { color: red }",
		"app/css/base.css": "b { color: blue }",
	}
	first, err := Build(tree(t, files))
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]string{"app.js": "42", "app.css": "#00f", "sdk.js": "export{", "index.html": "<p>", "icon.svg": "<svg/>"} {
		if !strings.Contains(string(first[name]), part) {
			t.Errorf("%s is %q, without %q", name, first[name], part)
		}
	}
	again, err := Build(tree(t, files))
	if err != nil {
		t.Fatal(err)
	}
	for name := range first {
		if string(first[name]) != string(again[name]) {
			t.Errorf("%s depends on the folder it is built in:\n%s\n%s", name, first[name], again[name])
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, text := range map[string]string{"syntax": "let = ;", "missing import": "import './nowhere.js';"} {
		_, err := Build(tree(t, map[string]string{"app/main.ts": text}))
		if !errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "main.ts:1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	root := tree(t, nil)
	if err := os.Remove(filepath.Join(root, "app", "index.html")); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(root); !errors.Is(err, ErrBuild) {
		t.Errorf("no index.html: %v", err)
	}
}

func TestTests(t *testing.T) {
	files, err := Tests(tree(t, map[string]string{"sdk/test/a.test.ts": "const x: number = 1;", "app/test/b.test.ts": "", "app/test/helper.ts": ""}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sdk.a.test.mjs", "app.b.test.mjs"} {
		if _, ok := files[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	if len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
}
