package house

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// pure are the packages that decide what is sent and when: without clock, lock, goroutine, socket and log they can be fuzzed
// and tested exactly. Each may import, besides the standard library, only what stands here.
var pure = map[string][]string{
	"pkg/rtpfwd":       {module + "/pkg/rtpfwd/codec", module + "/internal/prefetch", "github.com/pion/rtp", "github.com/pion/rtcp"},
	"pkg/rtpfwd/codec": {"github.com/pion/rtp", "github.com/pion/rtcp"},
	"pkg/bwe":          {module + "/internal/prefetch", "github.com/pion/rtp", "github.com/pion/rtcp"},
}

// impure are the parts of the standard library that a pure package must not import, with all below them.
var impure = []string{"net", "os", "log", "sync", "context", "runtime", "syscall", "unsafe", "testing", "math/rand", "crypto/rand"}

// clockCalls are the functions of package time that read a clock or wait for one.
var clockCalls = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

func TestPurePackagesImportNothingThatActs(t *testing.T) {
	for _, f := range goFiles(t) {
		allowed, isPure := pure[f.dir]
		if !isPure || f.isTest {
			continue
		}
		for _, name := range f.imports() {
			switch {
			case isStandard(name) && below(name, impure):
				t.Errorf("%s imports %s: a pure package has no lock, socket, log or chance; time is an argument", f.name, name)
			case !isStandard(name) && !slices.Contains(allowed, name):
				t.Errorf("%s imports %s: a pure package imports only the standard library and %v", f.name, name, allowed)
			}
		}
	}
}

func TestPurePackagesStartNothingAndReadNoClock(t *testing.T) {
	for _, f := range goFiles(t) {
		if _, isPure := pure[f.dir]; !isPure || f.isTest {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt:
				t.Errorf("%s: %s: a pure package has no goroutine and no channel, its caller owns it", f.line(n), describe(n))
			}
			if name, ok := f.call(n, "time"); ok && slices.Contains(clockCalls, name) {
				t.Errorf("%s: time.%s: a pure package gets the time as an argument, so that a test decides what it is", f.line(n), name)
			}
			return true
		})
	}
}

// importRule says who may import a package, as path prefixes of directories.
type importRule struct {
	what   string // the import path, or a prefix that ends in /
	only   []string
	tests  bool // tests everywhere may, too
	reason string
}

var importRules = []importRule{
	{"github.com/pion/webrtc/", []string{"pkg/sfu", "pkg/client", "internal/sfutest", "internal/mediabench", "scripts/rtprecorder"}, false,
		"one package owns PeerConnections and their goroutines; the others stay testable without a network. A measurement brings its own " +
			"participants, and a server by Pion alone to compare with"},
	{"github.com/pion/interceptor", []string{"pkg/sfu", "pkg/client", "internal/sfutest", "internal/mediabench", "internal/netsim/bench", "scripts/rtprecorder"}, false,
		"the interceptor registry of the server stays empty, what it would do is ours. The server by Pion that ours is measured against has them; a test measures Pion's gcc"},
	{module + "/cmd/", nil, false, "a command is the top: it wires packages together and nothing knows it"},
	{module + "/pkg/sfu", []string{"cmd/sfu", "internal/sfutest"}, false, "only cmd/sfu wires packages together"},
	{module + "/internal/config", []string{"cmd/sfu"}, true, "settings reach other packages as plain arguments"},
	{module + "/internal/sfutest", nil, true, "scripted participants are for tests"},
	{module + "/internal/mediabench", []string{"cmd/sfu"}, false, "a measurement starts processes: it is for the command line"},
	{module + "/internal/netsim", []string{"internal/sfutest", "cmd/sfu", "scripts/linkemu"}, true, "a simulated network is for tests, and for sfu bench, which shows their figures"},
	{module + "/internal/house", nil, true, "rules about the code are for tests"},
	{module + "/internal/connectbench", []string{"cmd/sfu"}, true, "a measurement is no part of the server"},
	{"testing", []string{"internal/sfutest"}, true, "code that ships does not depend on tests"},
}

func TestImportRules(t *testing.T) {
	files := goFiles(t)
	for _, r := range importRules {
		for _, f := range files {
			if (f.isTest && r.tests) || slices.ContainsFunc(r.only, func(dir string) bool { return inDir(f.dir, dir) }) {
				continue
			}
			if inDir(module+"/"+f.dir, strings.TrimSuffix(r.what, "/")) {
				continue // the package itself
			}
			for _, name := range f.imports() {
				if name == r.what || strings.HasPrefix(name, strings.TrimSuffix(r.what, "/")+"/") {
					t.Errorf("%s imports %s, which only %v may: %s", f.name, name, r.only, r.reason)
				}
			}
		}
	}
}

// Signaling can be replaced or tested without any media, and the other way round.
func TestSignalingKnowsNoMedia(t *testing.T) {
	media := []string{"github.com/pion", module + "/pkg/rtpfwd", module + "/pkg/bwe", module + "/pkg/sfu", module + "/internal/udpio"}
	for _, f := range goFiles(t) {
		if !inDir(f.dir, "pkg/signaling") {
			continue
		}
		for _, name := range f.imports() {
			if below(name, media) {
				t.Errorf("%s imports %s: signaling declares what it needs as interfaces and imports no media package", f.name, name)
			}
		}
	}
}

// Nothing happens before main: a reader finds all that runs by following calls from there.
func TestNoInitFunctions(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init runs before main and cannot be ordered or tested, make a constructor", f.line(fn))
			}
		}
	}
}

func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// below tells whether a path is one of those, or lies below one.
func below(importPath string, those []string) bool {
	return slices.ContainsFunc(those, func(p string) bool { return inDir(importPath, p) })
}

func inDir(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "go statement"
	case *ast.SelectStmt:
		return "select statement"
	case ast.Expr:
		return types.ExprString(n)
	}
	return "statement"
}

func TestHelpersOfTheImportRules(t *testing.T) {
	for path, want := range map[string]bool{"net/http": true, "net": true, "network": false, "netip": false} {
		if got := below(path, []string{"net"}); got != want {
			t.Errorf("below(%q) = %v", path, got)
		}
	}
	if isStandard("github.com/pion/rtp") || !isStandard("net/http") {
		t.Error("isStandard is wrong")
	}
}
