package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const events = `
{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"all is well\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"m/a","Test":"TestBad","Output":"bad_test.go:1: broken\n"}
{"Action":"fail","Package":"m/a","Test":"TestBad"}
{"Action":"output","Package":"m/a","Test":"TestTool","Output":"needs a tool\n"}
{"Action":"skip","Package":"m/a","Test":"TestTool"}
{"Action":"output","Package":"m/a","Output":"FAIL\n"}
{"Action":"fail","Package":"m/a"}
{"Action":"skip","Package":"m/none"}
{"ImportPath":"m/b [m/b.test]","Action":"build-output","Output":"b.go:1:1: no\n"}
{"ImportPath":"m/b [m/b.test]","Action":"build-fail"}
{"Action":"fail","Package":"m/b","FailedBuild":"m/b [m/b.test]"}
{"Action":"output","Package":"m/c","Output":"panic: timed out\n"}
{"Action":"fail","Package":"m/c"}
go: a line that is no event
`

func count(t *testing.T, strict bool) *tally {
	t.Helper()
	c := newTally(strict)
	if err := c.read(strings.NewReader(strings.TrimLeft(events, "\n"))); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCount(t *testing.T) {
	c := count(t, false)
	if c.passed != 1 || c.failed != 3 || c.skipped != 1 {
		t.Errorf("got %s, want 1 passed, 3 failed (a test, a build, a package), 1 skipped", c)
	}
	report := c.report()
	for _, want := range []string{"--- m/a TestBad", "bad_test.go:1: broken", "b.go:1:1: no", "panic: timed out", "no event"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report does not show %q:\n%s", want, report)
		}
	}
	if strings.Contains(report, "all is well") {
		t.Errorf("the report shows what passed:\n%s", report)
	}
}

func TestStrictCountsSkippedTestsAsFailed(t *testing.T) {
	c := count(t, true)
	if c.failed != 4 || !strings.Contains(c.report(), "needs a tool") {
		t.Errorf("got %s\n%s", c, c.report())
	}
}

func TestACommandThatFailsWithoutAReason(t *testing.T) {
	c := newTally(false)
	c.finish(errors.New("exit status 1"))
	if c.failed != 1 || !strings.Contains(c.report(), "exit status 1") {
		t.Errorf("got %s\n%s", c, c.report())
	}
	explained := count(t, false)
	explained.finish(errors.New("exit status 1"))
	if explained.failed != 3 {
		t.Errorf("got %s: the tests that failed explain the exit code", explained)
	}
}

func TestRunAddsToTheSum(t *testing.T) {
	sum := filepath.Join(t.TempDir(), "sum")
	pass := `echo '{"Action":"pass","Package":"p","Test":"T"}'`
	if ok, err := run("good", sum, false, []string{"sh", "-c", pass}); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
	if ok, err := run("bad", sum, false, []string{"sh", "-c", pass + "; exit 3"}); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
	if text, err := os.ReadFile(sum); string(text) != "1 0\n1 1\n" {
		t.Errorf("got %q, %v", text, err)
	}
}
