package logging

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.uber.org/zap"
)

// maxUntrusted is the most of a text from the wire that is logged, in bytes.
const maxUntrusted = 256

// Untrusted is the field for a text that somebody on the wire chose: cut to 256 bytes, and whatever is not printable
// (line ends, terminal sequences, invalid UTF-8, marks that turn the direction of writing) becomes U+FFFD.
func Untrusted(key, text string) zap.Field {
	return zap.String(key, printable(text))
}

func printable(text string) string {
	cut := len(text) > maxUntrusted
	if cut {
		end := maxUntrusted
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if cut {
		text += "..."
	}
	return text
}
