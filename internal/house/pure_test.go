package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// What a pure package decides depends on its arguments only. A variable of the package would be state that all of its
// objects share, and a lock away from a data race: only errors and tables that nothing writes to may stand there.
func TestPurePackagesHaveNoVariables(t *testing.T) {
	perPackage := map[string][]goFile{}
	for _, f := range goFiles(t) {
		if _, isPure := pure[f.dir]; isPure && !f.isTest {
			perPackage[f.dir] = append(perPackage[f.dir], f)
		}
	}
	if len(perPackage) == 0 {
		t.Fatal("no pure package was found")
	}
	for _, files := range perPackage {
		tables := map[string]bool{}
		for _, f := range files {
			for _, v := range packageVariables(f.ast) {
				if v.state {
					t.Errorf("%s: %s: a pure package has no variables but errors and tables, put state into a struct", f.line(v.name), v.name.Name)
				}
				tables[v.name.Name] = true
			}
		}
		for _, f := range files {
			for _, n := range writesTo(f.ast, tables) {
				t.Errorf("%s: a table of a pure package is written to, make it state of a struct", f.line(n))
			}
		}
	}
}

type packageVariable struct {
	name  *ast.Ident
	state bool // neither an error nor a table
}

// packageVariables lists what is declared by var outside functions.
func packageVariables(file *ast.File) []packageVariable {
	var all []packageVariable
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				if name.Name == "_" {
					continue // an assertion for the compiler
				}
				fixed := len(v.Values) == len(v.Names) && isFixed(v.Values[i])
				all = append(all, packageVariable{name, !fixed})
			}
		}
	}
	return all
}

// isFixed tells whether a value is an error made by errors.New, or a composite literal, which is a table.
func isFixed(value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CompositeLit:
		switch v.Type.(type) {
		case *ast.ArrayType, *ast.MapType:
			return true
		}
	case *ast.CallExpr:
		if s, ok := v.Fun.(*ast.SelectorExpr); ok {
			pkg, isName := s.X.(*ast.Ident)
			return isName && pkg.Name == "errors" && s.Sel.Name == "New"
		}
	}
	return false
}

// writesTo lists where one of the variables is assigned to, counted up, cleared, or its address taken. A local variable of the same
// name counts as well: it would only mislead.
func writesTo(file *ast.File, names map[string]bool) []ast.Node {
	var all []ast.Node
	check := func(n ast.Node, target ast.Expr) {
		if id := rootOf(target); id != nil && names[id.Name] {
			all = append(all, n)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, target := range n.Lhs {
				check(n, target)
			}
		case *ast.IncDecStmt:
			check(n, n.X)
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.Ident); ok && (fn.Name == "delete" || fn.Name == "clear") {
				check(n, n.Args[0])
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n, n.X)
			}
		}
		return true
	})
	return all
}

// rootOf is the name at the left end of a[i].b, nil if there is none.
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

func TestPackageVariablesAreFound(t *testing.T) {
	const source = `package p
import "errors"
var ErrFine = errors.New("fine")
var table = [...]string{"a"}
var byName = map[string]int{"a": 1}
var _ = table
var count int
var last, next = 1, 2
var shared = make(map[string]int)
var object = thing{}
func f() { table[0] = "b"; byName["b"]++; g(&table); delete(byName, "a"); x := table[0]; _ = x }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var state []string
	for _, v := range packageVariables(file) {
		if v.state {
			state = append(state, v.name.Name)
		}
	}
	if got, want := strings.Join(state, " "), "count last next shared object"; got != want {
		t.Errorf("state is %q, want %q", got, want)
	}
	writes := writesTo(file, map[string]bool{"table": true, "byName": true})
	if len(writes) != 4 || !slices.IsSortedFunc(writes, func(a, b ast.Node) int { return int(a.Pos() - b.Pos()) }) {
		t.Errorf("%d writes were found, want 4", len(writes))
	}
}
