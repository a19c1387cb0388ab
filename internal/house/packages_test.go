package house

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// The first thing to read about a package is always at the same place.
func TestEveryPackageHasADocFile(t *testing.T) {
	packages := map[string]*ast.File{}
	for _, f := range goFiles(t) {
		if f.made {
			continue
		}
		if _, known := packages[f.dir]; !known {
			packages[f.dir] = nil
		}
		if path.Base(f.name) == "doc.go" {
			packages[f.dir] = f.ast
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		doc := packages[dir]
		switch {
		case doc == nil:
			t.Errorf("%s has no doc.go: say there what the package is for, what it must not know, and its data flow", dir)
		case doc.Doc == nil || len(doc.Doc.Text()) < 100:
			t.Errorf("%s/doc.go says too little: what the package is for, what it must not know, its data flow", dir)
		case len(doc.Decls) > 0:
			t.Errorf("%s/doc.go has declarations: it is for reading, put code where its name says", dir)
		}
	}
}

// Nobody should have to read a function to learn what it promises.
func TestEveryExportedNameHasAComment(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.isTest || f.made {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no comment: say what it is, with units, ranges and errors", f.line(d), name)
			}
		}
	}
}

// undocumented lists the exported names of a declaration that no comment explains. A comment above a group of constants
// or variables counts for all of them.
func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT || (d.Doc != nil && d.Tok != token.TYPE) {
			return nil
		}
		var names []string
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if spec.Names[0].IsExported() && spec.Doc == nil && spec.Comment == nil {
					names = append(names, spec.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

// exportedReceiver tells whether a function is no method, or a method that other packages can name.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}

// Package names say what is in the package; these say nothing.
func TestPackageNamesMeanSomething(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, empty := range []string{"util", "utils", "common", "helpers", "misc", "base", "types"} {
			if strings.TrimSuffix(f.ast.Name.Name, "_test") == empty {
				t.Errorf("%s: package %s: name what is in it", f.name, empty)
			}
		}
	}
}
