package bench

import (
	"runtime"
	"sync"
)

// Plan says what is run.
type Plan struct {
	Cases   []Case
	Seeds   int                // each case is run with so many seeds, Case.Seed and those after it
	Workers int                // goroutines; 0 for as many as there are processors
	Done    func(done, of int) // called after each run, by one goroutine at a time; may be nil
}

// Outcome is what came of one case.
type Outcome struct {
	Case  Case
	Algo  string
	Note  string   // what a reader of the figures has to know, "" for nothing
	Seeds []uint64 // of Runs
	Runs  []Result
}

// Median returns the median of each metric over the runs.
func (o Outcome) Median() Result { return medianOf(o.Runs) }

// Run plays all cases with our estimator. Each run is a simulation of its own, so that the results are the same, to the
// bit, whatever the number of workers.
func (p Plan) Run() []Outcome {
	outcomes := make([]Outcome, len(p.Cases))
	type job struct{ c, run int }
	jobs := make(chan job)
	var workers sync.WaitGroup
	var mu sync.Mutex // guards done
	done := 0
	for range orElse(p.Workers, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for j := range jobs {
				o := &outcomes[j.c]
				o.Runs[j.run] = Run(o.Case, o.Seeds[j.run])
				mu.Lock()
				if done++; p.Done != nil {
					p.Done(done, len(p.Cases)*p.Seeds)
				}
				mu.Unlock()
			}
		})
	}
	for i, c := range p.Cases {
		outcomes[i] = Outcome{Case: c, Algo: Ours, Seeds: seedsOf(c, p.Seeds), Runs: make([]Result, p.Seeds)}
		for run := range p.Seeds {
			jobs <- job{i, run}
		}
	}
	close(jobs)
	workers.Wait()
	return outcomes
}

// The algorithms that there are figures of.
const (
	Ours = "ours" // the estimator and pacer of package bwe
	GCC  = "gcc"  // that of pion/interceptor
)

func seedsOf(c Case, n int) []uint64 {
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = orElse(c.Seed, 1) + uint64(i)
	}
	return seeds
}
