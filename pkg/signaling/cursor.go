package signaling

import (
	"encoding/json"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// cursor reads JSON in UTF-8 that is known to be valid (json.Valid), once and without a copy: what it returns points into the text. Of
// other text it returns something, but it ends. encoding/json goes through a text several times for each level of nesting, and an
// offer is ten kilobytes on the third.
type cursor struct {
	text []byte
	at   int
}

// next is the first byte of what follows, behind white space; 0 at the end.
func (c *cursor) next() byte {
	for ; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// enter goes into the array or object that follows.
func (c *cursor) enter() {
	c.next()
	c.at++
}

// more tells whether the array or object has a further element or member, which then follows; else it is left.
func (c *cursor) more() bool {
	switch c.next() {
	case ',':
		c.at++
		c.next()
		return true
	case ']', '}':
		c.at++
		return false
	case 0:
		return false
	}
	return true
}

// since is the text from an offset to the cursor.
func (c *cursor) since(begin int) []byte {
	end := min(c.at, len(c.text))
	return c.text[min(begin, end):end]
}

// name reads the name of the member that follows, up to its value.
func (c *cursor) name() []byte {
	raw, size := c.str()
	if c.next() == ':' {
		c.at++
	}
	c.next()
	return unquoted(raw, size)
}

// value reads the value that follows.
func (c *cursor) value() []byte {
	first, begin := c.next(), c.at
	switch first {
	case '"':
		raw, _ := c.str()
		return raw
	case '{', '[':
		for depth := 0; c.at < len(c.text); {
			switch c.text[c.at] {
			case '"':
				c.str()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if c.at++; depth == 0 {
				return c.since(begin)
			}
		}
		return c.since(begin)
	}
	for ; c.at < len(c.text); c.at++ {
		switch c.text[c.at] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return c.since(begin)
		}
	}
	return c.since(begin)
}

// uint reads the number that follows, which is one of 64 bits.
func (c *cursor) uint() uint64 {
	n, _ := strconv.ParseUint(string(c.value()), 10, 64)
	return n
}

// str reads the string that follows. It is returned with its quotes; size is how many bytes it has without them and its escapes.
func (c *cursor) str() (raw []byte, size int) {
	begin := c.at
	for c.at++; c.at < len(c.text); {
		switch c.text[c.at] {
		case '"':
			c.at++
			return c.since(begin), size
		case '\\':
			size += c.escape()
		default:
			c.at++
			size++
		}
	}
	return c.since(begin), size
}

// escape reads an escape, or two that make one character, and returns how many bytes it stands for.
func (c *cursor) escape() int {
	if c.at+1 >= len(c.text) || c.text[c.at+1] != 'u' {
		c.at += 2
		return 1
	}
	r := hex4(c.text, c.at+2)
	c.at += 6
	if !utf16.IsSurrogate(r) {
		return utf8.RuneLen(r)
	}
	if c.at+1 < len(c.text) && c.text[c.at] == '\\' && c.text[c.at+1] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(c.text, c.at+2)); pair != unicode.ReplacementChar {
			c.at += 6
			return utf8.RuneLen(pair)
		}
	}
	return utf8.RuneLen(unicode.ReplacementChar) // what encoding/json makes of half a pair
}

// hex4 reads the four hexadecimal digits at an offset.
func hex4(text []byte, at int) (r rune) {
	for _, b := range text[min(at, len(text)):min(at+4, len(text))] {
		r <<= 4
		switch {
		case b >= '0' && b <= '9':
			r |= rune(b - '0')
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			r |= rune(b|0x20-'a') + 10
		}
	}
	return r
}

// unquoted is what a string of str stands for. It is a copy only where there are escapes.
func unquoted(raw []byte, size int) []byte {
	if size == len(raw)-2 {
		return raw[1 : len(raw)-1]
	}
	var s string
	_ = json.Unmarshal(raw, &s) // it is valid
	return []byte(s)
}
