package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/heliograph/heliograph/internal/config"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is an error that the caller mends by another command line, configuration or port. Its text says how.
type usageError struct{ error }

// Unwrap returns the cause, for errors.Is.
func (e usageError) Unwrap() error { return errors.Unwrap(e.error) }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// process is what a command may touch of its surroundings.
type process struct {
	environ []string
	stdout  io.Writer
	stderr  *os.File
}

func main() {
	p := process{environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(p.run(os.Args[1:]))
}

// run executes one command line and returns the exit code.
func (p process) run(args []string) int {
	var c commands
	parser := newParser(&c, p)
	ctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(p.stderr, "sfu: %v; see sfu --help\n", err)
		return exitUsage
	}
	err = ctx.Run(p)
	if err == nil {
		return 0
	}
	fmt.Fprintf(p.stderr, "sfu: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) || errors.Is(err, config.ErrInvalid) {
		return exitUsage
	}
	return exitFailed
}
