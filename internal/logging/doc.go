// Package logging makes the server's logger and keeps what comes from the wire from flooding or forging it.
//
// Anybody who can reach a port of the server can make it log. So every line whose cause is on the wire goes through a
// limiter: at most one line a second of each class, the next line of the class says how many were suppressed, and the
// number of classes is bounded. Text from the wire never is the message of a line, it is a field made by Untrusted,
// which bounds its length and takes out what a terminal would obey. Tokens and secrets are never logged.
//
//	New ---------------> *zap.Logger          lines that the operator's own actions cause
//	  RateLimited(log) -> *zap.Logger         class: logger name, level, message
//	  Pion(log) --------> logging.LoggerFactory  class: scope, level; one level lower than Pion thinks
//	  StdLog(log, name) -> *log.Logger        class: name; for net/http
//
// The package must not know who logs what: classes come from the lines themselves.
package logging
