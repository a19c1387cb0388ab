package loadtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// How long the script may take for what it is asked, a little longer than its own limits.
const (
	browserStepTimeout  = 100 * time.Second
	browserFinalTimeout = 10 * time.Second // the figures, also after Ctrl-C
	browserStopTimeout  = 8 * time.Second
)

// script drives the browsers, from the folder of the module.
const script = "web/test/loadtest.mjs"

// driver is the script and the browsers that it has started.
type driver struct {
	// Fixed after construction.
	browsers []browser
	cmd      *exec.Cmd
	in       io.WriteCloser
	errors   *tail
	replies  chan reply
	quit     chan struct{} // closed when nobody asks any more
	ended    chan struct{} // closed when the script has ended
	folder   string        // for what browsers keep while they run, and the mark by which their processes are known
}

// command is a line that the script gets.
type command struct {
	Do       string    `json:"do"`
	Browsers []browser `json:"browsers,omitempty"`
}

// reply is a line that the script prints.
type reply struct {
	Done     string           `json:"done"`
	Failures []browserFailure `json:"failures"`
	Blind    []browserFailure `json:"blind"` // joined, but saw not all
	Browsers []struct {
		ID    int    `json:"id"`
		Views []View `json:"views"`
	} `json:"browsers"`
}

// browserFailure is why a browser failed.
type browserFailure struct {
	ID      int    `json:"id"`
	Error   string `json:"error"`
	Started bool   `json:"started"` // the browser itself runs
}

// describe makes an error that says what to do.
func (f browserFailure) describe(browsers []browser) error {
	if f.Started {
		return fmt.Errorf("%s: %s", browsers[f.ID].Kind, f.Error)
	}
	return fmt.Errorf("%s: %s; %s", browsers[f.ID].Kind, f.Error, whatToInstall)
}

var errScriptEnded = errors.New("the script that drives the browsers has ended")

// startDriver opens the page of the server in all browsers.
func startDriver(ctx context.Context, browsers []browser) (*driver, error) {
	cmd, err := scriptCommand()
	if err != nil {
		return nil, err
	}
	d := &driver{browsers: browsers, cmd: cmd, errors: &tail{}, replies: make(chan reply), quit: make(chan struct{}), ended: make(chan struct{})}
	if err := d.start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBrowsers, err)
	}
	opened, err := d.ask(ctx, browserStepTimeout, command{"open", browsers})
	if err == nil && len(opened.Failures) > 0 {
		err = opened.Failures[0].describe(browsers)
	}
	if err != nil {
		d.stop()
		return nil, fmt.Errorf("%w: %w", ErrBrowsers, err)
	}
	return d, nil
}

// temporary is how a program is told where its temporary files belong.
const temporary = "TMPDIR="

// start starts the script, with a folder of its own for all that browsers would leave behind.
func (d *driver) start() error {
	d.cmd.SysProcAttr = groupAttributes()
	d.cmd.Stderr = d.errors
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return err
	}
	if d.folder, err = os.MkdirTemp("", "heliograph-browsers-"); err != nil {
		return err
	}
	d.cmd.Env = append(d.cmd.Environ(), temporary+d.folder, "HOME="+d.folder, "XDG_RUNTIME_DIR="+d.folder)
	if err := d.cmd.Start(); err != nil {
		return errors.Join(err, os.RemoveAll(d.folder))
	}
	go d.own(out)
	return nil
}

const whatToInstall = "--browsers needs Node 20 and Debian's chromium and firefox-esr, and modules that scripts/browser-test installs when it is run once"

// scriptCommand finds Node, the script and its modules.
func scriptCommand() (*exec.Cmd, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("%w: there is no Node; %s", ErrBrowsers, whatToInstall)
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBrowsers, err)
	}
	for folder := here; ; folder = filepath.Dir(folder) {
		path := filepath.Join(folder, filepath.FromSlash(script))
		if _, err := os.Stat(path); err == nil {
			return withModules(node, path)
		}
		if folder == filepath.Dir(folder) {
			return nil, fmt.Errorf("%w: there is no %s in %s or above, run it in a checkout of Heliograph", ErrBrowsers, script, here)
		}
	}
}

func withModules(node, path string) (*exec.Cmd, error) {
	for _, module := range []string{"playwright-core", "puppeteer-core"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "node_modules", module)); err != nil {
			return nil, fmt.Errorf("%w: the module %s is not there; %s", ErrBrowsers, module, whatToInstall)
		}
	}
	return exec.Command(node, path), nil
}

// own reads what the script prints and waits for its end.
func (d *driver) own(out io.Reader) {
	defer close(d.ended)
	lines := json.NewDecoder(bufio.NewReader(out))
	for {
		var r reply
		if err := lines.Decode(&r); err != nil {
			break
		}
		select {
		case d.replies <- r:
		case <-d.quit:
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = d.cmd.Wait() // how it ended, its errors tell
}

// ask gives the script a command and waits for the answer.
func (d *driver) ask(ctx context.Context, limit time.Duration, c command) (reply, error) {
	line, err := json.Marshal(c)
	if err != nil {
		return reply{}, fmt.Errorf("%s: %w", c.Do, err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		select { // what it had to say comes with its end
		case <-d.ended:
		case <-timer.C:
		}
		return reply{}, fmt.Errorf("%s: %w%s", c.Do, errScriptEnded, d.errors)
	}
	for {
		select {
		case r := <-d.replies:
			if r.Done == c.Do { // else the answer to a command that was given up
				return r, nil
			}
		case <-d.ended:
			return reply{}, fmt.Errorf("%s: %w%s", c.Do, errScriptEnded, d.errors)
		case <-timer.C:
			return reply{}, fmt.Errorf("%s: no answer of the browsers within %v", c.Do, limit)
		case <-ctx.Done():
			return reply{}, fmt.Errorf("%s: %w", c.Do, ctx.Err())
		}
	}
}

// stop asks the script to end the browsers, and then ends what is left of them.
func (d *driver) stop() {
	close(d.quit)
	_ = d.in.Close() // it may have ended
	timer := time.NewTimer(browserStopTimeout)
	defer timer.Stop()
	select {
	case <-d.ended:
	case <-timer.C:
		_ = d.cmd.Process.Kill() // it may have ended now
	}
	endMarked(temporary + d.folder)
	<-d.ended
	_ = os.RemoveAll(d.folder) // what is left is in the folder for such things
}
