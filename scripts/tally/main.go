package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	name := flag.String("name", "tests", "what the line calls the stage")
	sum := flag.String("sum", "", "file to which passed and failed are added")
	strict := flag.Bool("strict", false, "count a test that skips itself as failed")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "tally: give a command: tally -name NAME -- go test -json ./...")
		os.Exit(2)
	}
	ok, err := run(*name, *sum, *strict, flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "tally: %v\n", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run executes the command of a stage and reports whether all of it passed.
func run(name, sum string, strict bool, args []string) (bool, error) {
	start := time.Now()
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return false, err
	}
	t := newTally(strict)
	if err := t.read(out); err != nil {
		return false, err
	}
	t.finish(cmd.Wait())
	fmt.Printf("%-18s %s  %6.1f s\n", name, t, time.Since(start).Seconds())
	if len(t.figures) > 0 {
		fmt.Print(table(t.figures))
	}
	if t.failed > 0 {
		fmt.Print(t.report())
	}
	return t.failed == 0, addTo(sum, t)
}

func addTo(path string, t *tally) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, t.passed, t.failed); err != nil {
		f.Close() // the error of writing matters
		return err
	}
	return f.Close()
}
