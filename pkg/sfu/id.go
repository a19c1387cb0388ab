package sfu

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// newID makes an unguessable id that is unique across servers: the prefix, an underscore and 80 random bits.
func newID(prefix string) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return prefix + "_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// randomUint32 is for RTP identifiers and starting points (RFC 3550, section 8.1, and RFC 3711).
func randomUint32() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// randomSeqStart is the first sequence number of an SSRC: below 2^15, so that a loss at the first wrap cannot make the
// receiver guess a wrong rollover counter (RFC 3711, section 3.3.1 and appendix A).
func randomSeqStart() uint16 { return uint16(randomUint32()) & 0x7fff }
