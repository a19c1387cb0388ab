package icemux

import (
	"bytes"
	"encoding/binary"
)

// What is looked at of a STUN message (RFC 8489, section 5).
const (
	stunHeader       = 20
	stunCookie       = 0x2112A442
	bindingRequest   = 0x0001
	bindingSuccess   = 0x0101
	bindingError     = 0x0111
	attrUsername     = 0x0006
	attrIntegrity    = 0x0008
	attrIntegrity256 = 0x001c
	attrUseCandidate = 0x0025
)

// transactionID names a STUN request.
type transactionID [12]byte

// stunMessage is what routing needs of a STUN message. username points into the message.
type stunMessage struct {
	kind      uint16
	id        transactionID
	username  []byte
	nominates bool
}

// parseSTUN reads a STUN message; false if b is none. It does not verify anything.
func parseSTUN(b []byte) (m stunMessage, ok bool) {
	if len(b) < stunHeader || b[0] > 3 || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return m, false
	}
	m.kind = binary.BigEndian.Uint16(b)
	copy(m.id[:], b[8:stunHeader])
	size := int(binary.BigEndian.Uint16(b[2:]))
	if size > len(b)-stunHeader {
		return m, false
	}
	for rest := b[stunHeader : stunHeader+size]; len(rest) >= 4; {
		kind, n := binary.BigEndian.Uint16(rest), int(binary.BigEndian.Uint16(rest[2:]))
		if n > len(rest)-4 {
			return m, false
		}
		switch kind {
		case attrUsername:
			m.username = rest[4 : 4+n]
		case attrUseCandidate:
			m.nominates = true
		case attrIntegrity, attrIntegrity256:
			return m, true // what follows is not authenticated: anybody on the path may have added it
		}
		rest = rest[min(len(rest), 4+(n+3)&^3):]
	}
	return m, true
}

// ufrag is the part of the user name that names our side of the association (RFC 8445, section 7.2.2).
func (m *stunMessage) ufrag() []byte {
	local, _, _ := bytes.Cut(m.username, []byte{':'})
	return local
}
