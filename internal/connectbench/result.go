package connectbench

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Row is what a viewer with one slot count costs. All figures are medians.
type Row struct {
	Slots SlotCount
	// JoinMS is the CPU time of the server for a join, in milliseconds.
	JoinMS float64
	// ResidentKB is the memory of a viewer in KiB, and HeapKB and StacksKB what of it is in use in Go's heap and stacks; the rest is
	// what these keep to give out next, and the runtime's own.
	ResidentKB, HeapKB, StacksKB float64
	// Goroutines is how many a viewer has.
	Goroutines float64
}

// Result is all that Run has measured.
type Result struct{ Rows []Row }

// Run measures all slot counts, round by round.
func Run(ctx context.Context, c Config) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	rounds := make([][]round, len(c.Slots))
	for n := range c.Rounds {
		for i, slots := range c.Slots {
			profile := ""
			if n == 0 && c.Profile != "" {
				profile = c.Profile + "." + slots.String()
			}
			r, err := measure(ctx, &c, slots, profile)
			if err != nil {
				return nil, fmt.Errorf("slots %s: %w", slots, err)
			}
			rounds[i] = append(rounds[i], r)
			c.Progress("round %d of %d, slots %s: %.2f ms a join, %.0f KiB and %.1f goroutines a viewer",
				n+1, c.Rounds, slots, 1000*r.join, r.resident/1024, r.goroutines)
		}
	}
	out := &Result{}
	for i, slots := range c.Slots {
		of := func(f func(*round) float64) float64 { return median(rounds[i], f) }
		out.Rows = append(out.Rows, Row{
			Slots: slots, JoinMS: 1000 * of(func(r *round) float64 { return r.join }), Goroutines: of(func(r *round) float64 { return r.goroutines }),
			ResidentKB: of(func(r *round) float64 { return r.resident }) / 1024,
			HeapKB:     of(func(r *round) float64 { return r.heap }) / 1024, StacksKB: of(func(r *round) float64 { return r.stacks }) / 1024,
		})
	}
	return out, nil
}

func median(rounds []round, f func(*round) float64) float64 {
	var v []float64
	for i := range rounds {
		v = append(v, f(&rounds[i]))
	}
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Figures are the figures by their names in JSON, rounded to three digits after the point: those of the first slot count, those of
// each with a suffix ("_3_4"), and kb_per_slot, by which memory grows from the fewest slots to the most.
func (r *Result) Figures() map[string]float64 {
	out := map[string]float64{}
	for i, row := range r.Rows {
		suffix := fmt.Sprintf("_%d_%d", row.Slots.Audio, row.Slots.Video)
		for key, v := range row.figures() {
			out[key+suffix] = round3(v)
			if i == 0 {
				out[key] = round3(v)
			}
		}
	}
	less := func(a, b Row) int { return a.Slots.sum() - b.Slots.sum() }
	least, most := slices.MinFunc(r.Rows, less), slices.MaxFunc(r.Rows, less)
	if n := most.Slots.sum() - least.Slots.sum(); n > 0 {
		out["kb_per_slot"] = round3((most.ResidentKB - least.ResidentKB) / float64(n))
	}
	return out
}

func (r *Row) figures() map[string]float64 {
	return map[string]float64{
		"ms_per_join": r.JoinMS, "joins_per_second_and_core": 1000 / max(r.JoinMS, 1e-3), "goroutines_per_viewer": r.Goroutines,
		"rss_kb_per_viewer": r.ResidentKB, "heap_kb_per_viewer": r.HeapKB, "stacks_kb_per_viewer": r.StacksKB,
	}
}

func round3(v float64) float64 { return math.Round(1000*v) / 1000 }

// Write prints a table.
func (r *Result) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, "slots  ms/join  joins/s/core  KiB/viewer   heap  stacks  goroutines")
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%-5s  %7.2f  %12.0f  %10.0f  %5.0f  %6.0f  %10.1f\n", row.Slots, row.JoinMS, 1000/max(row.JoinMS, 1e-3),
			row.ResidentKB, row.HeapKB, row.StacksKB, row.Goroutines)
	}
	if v, ok := r.Figures()["kb_per_slot"]; ok {
		fmt.Fprintf(&b, "\n%.1f KiB a slot, from the fewest to the most\n", v)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
