package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/netsim/bench"
	"github.com/heliograph/heliograph/internal/netsim/casefile"
	"github.com/heliograph/heliograph/internal/netsim/plot"
)

// benchRFC8867Cmd scores congestion control. Nothing in it depends on this machine but how long it takes.
type benchRFC8867Cmd struct {
	Case      []string `placeholder:"NAME" help:"Run these cases only; 5.6 stands for all its variants, '5.1*' is a pattern. May be repeated."`
	Seeds     int      `default:"5" help:"Run each case with so many seeds; shown are medians."`
	FirstSeed uint64   `placeholder:"N" help:"The first seed; 1 unless a case file says otherwise."`
	Algo      []string `default:"ours" enum:"ours,gcc" help:"ours, gcc or both, as in ours,gcc. gcc is that of Pion; its figures are stored."`
	JSON      bool     `name:"json" help:"Print one JSON object a line for each case, instead of a Markdown table."`
	CSV       string   `name:"csv" placeholder:"FILE" help:"Write a row for each case, algorithm and seed."`
	SVG       string   `name:"svg" placeholder:"DIR" help:"Draw a plot of the first seed of each case of ours: target, sent, capacity, queue."`
	CaseFile  string   `placeholder:"FILE" help:"Run the cases of this YAML file instead; docs/congestion-control.md describes it."`
	PrintCase string   `placeholder:"NAME" help:"Print a case as YAML, as a start for a case file, and exit."`
	List      bool     `help:"List the cases and exit."`
}

// errLevels is the error of a run in which a case misses levels that it should reach.
var errLevels = errors.New("cases miss their levels")

// Run prints figures; what a case misses that it should reach makes it an error.
func (c *benchRFC8867Cmd) Run(p process) error {
	cases, err := c.cases()
	if err != nil {
		return err
	}
	switch {
	case c.List:
		return writeCases(p.stdout, cases)
	case c.PrintCase != "":
		return casefile.Print(p.stdout, cases)
	}
	outcomes, err := c.measure(p, cases)
	if err != nil {
		return err
	}
	write := bench.WriteTable
	if c.JSON {
		write = bench.WriteJSON
	}
	if err := errors.Join(write(p.stdout, outcomes), c.writeCSV(outcomes), c.draw(cases)); err != nil {
		return err
	}
	var broken []string
	for _, o := range outcomes {
		if o.Broken() {
			broken = append(broken, o.Case.Name)
		}
	}
	if len(broken) > 0 {
		return fmt.Errorf("%w: %s", errLevels, strings.Join(broken, ", "))
	}
	return nil
}

// cases returns what is to be run, each case once.
func (c *benchRFC8867Cmd) cases() ([]bench.Case, error) {
	all := bench.RFC8867()
	if c.CaseFile != "" {
		text, err := os.ReadFile(c.CaseFile)
		if err != nil {
			return nil, usagef("the case file cannot be read: %w", err)
		}
		if all, err = casefile.Load(filepath.Base(c.CaseFile), text); err != nil {
			return nil, usageError{err}
		}
	}
	words := c.Case
	if c.PrintCase != "" {
		words = append(slices.Clone(words), c.PrintCase)
	}
	var chosen []bench.Case
	for _, word := range words {
		some, err := bench.Select(all, word)
		if err != nil {
			return nil, usageError{err}
		}
		for _, one := range some {
			if !slices.ContainsFunc(chosen, func(c bench.Case) bool { return c.Name == one.Name }) {
				chosen = append(chosen, one)
			}
		}
	}
	if len(words) == 0 {
		chosen = all
	}
	for i := range chosen {
		if c.FirstSeed > 0 {
			chosen[i].Seed = c.FirstSeed
		}
	}
	return chosen, nil
}

const mostSeeds = 1000

func (c *benchRFC8867Cmd) measure(p process, cases []bench.Case) ([]bench.Outcome, error) {
	if c.Seeds < 1 || c.Seeds > mostSeeds {
		return nil, usagef("--seeds is %d, it can be from 1 to %d", c.Seeds, mostSeeds)
	}
	var outcomes []bench.Outcome
	if slices.Contains(c.Algo, bench.Ours) {
		outcomes = bench.Plan{Cases: cases, Seeds: c.Seeds, Done: progress(p.stderr)}.Run()
	}
	if !slices.Contains(c.Algo, bench.GCC) {
		return outcomes, nil
	}
	stored, err := bench.StoredGCC()
	if err != nil {
		return nil, err
	}
	baseline, missing := stored.Outcomes(cases, c.Seeds)
	if len(missing) > 0 {
		fmt.Fprintf(p.stderr, "of gcc there are no figures of %s: only those of the cases that are built in are stored\n", strings.Join(missing, ", "))
	}
	if len(outcomes)+len(baseline) == 0 {
		return nil, usagef("--algo gcc has nothing to show: its figures are stored, and only of the cases that are built in")
	}
	return beside(outcomes, baseline), nil
}

// beside puts the baseline of each case behind ours.
func beside(ours, baseline []bench.Outcome) []bench.Outcome {
	var all []bench.Outcome
	for _, o := range ours {
		all = append(all, o)
		for _, b := range baseline {
			if b.Case.Name == o.Case.Name {
				all = append(all, b)
			}
		}
	}
	if len(ours) == 0 {
		return baseline
	}
	return all
}

// progress tells how far it is, where somebody looks.
func progress(stderr *os.File) func(done, of int) {
	info, err := stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return func(done, of int) {
		switch {
		case terminal && done < of:
			fmt.Fprintf(stderr, "\r%d of %d runs", done, of)
		case terminal:
			fmt.Fprintf(stderr, "\r\x1b[K")
		case done == of || done%max(1, of/4) == 0:
			fmt.Fprintf(stderr, "%d of %d runs\n", done, of)
		}
	}
}

func (c *benchRFC8867Cmd) writeCSV(outcomes []bench.Outcome) error {
	if c.CSV == "" {
		return nil
	}
	return writeFile(c.CSV, func(w io.Writer) error { return bench.WriteCSV(w, outcomes) })
}

// draw plots the first seed of each case.
func (c *benchRFC8867Cmd) draw(cases []bench.Case) error {
	if c.SVG == "" {
		return nil
	}
	if err := os.MkdirAll(c.SVG, 0o755); err != nil {
		return usagef("--svg: %w", err)
	}
	for _, one := range cases {
		_, trace := bench.RunTraced(one, max(1, one.Seed))
		name := filepath.Join(c.SVG, one.Name+".svg")
		if err := writeFile(name, func(w io.Writer) error { return plot.Write(w, one, trace) }); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return usageError{err}
	}
	return errors.Join(write(f), f.Close())
}

func writeCases(w io.Writer, cases []bench.Case) error {
	for _, c := range cases {
		if _, err := fmt.Fprintf(w, "%-16s %s\n", c.Name, c.Title); err != nil {
			return err
		}
	}
	return nil
}
