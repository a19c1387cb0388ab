package signaling

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// constants returns the values of the constants of a type in a file.
func constants(t *testing.T, file, typ string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ {
				values = append(values, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			}
		}
	}
	if len(values) < 10 {
		t.Fatalf("only the constants %v of %s were found", values, typ)
	}
	return values
}

// Every code has one row, and every row a code.
func TestErrorTable(t *testing.T) {
	rows := map[string]int{}
	for _, r := range errorTable {
		rows[string(r.code)]++
		if r.msg == "" || strings.HasSuffix(r.msg, ".") {
			t.Errorf("%s: the message %q is not a clause", r.code, r.msg)
		}
		if r.close != 0 && r.close.row().code != r.close {
			t.Errorf("%s closes with the unknown code %d", r.code, r.close)
		}
	}
	for _, c := range constants(t, "errors.go", "Code") {
		if rows[c] != 1 {
			t.Errorf("%s has %d rows", c, rows[c])
		}
		delete(rows, c)
	}
	for c := range rows {
		t.Errorf("%s is no constant", c)
	}
	if r := Code("made.up").row(); r.code != CodeInternal {
		t.Errorf("an unknown code is told as %s", r.code)
	}
}

func TestCloseTable(t *testing.T) {
	rows := map[string]int{}
	names := map[string]bool{}
	for _, r := range closeTable {
		rows[strconv.Itoa(int(r.code))]++
		if names[r.name] || r.name == "" || r.reason == "" || len(r.reason) > maxCloseReason {
			t.Errorf("%d: name %q, reason %q", r.code, r.name, r.reason)
		}
		names[r.name] = true
		if r.code.String() != r.name {
			t.Errorf("%d is called %s", r.code, r.code)
		}
		if r.code != CloseNormal && (r.code.advice() == "nothing") {
			t.Errorf("%d is in no class", r.code)
		}
	}
	for _, c := range constants(t, "closecode.go", "CloseCode") {
		if rows[c] != 1 {
			t.Errorf("%s has %d rows", c, rows[c])
		}
		delete(rows, c)
	}
	if len(rows) != 0 {
		t.Errorf("%v are no constants", rows)
	}
}

// After a refused hello the websocket closes in any case, and in the class that fits retry.
func TestHelloClose(t *testing.T) {
	for _, r := range errorTable {
		c := r.helloClose()
		if back := c >= 4100; back != r.retry {
			t.Errorf("%s: retry is %v, but hello closes with %d", r.code, r.retry, c)
		}
	}
}

func TestErrorf(t *testing.T) {
	cause := fmt.Errorf("line 3: %w", io.ErrUnexpectedEOF)
	var err error = Errorf(CodeNegotiationInvalid, "parse %q: %w", "a\nb", cause)
	if err.Error() != `negotiation.invalid: parse "a\nb": line 3: unexpected EOF` {
		t.Error(err)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, &Error{Code: CodeNegotiationInvalid}) {
		t.Error("the cause or the code is lost")
	}
	if errors.Is(err, &Error{Code: CodeInternal}) {
		t.Error("it is any code")
	}
	wrapped := fmt.Errorf("join: %w", err)
	if got := classify(wrapped); got.Code != CodeNegotiationInvalid {
		t.Errorf("classified as %s", got.Code)
	}
	if got := classify(context.Canceled); got.Code != CodeInternal || !errors.Is(got, context.Canceled) {
		t.Errorf("a foreign error is %v", got)
	}
}

func TestErrorBody(t *testing.T) {
	for _, c := range []struct {
		err  error
		want ErrorBody
	}{
		{&Error{Code: CodeRoomFull, RetryAfter: 1500 * time.Millisecond}, ErrorBody{"room.full", "the room is full", true, 1500}},
		{&Error{Code: CodeRateLimited, RetryAfter: time.Microsecond}, ErrorBody{"rate.limited", CodeRateLimited.row().msg, true, 1}},
		{Errorf(CodeUnknown, "%q", "x"), ErrorBody{"protocol.unknown", `the server does not know this type of request: "x"`, false, 0}},
		{errors.New("secret path /etc"), ErrorBody{"internal", "a fault in the server", true, 0}},
		{Errorf("made.up", "secret"), ErrorBody{"internal", "a fault in the server", true, 0}},
	} {
		if got := classify(c.err).body(); got != c.want {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}

func TestShorten(t *testing.T) {
	for in, want := range map[string]string{"abc": "abc", "abcdef": "abcd", "abcü": "abc", "üüü": "üü", "": ""} {
		if got := shorten(in, 4); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}
