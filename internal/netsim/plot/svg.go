package plot

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/netsim/bench"
)

// Sizes in pixels.
const (
	pageWidth   = 760
	left, right = 48, 20
	head        = 44
	rateHeight  = 190
	queueHeight = 90
	gap         = 34
	areaWidth   = pageWidth - left - right
)

// ErrEmpty is the error of a trace without samples.
var ErrEmpty = errors.New("nothing happened that could be drawn")

// Write draws the trace of a case. The same trace gives the same bytes.
func Write(w io.Writer, c bench.Case, t bench.Trace) error {
	if len(t.Directions) == 0 || len(t.Directions[0].Queue) == 0 {
		return ErrEmpty
	}
	height := head + len(t.Directions)*(rateHeight+queueHeight+2*gap)
	p := page{duration: c.Duration}
	p.begin(height, c.Name+", "+c.Title, "grey: capacity; solid: sent; dashed: target; below: queue")
	top := head
	for _, d := range t.Directions {
		p.rates(top, d, len(t.Directions) > 1)
		top += rateHeight + gap
		p.waits(top, d.Queue)
		top += queueHeight + gap
	}
	p.printf("</svg>\n")
	_, err := io.WriteString(w, p.String())
	return err
}

// begin writes what is above the plots, with what the lines are.
func (p *page) begin(height int, title, legend string) {
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", pageWidth, height)
	p.printf("<title>%s</title>\n", escape(title))
	p.printf(`<rect width="%d" height="%d" fill="#fff"/>`+"\n", pageWidth, height)
	p.text(left, 16, "", title, ` font-size="13" font-weight="bold"`)
	p.text(left, 32, "", legend, ` fill="#555"`)
}

// colours tell flows apart, also for most who see fewer colours (Okabe and Ito).
func colours() []string {
	return []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000"}
}

// page is a picture that is being written.
type page struct {
	strings.Builder
	duration time.Duration
}

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func escape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}

func (p *page) text(x, y int, anchor, text, attributes string) {
	if anchor != "" {
		attributes += ` text-anchor="` + anchor + `"`
	}
	p.printf(`<text x="%d" y="%d"%s>%s</text>`+"\n", x, y, attributes, escape(text))
}

// rates draws the upper plot of a direction.
func (p *page) rates(top int, d bench.DirectionTrace, named bool) {
	n := width(len(d.Capacity))
	capacity := megabits(d.Capacity, n)
	// A capacity that nobody comes near is not worth the room.
	scale := niceScale(min(maxOf(capacity), 1.5*mostSent(d, n)))
	p.frame(top, rateHeight, scale, "Mbit/s")
	p.area(top, rateHeight, scale, capacity)
	x := left + 8
	if named {
		p.text(x, top+14, "", d.Name, "")
		x += 60
	}
	for i, f := range d.Flows {
		colour := colours()[i%len(colours())]
		p.line(top, rateHeight, scale, megabits(f.Target, n), colour, ` stroke-dasharray="4 2" stroke-opacity=".6"`)
		p.line(top, rateHeight, scale, megabits(f.Sent, n), colour, "")
		if f.Name != "" {
			p.text(x, top+14, "", f.Name, ` fill="`+colour+`"`)
			x += 50
		}
	}
}

// waits draws a queue.
func (p *page) waits(top int, queue []time.Duration) {
	values := longest(queue, width(len(queue)))
	scale := niceScale(max(50, maxOf(values)))
	p.frame(top, queueHeight, scale, "ms")
	p.line(top, queueHeight, scale, values, "#333", "")
}

// frame draws the axes of a plot that is so many pixels high.
func (p *page) frame(top, height int, scale axis, unit string) {
	p.text(left-6, top-8, "end", unit, ` fill="#555"`)
	for v := 0.0; v <= scale.end; v += scale.step {
		y := top + height - int(math.Round(v/scale.end*float64(height)))
		p.printf(`<path d="M%d %dH%d" stroke="#ddd"/>`+"\n", left, y, pageWidth-right)
		p.text(left-6, y+4, "end", strconv.FormatFloat(v, 'g', 4, 64), "")
	}
	seconds := p.duration.Seconds()
	for v, step := 0.0, niceScale(seconds).step; v <= seconds; v += step {
		x := left + int(math.Round(v/seconds*areaWidth))
		p.printf(`<path d="M%d %dv4" stroke="#999"/>`+"\n", x, top+height)
		p.text(x, top+height+15, "middle", strconv.FormatFloat(v, 'g', 4, 64)+" s", ` fill="#555"`)
	}
}

// path writes values as a path without its last command.
func (p *page) path(top, height int, scale axis, values []float64) string {
	var b strings.Builder
	for i, v := range values {
		x := left + float64(i)/float64(max(1, len(values)-1))*areaWidth
		y := float64(top+height) - min(v/scale.end, 1)*float64(height)
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.0f %s", command, x, strconv.FormatFloat(math.Round(y*10)/10, 'f', -1, 64))
	}
	return b.String()
}

func (p *page) line(top, height int, scale axis, values []float64, colour, attributes string) {
	p.printf(`<path d="%s" fill="none" stroke="%s"%s/>`+"\n", p.path(top, height, scale, values), colour, attributes)
}

func (p *page) area(top, height int, scale axis, values []float64) {
	p.printf(`<path d="%sV%dH%dZ" fill="#e4e4e4"/>`+"\n", p.path(top, height, scale, values), top+height, left)
}

// axis ends at a multiple of its step.
type axis struct{ step, end float64 }

// niceScale returns an axis to at least most, with three to seven steps of 1, 2 or 5 times a power of ten.
func niceScale(most float64) axis {
	if !(most > 0) {
		most = 1
	}
	power := math.Pow(10, math.Floor(math.Log10(most)))
	for _, factor := range []float64{0.2, 0.5, 1, 2} {
		step := factor * power
		if n := math.Ceil(most/step - 1e-9); n <= 7 {
			return axis{step, n * step}
		}
	}
	return axis{power * 2, power * 10}
}

func maxOf(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
