package house

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// maxLines is the length at which a file probably has a second subject.
const maxLines = 400

func TestFilesHaveOneSubject(t *testing.T) {
	for _, name := range tracked(t) {
		switch path.Ext(name) {
		case ".go", ".ts", ".mjs", ".js", ".css", ".sh":
		default:
			continue
		}
		text := read(t, name)
		if strings.HasSuffix(name, "_test.go") || isBuilt(name) || generated.MatchString(text) {
			continue
		}
		if lines := strings.Count(text, "\n"); lines > maxLines {
			t.Errorf("%s has %d lines, more than %d: find its second subject and give it a file", name, lines, maxLines)
		}
	}
}

// leftovers are texts that belong into an issue or onto one machine only. They are put together here so that this file
// does not hold them itself.
var leftovers = []struct {
	text   *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`), "what is left to do belongs into an issue, where it is found"},
	{regexp.MustCompile(`(^|[^\w.:/-])/(wo` + `rk|ro` + `ot|ho` + `me)/`), "a path of one machine means nothing on another"},
}

func TestNoLeftovers(t *testing.T) {
	for _, name := range tracked(t) {
		if isBuilt(name) || isBinary(name) {
			continue
		}
		number := 0
		for line := range strings.Lines(read(t, name)) {
			number++
			for _, l := range leftovers {
				if found := l.text.FindString(line); found != "" {
					t.Errorf("%s:%d has %q: %s", name, number, strings.TrimSpace(found), l.reason)
				}
			}
		}
	}
}

func TestLeftoversAreFound(t *testing.T) {
	for line, want := range map[string]bool{
		"// TO" + "DO: later":            true,
		`path := "/ho` + `me/me/x"`:      true,
		"cd /wo" + "rk/main":             true,
		"https://example.com/ho" + "me/": false,
		"docs/wo" + "rk/x":               false,
		"TODOS":                          false,
	} {
		found := false
		for _, l := range leftovers {
			found = found || l.text.MatchString(line)
		}
		if found != want {
			t.Errorf("%q: found %v, want %v", line, found, want)
		}
	}
}

// generated is the line that marks what a generator wrote (go.dev/s/generatedcode), in Go and TypeScript alike.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// isBuilt names files that tools make.
func isBuilt(name string) bool {
	return strings.HasPrefix(name, "web/dist/") || strings.Contains(name, "testdata/fuzz/") ||
		path.Base(name) == "package-lock.json" || path.Base(name) == "go.sum"
}

func isBinary(name string) bool {
	switch path.Ext(name) {
	case ".png", ".ico", ".woff2", ".jpg", ".gz", ".ivf", ".ogg", ".wav", ".pcap":
		return true
	}
	return false
}
