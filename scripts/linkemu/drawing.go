package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/plot"
)

// line is a line to be drawn: a sample of the link down, or what the browser received at a time.
type line struct {
	At       int64    `json:"at"`
	Dir      string   `json:"dir"`
	Rate     float64  `json:"rate"`
	In       float64  `json:"in"`
	Queue    float64  `json:"queue_ms"`
	Received *float64 `json:"received"` // bit/s since the line before
	Width    float64  `json:"width"`    // of the picture
}

// draw makes a plot of lines as JSON.
func draw(w io.Writer, in io.Reader, title string) error {
	p := plot.Link{Title: title}
	received, width := 0.0, 0.0
	start, end := int64(0), int64(0)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("a line to draw: %w", err)
		}
		if l.Received != nil {
			received, width = *l.Received, l.Width
			continue
		}
		if l.Dir != down.String() {
			continue
		}
		if start == 0 {
			start = l.At
		}
		end = l.At
		p.Capacity = append(p.Capacity, l.Rate)
		p.Sent = append(p.Sent, l.In)
		p.Received = append(p.Received, received)
		p.Width = append(p.Width, width)
		p.Queue = append(p.Queue, milliseconds(l.Queue))
	}
	p.Duration = time.Duration(end-start) * time.Millisecond
	return plot.WriteLink(w, p)
}
