package signaling

import (
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/logging"
)

// logLimit writes at most one log line a second per class, so that nobody can fill the log from the wire. Classes are
// constants of the program.
type logLimit struct{ log *zap.Logger }

func newLogLimit(log *zap.Logger) *logLimit { return &logLimit{logging.RateLimited(log)} }

// warn writes a line unless one of its class was written within the last second. Text from the wire belongs in the
// fields, which zap quotes.
func (l *logLimit) warn(class, msg string, fields ...zap.Field) {
	l.log.Named(class).Warn(msg, append(fields, zap.String("class", class))...)
}
