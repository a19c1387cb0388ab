package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/expect"
	"github.com/heliograph/heliograph/internal/mediabench"
)

// benchReceiveCmd measures receiving.
type benchReceiveCmd struct {
	Publishers int            `default:"20" placeholder:"N" help:"Publishers, 20 by default."`
	Rate       int            `default:"20000" placeholder:"PPS" help:"Packets a second of all publishers, 20000 by default."`
	Frame      int            `default:"4" placeholder:"K" help:"Packets of a frame, 4 by default. A publisher sends them back to back."`
	Workers    int            `default:"1" placeholder:"W" help:"Processors that each subject may use, 1 by default: our server has as many workers."`
	Size       int            `default:"1200" placeholder:"BYTES" help:"Length of an RTP packet, 1200 by default."`
	Rounds     int            `default:"5" placeholder:"N" help:"Rounds of each subject, 5 by default; figures are medians."`
	Duration   time.Duration  `default:"2s" placeholder:"DURATION" help:"Length of a round, 2s by default."`
	JSON       bool           `name:"json" help:"Print one JSON object."`
	Expect     []expect.Bound `sep:"none" placeholder:"KEY<=VALUE" help:"Exit with 1 if a figure misses this bound, as speedup_vs_stock>=2; may be repeated."`
	mediaPathFlag
}

// Help explains what is measured.
func (c *benchReceiveCmd) Help() string {
	return "Two subjects run in processes of their own, in turn: the whole server, and a program by Pion with its default interceptors, " +
		"which reads its tracks. Costs are CPU time of the subject's process, user and system, by RTP packets received. First nobody " +
		"subscribes; then one viewer has one of the publications."
}

// Run measures once.
func (c *benchReceiveCmd) Run(p process) error {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	r, err := mediabench.Receive(ctx, mediabench.ReceiveConfig{
		Launch: launcher(p, c.Workers, c.mediaPathFlag), Publishers: c.Publishers, Rate: c.Rate, Frame: c.Frame, Workers: c.Workers, Size: c.Size,
		Rounds: c.Rounds, Duration: c.Duration, Progress: progressTo(p.stderr),
	})
	if err != nil {
		return benchError(err)
	}
	if c.JSON {
		err = json.NewEncoder(p.stdout).Encode(r)
	} else {
		err = writeReceive(p.stdout, &r)
	}
	if err != nil {
		return err
	}
	return checkRow(r, c.Expect)
}

func writeReceive(w io.Writer, r *mediabench.ReceiveResult) error {
	_, err := fmt.Fprintf(w, "publishers  packets/s  us/packet  one viewer  stock  speedup  allocs\n%10d  %9.0f  %9.3f  %10.3f  %5.2f  %6.1fx  %6.3f\n",
		r.Publishers, r.MeasuredRate, r.Cost, r.ViewedCost, r.StockCost, r.Speedup, r.Allocs)
	return err
}
