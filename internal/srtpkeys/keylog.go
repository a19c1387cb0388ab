package srtpkeys

import (
	"bytes"
	"encoding/hex"
)

const (
	randomSize = 32 // bytes of a hello's random (RFC 5246, section 7.4.1.2)
	secretSize = 48 // bytes of a master secret (RFC 5246, section 8.1)
)

// logLabel begins the line that tells a master secret, in the format of NSS.
const logLabel = "CLIENT_RANDOM "

// secret is one line of a key log.
type secret struct {
	clientRandom [randomSize]byte
	master       [secretSize]byte
}

// clear overwrites the secret.
func (s *secret) clear() { *s = secret{} }

// parseKeyLog reads one line: the label, the client random and the master secret in hex. false: it is another line, or none.
func parseKeyLog(line []byte) (s secret, ok bool) {
	line, found := bytes.CutPrefix(line, []byte(logLabel))
	if !found {
		return secret{}, false
	}
	line = bytes.TrimSuffix(line, []byte{'\n'})
	const space = 2 * randomSize
	if len(line) != space+1+2*secretSize || line[space] != ' ' {
		return secret{}, false
	}
	if _, err := hex.Decode(s.clientRandom[:], line[:space]); err != nil {
		return secret{}, false
	}
	if _, err := hex.Decode(s.master[:], line[space+1:]); err != nil {
		return secret{}, false // nothing that was read is kept
	}
	return s, true
}
