package connectbench

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// stopPatience is how long a server may take to end after its last question; then it is ended.
const stopPatience = 2 * time.Second

// ErrServer tells that the process of the server does not do its part.
var ErrServer = errors.New("the measured server")

// server is a process that runs Attend.
type server struct {
	Ready
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Reader
}

// startServer starts a process and waits until it is ready.
func startServer(cmd *exec.Cmd) (*server, error) {
	s := &server{cmd: cmd}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if s.ask, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServer, err)
	}
	s.answers = bufio.NewReader(out)
	if err := s.read(&s.Ready); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) read(v any) error {
	line, err := s.answers.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%w has ended: %w", ErrServer, err)
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("%w says %.80q: %w", ErrServer, line, err)
	}
	return nil
}

// sample asks one question.
func (s *server) sample(question string) (out Sample, err error) {
	if _, err := io.WriteString(s.ask, question+"\n"); err != nil {
		return out, fmt.Errorf("%w cannot be asked: %w", ErrServer, err)
	}
	err = s.read(&out)
	return out, err
}

// stop ends the process and waits for it.
func (s *server) stop() {
	_ = s.ask.Close() // it tells the server to end
	kill := time.AfterFunc(stopPatience, func() { _ = s.cmd.Process.Kill() })
	_, _ = io.Copy(io.Discard, s.answers)
	_ = s.cmd.Wait() // how it ended changes no figure
	kill.Stop()
}
