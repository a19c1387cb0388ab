package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heliograph/heliograph/internal/netsim"
)

// errOrder is wrapped by the error of a line that is no order.
var errOrder = errors.New("not an order")

const (
	mostRate  = 1e9     // bit/s
	mostQueue = 4 << 20 // bytes
	mostSteps = 100
	mostDelay = 2000 // ms
)

// order is a line on standard input.
type order struct {
	Dir    string  `json:"dir"`
	Steps  []step  `json:"steps"`
	Queue  int     `json:"queue"`
	Delay  float64 `json:"delay_ms"`
	Jitter float64 `json:"jitter_ms"`
	Loss   float64 `json:"loss"`
	Report bool    `json:"report"`
}

type step struct {
	After float64 `json:"after"`
	Rate  float64 `json:"rate"`
}

// readOrder reads and checks a line.
func readOrder(line []byte) (order, error) {
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return o, fmt.Errorf("%w: %w", errOrder, err)
	}
	if o.Report {
		return o, nil
	}
	switch {
	case o.Dir != "" && o.Dir != down.String() && o.Dir != up.String():
		return o, fmt.Errorf("%w: dir is down, up or nothing", errOrder)
	case len(o.Steps) == 0 || len(o.Steps) > mostSteps || o.Steps[0].After != 0:
		return o, fmt.Errorf("%w: it needs 1 to %d steps, the first after 0", errOrder, mostSteps)
	case o.Queue < 1500 || o.Queue > mostQueue:
		return o, fmt.Errorf("%w: queue is 1500 to %d bytes", errOrder, mostQueue)
	case !within(o.Delay, mostDelay) || !within(o.Jitter, mostDelay) || !within(o.Loss, 1):
		return o, fmt.Errorf("%w: delays are up to %d ms, loss up to 1", errOrder, mostDelay)
	}
	for i, s := range o.Steps {
		if !within(s.Rate, mostRate) || !within(s.After, 3600) || i > 0 && s.After <= o.Steps[i-1].After {
			return o, fmt.Errorf("%w: steps follow each other within an hour, with rates up to %g", errOrder, mostRate)
		}
	}
	return o, nil
}

func within(v, most float64) bool { return v >= 0 && v <= most }

// link is what the order makes of a link from now on.
func (o *order) link(now time.Duration, d direction) netsim.LinkConfig {
	c := netsim.LinkConfig{
		Queue: o.Queue, Delay: milliseconds(o.Delay), Jitter: netsim.Jitter{Max: milliseconds(o.Jitter)},
		Loss: netsim.Loss{P: o.Loss}, Use: uint64(d),
	}
	for _, s := range o.Steps {
		c.Rate = append(c.Rate, netsim.Step{From: now + time.Duration(s.After*float64(time.Second)), Rate: int64(s.Rate)})
	}
	return c
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
