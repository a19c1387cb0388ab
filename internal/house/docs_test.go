package house

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// markdown lists the documentation of the repository.
func markdown(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, name := range tracked(t) {
		if path.Ext(name) == ".md" {
			all = append(all, name)
		}
	}
	return all
}

var (
	mdLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdCode = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// A link that leads nowhere costs the reader's trust in all the others.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range markdown(t) {
		text := mdCode.ReplaceAllString(read(t, name), "")
		for _, match := range mdLink.FindAllStringSubmatch(text, -1) {
			if why := brokenLink(t, name, match[1]); why != "" {
				t.Errorf("%s: the link %s %s", name, match[1], why)
			}
		}
	}
}

func brokenLink(t *testing.T, from, link string) string {
	t.Helper()
	if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
		return "" // the network is not asked
	}
	file, anchor, _ := strings.Cut(link, "#")
	target := from
	if file != "" {
		target = path.Join(path.Dir(from), file)
	}
	if _, err := os.Stat(at(target)); err != nil {
		return "leads to no file"
	}
	if anchor != "" && path.Ext(target) == ".md" && !slices.Contains(anchors(read(t, target)), anchor) {
		return "leads to no heading"
	}
	return ""
}

// anchors are the names that the headings of a page get.
func anchors(text string) []string {
	var all []string
	for line := range strings.Lines(mdFence.ReplaceAllString(text, "")) {
		if heading := strings.TrimLeft(line, "#"); heading != line && strings.HasPrefix(heading, " ") {
			all = append(all, anchor(heading))
		}
	}
	return all
}

var mdFence = regexp.MustCompile("(?s)```.*?```")

func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

func TestAnchor(t *testing.T) {
	for heading, want := range map[string]string{" The first minute\n": "the-first-minute", " `sfu check`, and more": "sfu-check-and-more"} {
		if got := anchor(heading); got != want {
			t.Errorf("%q: got %q, want %q", heading, got, want)
		}
	}
}

// Every page of docs is linked from the README: what is not linked is not read.
func TestREADMELeadsToAllDocs(t *testing.T) {
	readme := read(t, "README.md")
	for _, name := range markdown(t) {
		if strings.HasPrefix(name, "docs/") && !strings.Contains(readme, "("+name) {
			t.Errorf("README.md has no link to %s", name)
		}
	}
}
