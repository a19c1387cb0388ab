package sfutest

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// durations collects a figure from many goroutines.
type durations struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *durations) add(one time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, one)
}

// max is the longest.
func (d *durations) max() time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return 0
	}
	return slices.Max(d.all)
}

// quantile is the one that a part of all, from 0 to 1, is not above.
func (d *durations) quantile(part float64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return 0
	}
	slices.Sort(d.all)
	return d.all[min(int(part*float64(len(d.all))), len(d.all)-1)]
}

// String gives the middle and the end of the distribution.
func (d *durations) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.all)
	if n == 0 {
		return "never"
	}
	slices.Sort(d.all)
	round := func(i int) time.Duration { return d.all[i].Round(100 * time.Microsecond) }
	return fmt.Sprintf("p50 %v, p95 %v, max %v of %d", round(n/2), round(n*95/100), round(n-1), n)
}
