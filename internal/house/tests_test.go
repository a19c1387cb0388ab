package house

import (
	"go/ast"
	"strings"
	"testing"
)

// A real sleep makes a test slow on a fast machine and wrong on a slow one. Inside a bubble of testing/synctest time is
// virtual: there a sleep takes no time and ends exactly when it should.
func TestTestsDoNotSleep(t *testing.T) {
	for _, f := range goFiles(t) {
		if !f.isTest || inDir(f.dir, "internal/sfutest") {
			continue // all of sfutest runs in a bubble
		}
		bubbles := bubblesOf(f)
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				name, ok := f.call(n, "time")
				if !ok || name != "Sleep" || inside(n, bubbles) {
					return true
				}
				if f.local("testing/synctest") != "" && !isEntry(fn.Name.Name) {
					return true // a helper that a bubble calls
				}
				t.Errorf("%s: time.Sleep on the real clock: run the test in virtual time with synctest.Test, or wait for the event", f.line(n))
				return true
			})
		}
	}
}

// sleepers are the places where a pause itself is what is wanted.
var sleepers = map[string]string{
	"internal/icemux/tcp.go":  "the pause before the next accept when descriptors have run out",
	"internal/icemux/udp.go":  "the pause before the next read when one after the other has failed",
	"pkg/signaling/limits.go": "the delay is the limit on the bytes of a connection",
}

// Code that waits by sleeping looks at the clock instead of waiting for what it needs.
func TestCodeDoesNotSleep(t *testing.T) {
	used := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.isTest || inDir(f.dir, "internal/sfutest") || inDir(f.dir, "internal/netsim") {
			continue // those two run in virtual time
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			name, ok := f.call(n, "time")
			if !ok || name != "Sleep" {
				return true
			}
			used[f.name] = true
			if sleepers[f.name] == "" {
				t.Errorf("%s: time.Sleep: wait for an event or a timer together with what ends the goroutine", f.line(n))
			}
			return true
		})
	}
	for name := range sleepers {
		if !used[name] {
			t.Errorf("%s does not sleep any more, take it out of the exceptions", name)
		}
	}
}

// bubblesOf lists the functions that are handed to synctest.Test.
func bubblesOf(f goFile) []ast.Node {
	var all []ast.Node
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if name, ok := f.call(n, "testing/synctest"); ok && name == "Test" {
			all = append(all, n)
		}
		return true
	})
	return all
}

func inside(n ast.Node, those []ast.Node) bool {
	for _, outer := range those {
		if outer.Pos() <= n.Pos() && n.End() <= outer.End() {
			return true
		}
	}
	return false
}

// isEntry tells whether the test runner calls a function itself.
func isEntry(name string) bool {
	for _, prefix := range []string{"Test", "Benchmark", "Fuzz", "Example"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
