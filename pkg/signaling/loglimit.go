package signaling

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// logInterval is the least time between two lines of one class.
const logInterval = time.Second

// logLimit writes at most one log line a second per class, so that nobody can fill the log from the wire. A line tells
// how many were left out since the line before. Classes are constants of the program, so there are few of them.
type logLimit struct {
	log *zap.Logger

	mu      sync.Mutex
	classes map[string]*logClass
}

type logClass struct {
	last    time.Time
	omitted int
}

func newLogLimit(log *zap.Logger) *logLimit {
	return &logLimit{log: log, classes: make(map[string]*logClass)}
}

// warn writes a line unless one of its class was written within the last second. Text from the wire belongs in the
// fields, which zap quotes, and goes through quoted.
func (l *logLimit) warn(class, msg string, fields ...zap.Field) {
	omitted, ok := l.allow(class)
	if !ok {
		return
	}
	if omitted > 0 {
		fields = append(fields, zap.Int("omitted", omitted))
	}
	l.log.Warn(msg, append(fields, zap.String("class", class))...)
}

func (l *logLimit) allow(class string) (omitted int, ok bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.classes[class]
	if c == nil {
		c = new(logClass)
		l.classes[class] = c
	} else if now.Sub(c.last) < logInterval {
		c.omitted++
		return 0, false
	}
	omitted = c.omitted
	c.last, c.omitted = now, 0
	return omitted, true
}
