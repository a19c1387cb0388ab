package logging

import (
	"log"
	"strings"

	"go.uber.org/zap"
)

// StdLog returns a logger of the standard library, for http.Server.ErrorLog: what it is told (broken handshakes, panics
// of handlers, always with addresses from the wire) becomes a field of a rate-limited line of level info.
func StdLog(l *zap.Logger, name string) *log.Logger {
	return log.New(stdWriter{RateLimited(l.Named(name))}, "", 0)
}

type stdWriter struct{ log *zap.Logger }

// Write implements io.Writer.
func (w stdWriter) Write(line []byte) (int, error) {
	w.log.Info("reported", Untrusted("text", strings.TrimSpace(string(line))))
	return len(line), nil
}
