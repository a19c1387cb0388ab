package mediabench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"
)

// Launcher makes the command that runs a subject in a process of its own: a program that calls Attend with its standard input and
// output. What the subject needs besides is in the command already.
type Launcher func(ctx context.Context, subject string) *exec.Cmd

// The subjects.
const (
	SubjectServer = "server" // ours
	SubjectStock  = "stock"  // Pion with its defaults
	SubjectFloor  = "floor"  // Seal and send
)

// childPatience is how long a child may take for a command, or to end.
const childPatience = 20 * time.Second

// child is a subject's process.
type child struct {
	name    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan json.RawMessage
	ready   Ready
}

// launch starts a subject on so many processors and waits until it is ready.
func launch(ctx context.Context, l Launcher, subject string, processors int) (*child, error) {
	cmd := l(ctx, subject)
	cmd.Env = append(cmd.Environ(), "GOMAXPROCS="+strconv.Itoa(processors))
	c := &child{name: subject, cmd: cmd, answers: make(chan json.RawMessage, 1)}
	var err error
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", subject, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", subject, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", subject, err)
	}
	go c.read(out)
	if err := c.answer(ctx, &c.ready); err != nil {
		return nil, errors.Join(err, c.end())
	}
	return c, nil
}

// read passes on what the child says until it ends.
func (c *child) read(out io.Reader) {
	defer close(c.answers)
	decoder := json.NewDecoder(out)
	for {
		var line json.RawMessage
		if decoder.Decode(&line) != nil {
			return
		}
		c.answers <- line
	}
}

func (c *child) answer(ctx context.Context, to any) error {
	timer := time.NewTimer(childPatience)
	defer timer.Stop()
	select {
	case line, ok := <-c.answers:
		if !ok {
			return fmt.Errorf("the process of %s has ended", c.name)
		}
		if err := json.Unmarshal(line, to); err != nil {
			return fmt.Errorf("what %s says: %w", c.name, err)
		}
		return nil
	case <-timer.C:
		return fmt.Errorf("%s does not answer", c.name)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *child) do(ctx context.Context, what command) (sample, error) {
	var s sample
	line, err := json.Marshal(what)
	if err != nil {
		return s, fmt.Errorf("tell %s: %w", c.name, err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return s, fmt.Errorf("tell %s: %w", c.name, err)
	}
	if err := c.answer(ctx, &s); err != nil {
		return s, err
	}
	if s.Err != "" {
		return s, fmt.Errorf("%s: %s", c.name, s.Err)
	}
	return s, nil
}

func (c *child) sample(ctx context.Context) (sample, error) {
	return c.do(ctx, command{Do: "sample"})
}

// end closes the child's input, at which it ends, and waits for it.
func (c *child) end() error {
	_ = c.in.Close() // it may be gone already
	timer := time.AfterFunc(childPatience, func() { _ = c.cmd.Process.Kill() })
	defer timer.Stop()
	for range c.answers {
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the process of %s: %w", c.name, err)
	}
	return nil
}
