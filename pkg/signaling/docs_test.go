package signaling

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the generated parts of docs/protocol.md")

const docsFile = "../../docs/protocol.md"

// TestDocsAreCurrent holds the generated parts of docs/protocol.md to the tables and constants of this package and to the
// schemas. With -update it writes them.
func TestDocsAreCurrent(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, part := range map[string]string{
		"errors": errorDocs(), "closes": closeDocs(), "limits": limitDocs(), "messages": messageDocs(t),
	} {
		want = replacePart(t, want, name, part)
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/protocol.md is not current: run go test ./pkg/signaling -run TestDocsAreCurrent -update")
	}
	if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replacePart puts a part between the two comments that name it.
func replacePart(t *testing.T, text, name, part string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/protocol.md has no place for %s", name)
	}
	return head + begin + part + end + tail
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

func errorDocs() string {
	var b strings.Builder
	b.WriteString("| Code | Meaning | retry | Closes with |\n|---|---|---|---|\n")
	for _, r := range errorTable {
		code := ""
		if r.close != 0 {
			code = fmt.Sprint(int(r.close))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.code, r.msg, yes(r.retry), code)
	}
	return b.String()
}

func closeDocs() string {
	var b strings.Builder
	b.WriteString("| Code | Name | What a client does | Why |\n|---|---|---|---|\n")
	for _, r := range closeTable {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.code, r.name, r.code.advice(), r.reason)
	}
	return b.String()
}

// limitDocs lists the limits from the constants that enforce them.
func limitDocs() string {
	var b strings.Builder
	b.WriteString("| What | Limit | Beyond it |\n|---|---|---|\n")
	row := func(what, limit, beyond string) { fmt.Fprintf(&b, "| %s | %s | %s |\n", what, limit, beyond) }
	perSecond := func(rate, burst int) string { return fmt.Sprintf("%d/s, %d at once", rate, burst) }
	kib := func(n int) string { return fmt.Sprintf("%d KiB", n>>10) }
	code := func(c Code) string { return "`" + string(c) + "`" }
	row("time from the upgrade to a valid token", seconds(authTimeout), code(CodeAuthTimeout))
	row("a message before the token was verified", kib(maxFrameBefore), code(CodeTooLarge))
	row("a message", kib(maxFrameAfter), code(CodeTooLarge))
	row("nesting of JSON", fmt.Sprintf("%d levels", maxDepth), code(CodeMalformed))
	row("requests", perSecond(requestRate, requestBurst), code(CodeRateLimited))
	row("offer and publish", perSecond(offerRate, offerBurst), code(CodeRateLimited))
	row("bodies of messages", fmt.Sprintf("%s/s, %s at once", kib(talkRate), kib(talkBurst)), code(CodeRateLimited))
	row("requests refused by these limits", perSecond(refusalRate, refusalBurst), "closed with 4103")
	row("bytes of any kind", fmt.Sprintf("%d kB/s, %s at once", byteRate/1000, kib(byteBurst)), "read more slowly")
	row("websocket pings of a client", perSecond(pongRate, pongBurst), "not answered")
	row("what waits for a client that reads slowly", kib(maxQueueBytes), "closed with 4102")
	row("time to write one message", seconds(writeTimeout), "closed with 4102")
	row("silence of a client", seconds(deadAfter), "closed with 4104")
	row("from the decision to close to the end of the websocket", seconds(closeGrace), "cut off")
	row("failed connects of one address (IPv6: one /64)", perSecond(failureRate, failureBurst), "429")
	row("connects of one address that are not authenticated yet", fmt.Sprint(maxPendingPerAddress), "429")
	row("connects that are not authenticated yet", fmt.Sprint(maxPending), "503")
	row("time of one request in the server", seconds(requestTimeout), code(CodeInternal))
	row("responses remembered", fmt.Sprintf("%d, %s", maxReplies, kib(maxReplyBytes)), code(CodeOrder))
	return b.String()
}

// messageDocs describes every message, and every type that they share, from the schemas.
func messageDocs(t *testing.T) string {
	all := schemas(t)
	defs := all["common"].Defs
	var b strings.Builder
	for _, group := range []struct {
		title string
		names []string
	}{
		{"Requests", []string{TypeHello, TypeOffer, TypePublish, TypeUnpublish, TypePublicationUpdate, TypeView, TypeMessage, TypePing, TypeLeave}},
		{"Responses", []string{TypeWelcome, "offer.ok", "publish.ok", "view.ok", "ping.ok", TypeErr}},
		{"Events", []string{
			TypeParticipantJoined, TypeParticipantLeft, TypePublicationAdded, TypePublicationUpdated, TypePublicationRemoved,
			TypeSlots, TypeOfferWanted, TypePublicationEncodings, TypeSpeakers, TypeSessionClosing,
			TypeNetwork,
		}},
		{"Envelopes", []string{"request", "response", "event"}},
	} {
		fmt.Fprintf(&b, "### %s\n\n", group.title)
		for _, name := range group.names {
			describe(&b, name, all[name])
			delete(all, name)
		}
	}
	delete(all, "common")
	for name := range all {
		t.Errorf("no group of the documentation names %s", name)
	}
	b.WriteString("### Shared types\n\n")
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		describe(&b, name, defs[name])
	}
	return b.String()
}

func describe(b *strings.Builder, name string, n *node) {
	fmt.Fprintf(b, "**`%s`** %s", name, n.Description)
	for _, part := range append(n.AllOf, &node{Ref: n.Ref}) {
		if part.Ref != "" {
			fmt.Fprintf(b, " All members of %s.", typeName(part))
		}
	}
	if n.Enum != nil {
		fmt.Fprintf(b, " One of `%s`.", strings.Join(n.Enum, "`, `"))
	}
	b.WriteString("\n\n")
	if len(n.Properties) == 0 {
		return
	}
	b.WriteString("| Member | Type | Required | Meaning |\n|---|---|---|---|\n")
	names := slices.SortedFunc(maps.Keys(n.Properties), func(x, y string) int {
		rx, ry := slices.Contains(n.Required, x), slices.Contains(n.Required, y)
		if rx != ry {
			return strings.Compare(yes(ry), yes(rx))
		}
		return strings.Compare(x, y)
	})
	for _, p := range names {
		m := n.Properties[p]
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p, typeName(m), yes(slices.Contains(n.Required, p)), m.Description)
	}
	b.WriteString("\n")
}

// typeName says what a member is, with its limits.
func typeName(n *node) string {
	_, ref, _ := strings.Cut(n.Ref, "#/$defs/")
	switch {
	case ref != "":
		return ref
	case n.Type == "":
		return "any"
	case n.Type == "array" && n.MaxItems != nil:
		return fmt.Sprintf("list of at most %d: %s", *n.MaxItems, typeName(n.Items))
	case n.Type == "array":
		return "list of " + typeName(n.Items)
	case n.Enum != nil:
		return "`" + strings.Join(n.Enum, "`, `") + "`"
	case n.Type == "string" && n.MaxLength != nil:
		return fmt.Sprintf("string, at most %d", *n.MaxLength)
	case n.Type == "integer" && n.Maximum != nil && *n.Maximum < 1e9:
		return fmt.Sprintf("integer, at most %d", int(*n.Maximum))
	case n.Additional != nil:
		return "texts by name"
	}
	return n.Type
}

// TestDocsTranscript validates the call that docs/protocol.md shows.
func TestDocsTranscript(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	all, types, shown := compiled(t), map[uint64]string{}, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		l := &goldenLine{From: fromServer}
		frame, ok := strings.CutPrefix(line, "← ")
		if !ok {
			frame, ok = strings.CutPrefix(line, "→ ")
			l.From = fromClient
		}
		if !ok {
			continue
		}
		shown++
		l.Frame = json.RawMessage(frame)
		envelope, data, d := dataSchema(t, l, types)
		if err := fits(t, all[envelope], l.Frame); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if d == nil {
			continue
		}
		if err := fits(t, all[data], d); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		strictly(t, d, goType(data))
	}
	if shown < 10 {
		t.Errorf("only %d messages are shown", shown)
	}
}

// The constants that docs/protocol.md names in its prose.
func TestDocsProse(t *testing.T) {
	text, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, want := range []string{
		fmt.Sprintf("ping after each %s of silence and gives up after %s", seconds(pingInterval), seconds(deadAfter)),
		fmt.Sprintf("the last %d responses, at most %d MiB", maxReplies, maxReplyBytes>>20),
		fmt.Sprintf("more than %d KiB must carry its token first", maxFrameBefore>>10),
		fmt.Sprintf("with %s of grace", seconds(tokenLeeway)),
		fmt.Sprintf("has at most %d KiB", MaxTokenBytes>>10),
		fmt.Sprintf("for %d hours", int(DevTokenTTL/time.Hour)),
		fmt.Sprintf("with %d if `retry` is true and %d if not", CloseRejoin, CloseRefused),
		"Sec-WebSocket-Protocol: " + Subprotocol,
	} {
		if !strings.Contains(words, want) {
			t.Errorf("docs/protocol.md does not say %q", want)
		}
	}
}
