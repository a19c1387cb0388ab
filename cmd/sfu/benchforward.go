package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/expect"
	"github.com/heliograph/heliograph/internal/mediabench"
)

// benchForwardCmd measures forwarding.
type benchForwardCmd struct {
	Viewers       []int          `default:"200" placeholder:"N" help:"Viewers of the one publisher, 200 by default; 10,50,200 makes a row for each."`
	Frame         int            `default:"4" placeholder:"K" help:"Packets of a frame, 4 by default. The publisher sends them back to back."`
	Workers       int            `default:"1" placeholder:"W" help:"Processors that each subject may use, 1 by default: our server has as many workers."`
	Size          int            `default:"1200" placeholder:"BYTES" help:"Length of an RTP packet, 1200 by default."`
	ViewerBitrate int            `placeholder:"BITS" help:"What each viewer gets, in bit/s. Without it: 30 frames a second, or 50 of one packet."`
	Rounds        int            `default:"5" placeholder:"N" help:"Rounds of each subject, 5 by default; figures are medians."`
	Duration      time.Duration  `default:"2s" placeholder:"DURATION" help:"Length of a round, 2s by default."`
	JSON          bool           `name:"json" help:"Print one JSON object a row."`
	Feedback      time.Duration  `default:"100ms" placeholder:"DURATION" help:"From one feedback of a viewer to its next, 100ms by default; browsers take 50ms to 250ms."`
	Profile       string         `placeholder:"FILE" type:"path" help:"Write a CPU profile of our server in its rounds to FILE, while its viewers join to FILE.join, and as fast as it forwards to FILE.flood."`
	Expect        []expect.Bound `sep:"none" placeholder:"KEY<=VALUE" help:"Exit with 1 if a figure misses this bound, as floor_ratio>=0.6; may be repeated."`
	mediaPathFlag
}

// Help explains what is measured.
func (c *benchForwardCmd) Help() string {
	return "Three subjects run in processes of their own, in turn: the whole server; a fan-out by Pion with its default interceptors; and the floor, " +
		"which only seals (AES-128-GCM) and sends in batches what the others send. Costs are CPU time of the subject's process, user and system, " +
		"by RTP packets handed to the socket; loopback makes the kernel's receiving half a part of it, for all three alike.\n\n" +
		"Publisher and viewers run in this process. They join by ICE and DTLS and send the feedback and reports of a browser. The RTP of a viewer stays in its " +
		"socket until it is read in a batch, 50 times a second, with the kernel's time of arrival; it is not decrypted.\n\n" +
		"After the rounds, the publisher sends as fast as our server forwards: packets_per_second."
}

// Run measures row by row.
func (c *benchForwardCmd) Run(p process) error {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	var missed error
	for i, viewers := range c.Viewers {
		row, err := mediabench.Forward(ctx, mediabench.ForwardConfig{
			Launch: launcher(p, c.Workers, c.mediaPathFlag), Viewers: viewers, Frame: c.Frame, Workers: c.Workers, Size: c.Size, Bitrate: c.ViewerBitrate,
			Rounds: c.Rounds, Duration: c.Duration, Feedback: c.Feedback, Profile: c.Profile,
			Progress: progressTo(p.stderr),
		})
		if err != nil {
			return benchError(err)
		}
		if c.JSON {
			err = json.NewEncoder(p.stdout).Encode(row)
		} else {
			err = writeForward(p.stdout, &row, i == 0)
		}
		if err != nil {
			return err
		}
		missed = errors.Join(missed, checkRow(row, c.Expect))
	}
	return missed
}

func writeForward(w io.Writer, r *mediabench.ForwardResult, head bool) error {
	if head {
		fmt.Fprintln(w, "viewers  frame  workers  us/packet   floor  of floor   stock  speedup  allocs  reached  p99 ms  packets/s")
	}
	_, err := fmt.Fprintf(w, "%7d  %5d  %7d  %9.3f  %6.3f  %7.0f%%  %6.2f  %6.1fx  %6.3f  %7.2f  %6.2f  %9.0f\n",
		r.Viewers, r.Frame, r.Workers, r.Cost, r.FloorCost, 100*r.FloorRatio, r.StockCost, r.Speedup, r.Allocs, r.FrameReached, r.LatencyP99, r.MaxRate)
	return err
}
