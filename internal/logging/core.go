package logging

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// RateLimited returns a logger that writes at most one line a second of each class: same logger name, level and message.
// The line after a silence has the field "suppressed" with the number of those held back. Messages must be constant
// texts; what varies belongs into fields. Loggers made from it by With and Named share its budgets.
func RateLimited(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return limitedCore{Core: c, limit: newLimiter()}
	}))
}

// limitedCore drops lines before their fields are encoded.
type limitedCore struct {
	zapcore.Core
	limit *limiter
}

// With implements zapcore.Core.
func (c limitedCore) With(fields []zapcore.Field) zapcore.Core {
	return limitedCore{Core: c.Core.With(fields), limit: c.limit}
}

// Check implements zapcore.Core. A line that passes brings its count of suppressed ones along in a core of its own, as
// the counter is already reset.
func (c limitedCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !c.Enabled(e.Level) {
		return ce
	}
	suppressed, ok := c.limit.pass(e.Time, class{e.LoggerName, e.Level, e.Message})
	if !ok {
		return ce
	}
	if suppressed == 0 {
		return ce.AddCore(e, c.Core)
	}
	return ce.AddCore(e, c.Core.With([]zapcore.Field{zap.Uint64("suppressed", suppressed)}))
}
