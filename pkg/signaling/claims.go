package signaling

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of what a token may carry, in bytes.
const (
	MaxTokenBytes      = 4 << 10 // the whole compact token
	MaxIdentityBytes   = 256     // identity and name, each
	MaxRoomBytes       = 256
	MaxAttributesBytes = 64 << 10 // all keys and values together
)

// Audience is the aud claim that every token must name.
const Audience = "heliograph"

// Claims are what a token says of its bearer. The JSON names of the token are in brackets.
type Claims struct {
	Issuer     string            // [iss] empty, or the id of the key that signed the token
	Identity   string            // [sub] who joins; unique in a room
	ID         string            // [jti] optional
	Expires    time.Time         // [exp] required, whole seconds
	NotBefore  time.Time         // [nbf] zero: valid at once
	Room       string            // [room] a name, or a pattern: a prefix with one * at the end
	Name       string            // [name] what others are shown
	Attributes map[string]string // [attrs] what the application tells others
	Grants     Grants            // [grants] what is not granted is forbidden
}

// Grants are what a participant may do. The zero value allows nothing but to be in the room.
type Grants struct {
	Publish   []Source `json:"publish,omitempty"`   // the sources that may be published
	Subscribe bool     `json:"subscribe,omitempty"` // receive media
	Data      bool     `json:"data,omitempty"`      // send messages
	Hidden    bool     `json:"hidden,omitempty"`    // others do not see the participant
}

// AllGrants returns the grants of an ordinary participant: all sources, subscribe and data.
func AllGrants() Grants {
	return Grants{
		Publish:   []Source{SourceCamera, SourceMicrophone, SourceScreen, SourceScreenAudio},
		Subscribe: true,
		Data:      true,
	}
}

// CanPublish reports whether the source may be published.
func (g Grants) CanPublish(s Source) bool { return slices.Contains(g.Publish, s) }

// check returns CodeAuthInvalid for claims that no token may carry.
func (c *Claims) check() error {
	switch {
	case c.Identity == "":
		return Errorf(CodeAuthInvalid, "sub, the identity, is missing")
	case len(c.Identity) > MaxIdentityBytes || len(c.Name) > MaxIdentityBytes:
		return Errorf(CodeAuthInvalid, "sub and name may have %d bytes each", MaxIdentityBytes)
	case c.Room != "*" && !validRoom(strings.TrimSuffix(c.Room, "*")):
		return Errorf(CodeAuthInvalid, "room must be a name of 1 to %d bytes without control characters; a * stands only at its end",
			MaxRoomBytes)
	}
	size := 0
	for k, v := range c.Attributes {
		size += len(k) + len(v)
	}
	if size > MaxAttributesBytes {
		return Errorf(CodeAuthInvalid, "attrs may have %d bytes", MaxAttributesBytes)
	}
	for _, s := range c.Grants.Publish {
		if !slices.Contains(enums["Source"], string(s)) {
			return Errorf(CodeAuthInvalid, "grants.publish names the unknown source %.64q", s)
		}
	}
	return nil
}

// room resolves the room that a hello asks for: wanted, or the claim's where that is exact and wanted is empty. The
// error is CodeAuthRoom.
func (c *Claims) room(wanted string) (string, error) {
	prefix, pattern := strings.CutSuffix(c.Room, "*")
	switch {
	case !pattern && (wanted == "" || wanted == c.Room):
		return c.Room, nil
	case !pattern:
		return "", Errorf(CodeAuthRoom, "it is for %q only", c.Room)
	case wanted == "":
		return "", Errorf(CodeAuthRoom, "it is for the pattern %q, so hello must name the room", c.Room)
	case !strings.HasPrefix(wanted, prefix):
		return "", Errorf(CodeAuthRoom, "it is for the pattern %q", c.Room)
	case !validRoom(wanted):
		return "", Errorf(CodeAuthRoom, "a room's name has 1 to %d bytes, no * and no control characters", MaxRoomBytes)
	}
	return wanted, nil
}

// validRoom reports whether s is the exact name of a room.
func validRoom(s string) bool {
	return s != "" && len(s) <= MaxRoomBytes && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == '*' || unicode.IsControl(r) })
}
