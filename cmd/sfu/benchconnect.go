package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/connectbench"
	"github.com/heliograph/heliograph/internal/expect"
)

// benchConnectCmd measures connections.
type benchConnectCmd struct {
	Joins   int                      `default:"100" placeholder:"N" help:"Participants that join in a round, 100 by default."`
	Slots   []connectbench.SlotCount `default:"3+4,1+1,3+49" placeholder:"A+V" help:"Slots of a viewer for audio and video, 3+4,1+1,3+49 by default; each is measured by itself."`
	Rounds  int                      `default:"3" placeholder:"N" help:"Servers that are measured for each slot count, 3 by default; figures are medians."`
	Media   time.Duration            `default:"4s" placeholder:"DURATION" help:"For how long each slot receives before memory is measured, 4s by default."`
	Profile string                   `placeholder:"FILE" type:"path" help:"Write profiles of the first round with the slots 3+4 to FILE.3+4 (CPU time of joins) and FILE.3+4.heap (memory in use; FILE.3+4.heap-before is from before the viewers), and so on."`
	JSON    bool                     `name:"json" help:"Print one JSON object."`
	Expect  []expect.Bound           `sep:"none" placeholder:"KEY<=VALUE" help:"Exit with 1 if a figure of the JSON misses this bound, as ms_per_join<=1.5; may be repeated."`
}

// Help explains what is measured.
func (c *benchConnectCmd) Help() string {
	return "The server runs in a process of its own, so that its CPU time, user and system, and its memory are its alone. Participants join it from " +
		"this process over loopback by the real protocol: websocket, ICE, DTLS. Joins are measured in rooms of five in which nobody sends. Memory " +
		"is measured in one room in which each slot shows a publication and has received it for some seconds, after the server has collected " +
		"its garbage.\n\n" +
		"JSON has the figures of the first slot count by their plain names, and of each with a suffix as in ms_per_join_3_49."
}

// Run measures and prints.
func (c *benchConnectCmd) Run(p process) error {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	r, err := connectbench.Run(ctx, connectbench.Config{
		Launch: p.launchNode, Joins: c.Joins, Slots: c.Slots, Rounds: c.Rounds, Media: c.Media, Profile: c.Profile,
		Progress: func(format string, args ...any) { fmt.Fprintf(p.stderr, format+"\n", args...) },
	})
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted before all was measured")
	case errors.Is(err, connectbench.ErrConfig):
		return usageError{err}
	case err != nil:
		return err
	}
	if c.JSON {
		err = json.NewEncoder(p.stdout).Encode(r.Figures())
	} else {
		err = r.Write(p.stdout)
	}
	return errors.Join(err, expect.Check(c.Expect, r.Figures()))
}

// launchNode starts this program again, as a server that is measured. It ends with its standard input, and so with this process. A
// Ctrl-C must not reach it: who measures decides.
func (p process) launchNode(context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(self, "bench", "node")
	cmd.Env, cmd.Stderr = p.environ, p.stderr
	return cmd, nil
}
