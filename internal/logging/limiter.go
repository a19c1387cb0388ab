package logging

import (
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
)

const (
	// limitPeriod is how long a class stays silent after a line.
	limitPeriod = time.Second
	// maxClasses bounds the memory of a limiter; all further classes are one.
	maxClasses = 256
)

// class is what lines have in common that share one budget.
type class struct {
	name  string
	level zapcore.Level
	text  string
}

// overflow is the class of all lines whose own class found no room.
var overflow = class{name: "overflow"}

// limiter passes at most one line of a class in each limitPeriod. Safe for use by many goroutines.
type limiter struct {
	mu      sync.Mutex
	classes map[class]*budget // guarded by mu
}

type budget struct {
	next       time.Time // when the next line may pass
	suppressed uint64    // lines held back since the last one that passed
}

func newLimiter() *limiter {
	return &limiter{classes: map[class]*budget{}}
}

// pass tells whether a line of class c may be written now, and how many before it were not.
func (l *limiter) pass(now time.Time, c class) (suppressed uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.classes[c]
	if b == nil {
		if len(l.classes) >= maxClasses {
			c = overflow
		}
		if b = l.classes[c]; b == nil {
			b = &budget{}
			l.classes[c] = b
		}
	}
	if now.Before(b.next) {
		b.suppressed++
		return 0, false
	}
	suppressed, b.suppressed = b.suppressed, 0
	b.next = now.Add(limitPeriod)
	return suppressed, true
}
