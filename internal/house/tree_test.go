package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the root.
const module = "github.com/heliograph/heliograph"

// root is the top of the repository.
var root = filepath.Join("..", "..")

// tracked lists the files of the repository, with slashes, from its top: those that git has and new ones that it would
// take.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v; these tests need a git checkout", err)
	}
	var files []string
	for name := range bytes.SplitSeq(bytes.TrimRight(out, "\x00"), []byte{0}) {
		if info, err := os.Lstat(at(string(name))); err == nil && info.Mode().IsRegular() {
			files = append(files, string(name))
		}
	}
	if len(files) < 20 {
		t.Fatalf("git lists only %d files: %q", len(files), files)
	}
	slices.Sort(files)
	return files
}

// at is the path of a file of the repository as this test can open it.
func at(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(at(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goFile is one parsed file of Go source.
type goFile struct {
	name   string // from the top of the repository
	dir    string
	isTest bool
	made   bool // generated
	fset   *token.FileSet
	ast    *ast.File
}

// goFiles parses all Go files of the repository but those of testdata.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var all []goFile
	fset := token.NewFileSet()
	for _, name := range tracked(t) {
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") {
			continue
		}
		parsed, err := parser.ParseFile(fset, at(name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		all = append(all, goFile{
			name: name, dir: path.Dir(name), isTest: strings.HasSuffix(name, "_test.go"),
			made: ast.IsGenerated(parsed), fset: fset, ast: parsed,
		})
	}
	return all
}

// line says where a node is: "pkg/sfu/room.go:17".
func (f goFile) line(n ast.Node) string {
	position := f.fset.Position(n.Pos())
	return f.name + ":" + strconv.Itoa(position.Line)
}

// imports are the import paths of the file.
func (f goFile) imports() []string {
	var all []string
	for _, spec := range f.ast.Imports {
		all = append(all, strings.Trim(spec.Path.Value, `"`))
	}
	return all
}

// local is the name under which the file knows an imported package, empty when it does not import it.
func (f goFile) local(importPath string) string {
	for _, spec := range f.ast.Imports {
		switch {
		case strings.Trim(spec.Path.Value, `"`) != importPath:
		case spec.Name != nil:
			return spec.Name.Name
		default:
			return path.Base(importPath)
		}
	}
	return ""
}

// call returns the name of a call of a function of an imported package: "Sleep" for time.Sleep(...).
func (f goFile) call(n ast.Node, importPath string) (string, bool) {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	x, ok := sel.X.(*ast.Ident)
	if !ok || x.Name != f.local(importPath) {
		return "", false
	}
	return sel.Sel.Name, true
}
