package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/heliograph/heliograph/internal/expect"
	"github.com/heliograph/heliograph/internal/mediabench"
)

// benchCmd groups the measurements.
type benchCmd struct {
	Forward benchForwardCmd `cmd:"" help:"Measure what a forwarded packet costs, beside a stock Pion fan-out and the floor."`
	Receive benchReceiveCmd `cmd:"" help:"Measure what a received packet costs, beside stock Pion."`
	Connect benchConnectCmd `cmd:"" help:"Measure what a connection costs: CPU time of a join, memory and goroutines of a viewer."`
	RFC8867 benchRFC8867Cmd `cmd:"" name:"rfc8867" help:"Run the congestion control through the test cases of RFC 8867, and more, in virtual time."`
	Subject benchSubjectCmd `cmd:"" hidden:"" help:"Be measured by another process."`
	Node    benchNodeCmd    `cmd:"" hidden:"" help:"Be the server of bench connect."`
}

// progressTo makes what prints how far a measurement is.
func progressTo(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
}

// benchError tells what the caller can mend from what failed.
func benchError(err error) error {
	switch {
	case errors.Is(err, mediabench.ErrConfig):
		return usageError{err}
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	}
	return err
}

// checkRow holds the figures of a row, as its JSON names them, against bounds.
func checkRow(row any, bounds []expect.Bound) error {
	text, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encode a row: %w", err)
	}
	figures := map[string]float64{}
	if err := json.Unmarshal(text, &figures); err != nil {
		return fmt.Errorf("decode a row: %w", err)
	}
	return expect.Check(bounds, figures)
}
