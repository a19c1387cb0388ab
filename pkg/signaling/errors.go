package signaling

import (
	"errors"
	"fmt"
	"time"
)

// Code names an error for programs; it is stable. The part before the dot is the class.
type Code string

// The error codes; errorTable tells what each one means and does.
const (
	CodeMalformed Code = "protocol.malformed"
	CodeInvalid   Code = "protocol.invalid"
	CodeOrder     Code = "protocol.order"
	CodeUnknown   Code = "protocol.unknown"
	CodeTooLarge  Code = "protocol.too_large"

	CodeAuthMissing Code = "auth.missing"
	CodeAuthExpired Code = "auth.expired"
	CodeAuthForged  Code = "auth.forged"
	CodeAuthInvalid Code = "auth.invalid"
	CodeAuthRoom    Code = "auth.room"
	CodeAuthTimeout Code = "auth.timeout"

	CodeForbiddenPublish   Code = "forbidden.publish"
	CodeForbiddenSubscribe Code = "forbidden.subscribe"
	CodeForbiddenMessage   Code = "forbidden.message"
	CodeForbiddenDevToken  Code = "forbidden.dev_token"

	CodeNegotiationInvalid  Code = "negotiation.invalid"
	CodeNegotiationStale    Code = "negotiation.stale"
	CodeNegotiationUnusable Code = "negotiation.unusable"

	CodePublicationUnknown   Code = "publication.unknown"
	CodePublicationDuplicate Code = "publication.duplicate"
	CodeParticipantUnknown   Code = "participant.unknown"
	CodeRoomFull             Code = "room.full"
	CodeRateLimited          Code = "rate.limited"
	CodeDraining             Code = "server.draining"
	CodeInternal             Code = "internal"
)

// errorRow is one row of the table of errors.
type errorRow struct {
	code  Code
	msg   string    // the default message: a clause for a developer
	retry bool      // the same may succeed later
	close CloseCode // the websocket is closed with it; 0: it stays open, but see helloClose
}

// errorTable is the one description of all errors; docs/protocol.md shows it.
var errorTable = []errorRow{
	{CodeMalformed, "the message is not a JSON object of this protocol", false, CloseProtocol},
	{CodeInvalid, "the data of the request do not fit its type", false, 0},
	{CodeOrder, "the message is not allowed at this point", false, CloseProtocol},
	{CodeUnknown, "the server does not know this type of request", false, 0},
	{CodeTooLarge, "the message is too long", false, CloseProtocol},
	{CodeAuthMissing, "hello carries no token", false, CloseAuth},
	{CodeAuthExpired, "the token is expired or not valid yet", false, CloseTokenExpired},
	{CodeAuthForged, "the token cannot be read or is not signed by a key of this server", false, CloseAuth},
	{CodeAuthInvalid, "the token is signed, but its claims cannot be used", false, CloseAuth},
	{CodeAuthRoom, "the token is not for this room", false, CloseAuth},
	{CodeAuthTimeout, "no hello came within 2 s", true, CloseRejoin},
	{CodeForbiddenPublish, "the token does not allow to publish this", false, 0},
	{CodeForbiddenSubscribe, "the token does not allow to receive media", false, 0},
	{CodeForbiddenMessage, "the token does not allow to send messages", false, 0},
	{CodeForbiddenDevToken, "this server gives tokens only to pages on its own machine", false, 0},
	{CodeNegotiationInvalid, "the SDP offer cannot be understood", false, 0},
	{CodeNegotiationStale, "the offer is older than one that was answered", true, 0},
	{CodeNegotiationUnusable, "the SDP offer holds nothing that the server can use", false, 0},
	{CodePublicationUnknown, "there is no such publication of this participant", false, 0},
	{CodePublicationDuplicate, "the participant publishes this source already", false, 0},
	{CodeParticipantUnknown, "there is no such participant in the room", false, 0},
	{CodeRoomFull, "the room is full", true, 0},
	{CodeRateLimited, "the client sends more than the limits allow", true, 0},
	{CodeDraining, "the server takes no new sessions", true, CloseDraining},
	{CodeInternal, "a fault in the server", true, 0},
}

// row finds the description of c; a code without one is internal.
func (c Code) row() errorRow {
	for _, r := range errorTable {
		if r.code == c {
			return r
		}
	}
	return errorRow{CodeInternal, "a fault in the server", true, 0}
}

// helloClose returns the code that closes the websocket after a refused hello: nothing but a new hello could follow, so
// it closes in every case.
func (r errorRow) helloClose() CloseCode {
	switch {
	case r.close != 0:
		return r.close
	case r.retry:
		return CloseRejoin
	default:
		return CloseRefused
	}
}

// Error is an error that a client is told. Detail follows the default message of Code on the wire, except that the
// detail of CodeInternal goes to the log only.
type Error struct {
	Code       Code
	Detail     string
	RetryAfter time.Duration // 0: not told
	Err        error         // the cause, or nil
}

// Errorf makes an Error whose detail is formatted as fmt.Errorf does; %w keeps the cause for errors.Is and errors.As.
// Text from the wire belongs in %q.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: err.Error(), Err: err}
}

// Error returns the code and the detail.
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code and nothing else, so that errors.Is(err,
// &Error{Code: CodeRoomFull}) asks for the code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Err == nil && t.Detail == "" && t.Code == e.Code
}

// classify makes of any error the one that is told: an Error in its chain, else CodeInternal.
func classify(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf(CodeInternal, "%w", err)
}

// body is the data of the err response.
func (e *Error) body() ErrorBody {
	r := e.Code.row()
	msg := r.msg
	if e.Detail != "" && r.code != CodeInternal {
		msg += ": " + e.Detail
	}
	ms := int(e.RetryAfter.Milliseconds())
	if e.RetryAfter > 0 && ms == 0 {
		ms = 1
	}
	return ErrorBody{Code: string(r.code), Msg: msg, Retry: r.retry, RetryAfterMs: ms}
}
