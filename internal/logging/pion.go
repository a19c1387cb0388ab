package logging

import (
	"fmt"
	"time"

	"github.com/pion/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Pion returns a factory for Pion's SettingEngine and its parts. What Pion calls a warning or an error mostly is what a
// stranger on the wire did (a packet with an unknown SSRC, a handshake that broke off), expected on an open port. So its
// levels are lowered, and each scope and level may write one line a second:
//
//	Pion     error  warn   info   debug    trace
//	here     info   debug  debug  dropped  dropped
func Pion(log *zap.Logger) logging.LoggerFactory {
	return pionFactory{log: log.Named("pion"), limit: newLimiter()}
}

type pionFactory struct {
	log   *zap.Logger
	limit *limiter
}

// NewLogger implements logging.LoggerFactory.
func (f pionFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{log: f.log, limit: f.limit, scope: scope}
}

// pionLogger is the logger of one scope ("ice", "dtls").
type pionLogger struct {
	log   *zap.Logger
	limit *limiter
	scope string
}

// write formats the text only when it will be written.
func (l pionLogger) write(level zapcore.Level, format string, args []any) {
	if !l.log.Core().Enabled(level) {
		return
	}
	suppressed, ok := l.limit.pass(time.Now(), class{name: l.scope, level: level})
	if !ok {
		return
	}
	text := format
	if args != nil {
		text = fmt.Sprintf(format, args...)
	}
	fields := []zap.Field{zap.String("scope", l.scope), Untrusted("text", text)}
	if suppressed > 0 {
		fields = append(fields, zap.Uint64("suppressed", suppressed))
	}
	l.log.Log(level, "pion", fields...)
}

// Trace implements logging.LeveledLogger: dropped.
func (pionLogger) Trace(string) {}

// Tracef implements logging.LeveledLogger: dropped.
func (pionLogger) Tracef(string, ...any) {}

// Debug implements logging.LeveledLogger: dropped.
func (pionLogger) Debug(string) {}

// Debugf implements logging.LeveledLogger: dropped.
func (pionLogger) Debugf(string, ...any) {}

// Info implements logging.LeveledLogger.
func (l pionLogger) Info(msg string) { l.write(zapcore.DebugLevel, msg, nil) }

// Infof implements logging.LeveledLogger.
func (l pionLogger) Infof(format string, args ...any) { l.write(zapcore.DebugLevel, format, args) }

// Warn implements logging.LeveledLogger.
func (l pionLogger) Warn(msg string) { l.write(zapcore.DebugLevel, msg, nil) }

// Warnf implements logging.LeveledLogger.
func (l pionLogger) Warnf(format string, args ...any) { l.write(zapcore.DebugLevel, format, args) }

// Error implements logging.LeveledLogger.
func (l pionLogger) Error(msg string) { l.write(zapcore.InfoLevel, msg, nil) }

// Errorf implements logging.LeveledLogger.
func (l pionLogger) Errorf(format string, args ...any) { l.write(zapcore.InfoLevel, format, args) }
