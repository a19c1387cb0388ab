package plot

import (
	"io"
	"time"
)

// Link is what a real link did, and what came of it at a browser: samples at equal times. All slices are as long.
type Link struct {
	Title    string
	Duration time.Duration
	Capacity []float64       // bit/s
	Sent     []float64       // bit/s onto the link
	Received []float64       // bit/s of media, by the browser's own count
	Width    []float64       // of the picture, in pixels
	Queue    []time.Duration // that a packet would wait
}

const widthHeight = 50

// WriteLink draws a link. The same one gives the same bytes.
func WriteLink(w io.Writer, l Link) error {
	if len(l.Queue) == 0 {
		return ErrEmpty
	}
	p := page{duration: l.Duration}
	p.begin(head+rateHeight+queueHeight+widthHeight+3*gap, l.Title, "grey: capacity; dashed: sent; solid: media received; below: queue, width of the picture")
	n := width(len(l.Queue))
	capacity, sent, received := megabits(l.Capacity, n), megabits(l.Sent, n), megabits(l.Received, n)
	scale := niceScale(min(maxOf(capacity), 1.5*max(maxOf(sent), maxOf(received))))
	top := head
	p.frame(top, rateHeight, scale, "Mbit/s")
	p.area(top, rateHeight, scale, capacity)
	p.line(top, rateHeight, scale, sent, colours()[0], ` stroke-dasharray="4 2" stroke-opacity=".6"`)
	p.line(top, rateHeight, scale, received, colours()[0], "")
	top += rateHeight + gap
	p.waits(top, l.Queue)
	top += queueHeight + gap
	widths := thin(l.Width, n, mean)
	most := maxOf(widths)
	p.frame(top, widthHeight, axis{max(most, 1), max(most, 1)}, "pixels")
	p.line(top, widthHeight, axis{most, max(most, 1)}, widths, colours()[1], "")
	p.printf("</svg>\n")
	_, err := io.WriteString(w, p.String())
	return err
}
