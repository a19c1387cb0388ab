package loadtest

import (
	"fmt"
	"sync"
	"time"
)

// progress prints a line a second, and one in ten seconds after the first minute.
type progress struct {
	stop chan struct{}
	done sync.WaitGroup
}

const (
	everySecond = time.Minute
	laterEvery  = 10 // seconds
)

// watch starts the progress.
func (t *test) watch() *progress {
	p := &progress{stop: make(chan struct{})}
	if t.config.Progress != nil {
		p.done.Go(func() { t.print(p.stop) })
	}
	return p
}

// end stops it.
func (p *progress) end() {
	close(p.stop)
	p.done.Wait()
}

func (t *test) print(stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before, at := t.totals(), t.now()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if t.now() > everySecond && n%laterEvery != 0 {
			continue
		}
		now, totals := t.now(), t.totals()
		seconds := (now - at).Seconds()
		s := t.seen(now)
		fmt.Fprintf(t.config.Progress, "%4.0f s  %d of %d joined  %.0f packets/s  %.1f Mbit/s  lost %d  damaged %d  freezes %d\n", now.Seconds(), t.count(),
			t.config.participants(), float64(totals.Packets-before.Packets)/seconds, float64(totals.Bytes-before.Bytes)*8/1e6/seconds, totals.Lost,
			s.damaged+s.faults, s.freezes)
		before, at = totals, now
	}
}
