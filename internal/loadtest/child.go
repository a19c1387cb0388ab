package loadtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrServer tells that the server that the load test started did not start, or ended by itself.
var ErrServer = errors.New("the server of the load test failed")

const (
	startTimeout = 10 * time.Second
	stopTimeout  = 12 * time.Second // the server takes at most 10 s
	keptOutput   = 4 << 10          // bytes of the server's log
)

// child is a server in a process of its own.
type child struct {
	// Fixed after construction.
	url    string
	cmd    *exec.Cmd
	output *tail
	ended  chan struct{} // closed when the process has ended
}

var link = regexp.MustCompile(`https?://[^\s/]+/`)

// startChild starts the server on free ports of the loopback address and waits until it is ready.
func startChild(ctx context.Context, c *Config) (*child, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("%w: find a free port: %w", ErrServer, err)
	}
	args := []string{"serve", "--http-addr=127.0.0.1:0", "--admin-addr=off", "--udp-port=" + strconv.Itoa(port), "--tcp-port=0", "--node-ip=127.0.0.1", "--dev", "--log-level=warn"}
	if c.Browsers > 0 {
		if address := machineAddress(); address != "" {
			args = append(args, "--node-ip="+address)
		}
	}
	s := &child{cmd: exec.Command(c.Executable, append(args, c.ServerFlags...)...), output: &tail{}, ended: make(chan struct{})}
	if v, ok := videos[c.Video]; ok {
		s.cmd.Env = append(s.cmd.Environ(), "HELIOGRAPH_ROOM_CODEC="+v.codec)
	}
	s.cmd.SysProcAttr = childAttributes()
	s.cmd.Stderr = s.output
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	first := make(chan string, 1)
	started := make(chan error, 1)
	go s.own(out, started, first)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if s.url, err = s.ready(ctx, first); err != nil {
		s.stop()
		return nil, fmt.Errorf("%w: %w%s", ErrServer, err, s.output)
	}
	return s, nil
}

// own starts the process, reads what it prints and waits for its end. The kernel ends the process with the thread that started it.
func (s *child) own(out io.Reader, started chan<- error, first chan<- string) {
	defer close(s.ended)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := s.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	lines := bufio.NewReader(out)
	line, _ := lines.ReadString('\n') // without one the process has ended
	first <- line
	_, _ = io.Copy(io.Discard, lines)
	_ = s.cmd.Wait() // how it ended, its output tells
}

// ready waits for the first line, which has the address.
func (s *child) ready(ctx context.Context, first <-chan string) (string, error) {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case line := <-first:
		if found := link.FindString(line); found != "" {
			return strings.TrimSuffix(found, "/"), nil
		}
		return "", errors.New("it ended before it was ready")
	case <-timer.C:
		return "", fmt.Errorf("it was not ready after %v", startTimeout)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stop asks the server to stop, and ends it if it does not.
func (s *child) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGINT) // it may have ended
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-s.ended:
		return
	case <-timer.C:
	}
	_ = s.cmd.Process.Kill() // it may have ended now
	<-s.ended
}

// serverEnded is closed when the load test's own server has ended.
func (t *test) serverEnded() <-chan struct{} {
	if t.server == nil {
		return nil
	}
	return t.server.ended
}

// freePort is a UDP port that nobody uses at this moment.
func freePort() (int, error) {
	l, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return 0, err
	}
	defer l.Close() // only its number is wanted
	addr, ok := l.LocalAddr().(*net.UDPAddr)
	if !ok {
		return 0, errors.New("a UDP socket without a port")
	}
	return addr.Port, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-keptOutput):]
	return len(b), nil
}

// String is what was kept, on lines of its own.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "\n" + strings.TrimSpace(string(t.text))
}
