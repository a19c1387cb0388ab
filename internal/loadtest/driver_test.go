package loadtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// checkout makes a folder with what the driver looks for, and a Node that is this shell script, and goes there.
func checkout(t *testing.T, node string, modules ...string) {
	t.Helper()
	root := t.TempDir()
	for _, m := range modules {
		if err := os.MkdirAll(filepath.Join(root, "web/test/node_modules", m), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(root, "bin")
	err := errors.Join(os.MkdirAll(filepath.Join(root, "web/test"), 0o700), os.MkdirAll(filepath.Join(root, "below"), 0o700), os.Mkdir(bin, 0o700),
		os.WriteFile(filepath.Join(root, script), nil, 0o600))
	if node != "" {
		err = errors.Join(err, os.WriteFile(filepath.Join(bin, "node"), []byte("#!/bin/sh\n"+node), 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	if node == "" {
		t.Setenv("PATH", bin)
	}
	t.Chdir(filepath.Join(root, "below"))
}

func twoBrowsers() []browser {
	c := good()
	c.Browsers, c.BrowserKind = 2, bothKinds
	return c.browsers("http://x", "r")
}

// What is missing is said before anything is measured.
func TestDriverSaysWhatIsMissing(t *testing.T) {
	const all = "playwright-core puppeteer-core"
	for want, tc := range map[string]struct{ node, modules string }{
		"no Node":                        {"", all},
		"playwright-core is not there":   {"true", "puppeteer-core"},
		"puppeteer-core is not there":    {"true", "playwright-core"},
		"firefox: nowhere; --browsers n": {`read -r line; echo '{"done":"open","failures":[{"id":1,"error":"nowhere"}]}'; cat`, all},
		"has ended\nSyntaxError":         {"echo SyntaxError >&2", all},
	} {
		t.Run(want, func(t *testing.T) {
			checkout(t, tc.node, strings.Fields(tc.modules)...)
			d, err := startDriver(context.Background(), twoBrowsers())
			if d != nil || !errors.Is(err, ErrBrowsers) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Chdir(t.TempDir())
	t.Setenv("PATH", "/bin:/usr/bin")
	if _, err := startDriver(context.Background(), twoBrowsers()); !errors.Is(err, ErrBrowsers) {
		t.Errorf("outside of a checkout: got %v", err)
	}
}

// A failure of a browser that runs does not tell to install one.
func TestBrowserFailureDescribes(t *testing.T) {
	if err := (browserFailure{ID: 1, Error: "refused", Started: true}).describe(twoBrowsers()); err.Error() != "firefox: refused" {
		t.Errorf("got %v", err)
	}
}

// running tells whether a process is there and no zombie.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// A browser, with what it has started, ends with the driver though the script forgets it, and leaves no file.
func TestDriverEndsBrowsers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	checkout(t, `
		setsid sh -c 'echo $$ >"$TMPDIR/pids"; sleep 600 >&- 2>&- & echo $! >>"$TMPDIR/pids"; echo "{\"done\":\"open\"}"; exec >&- 2>&-; wait' &
		cat >/dev/null`, "playwright-core", "puppeteer-core")
	d, err := startDriver(context.Background(), twoBrowsers())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(d.folder, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil || !running(pid) {
			t.Fatalf("process %s does not run: %v", word, err)
		}
		pids = append(pids, pid)
	}
	d.stop()
	if len(pids) != 2 || running(pids[0]) || running(pids[1]) || running(d.cmd.Process.Pid) {
		t.Errorf("some of the processes %v, %d still run", pids, d.cmd.Process.Pid)
	}
	if _, err := os.Stat(d.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

// Answers belong to their commands, and a script that ends or says nothing is an error.
func TestDriverAsks(t *testing.T) {
	checkout(t, `
		read -r line; echo '{"done":"open"}'
		read -r line; echo '{"done":"late"}'; echo '{"done":"join","failures":[{"id":1,"error":"no"}]}'
		read -r line
		read -r line; echo broken >&2; exit 1`, "playwright-core", "puppeteer-core")
	d, err := startDriver(context.Background(), twoBrowsers())
	if err != nil {
		t.Fatal(err)
	}
	defer d.stop()
	r, err := d.ask(context.Background(), time.Minute, command{Do: "join"})
	if err != nil || len(r.Failures) != 1 || r.Failures[0].ID != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.ask(ctx, time.Minute, command{Do: "begin"}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped early: got %v", err)
	}
	if _, err := d.ask(context.Background(), time.Minute, command{Do: "end"}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("the script ended: got %v", err)
	}
}
