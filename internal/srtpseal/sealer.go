package srtpseal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/heliograph/heliograph/internal/prefetch"
)

// Overhead is how many bytes Seal adds to a packet: the tag.
const Overhead = 16

const (
	saltSize   = 12
	fixedBytes = 12        // of an RTP header (RFC 3550, section 5.1)
	lastIndex  = 1<<48 - 1 // that a key may protect (RFC 3711, section 9.2)
)

// The errors of Seal. Nothing was sealed then.
var (
	ErrMalformed = errors.New("not an RTP packet of this source")
	ErrNoRoom    = errors.New("no room for the sealed packet")
	ErrSpent     = errors.New("the key has protected as many packets as it may")
)

// Sealer has the keys of one direction of one transport. It is for one goroutine.
type Sealer struct {
	aead    cipher.AEAD
	salt    [saltSize]byte
	nonce   [saltSize]byte // of the packet at hand
	sources map[uint32]*Source
	keyed   uintptr // where aead has its keys, and how many bytes
	size    uintptr
}

// Source is what is known of one SSRC: the highest packet index, the sequence number with its rollovers (RFC 3711, section 3.3.1).
type Source struct {
	ssrc    uint32
	begun   bool
	highest uint64
}

// New makes a Sealer from the master key, of 16 or 32 bytes, and the master salt of 12, as DTLS exports them (RFC 7714, section 12). It
// keeps neither.
func New(key, salt []byte) (*Sealer, error) {
	if len(key) != 16 && len(key) != 32 {
		return nil, fmt.Errorf("a key of AES-GCM for SRTP has 16 or 32 bytes, not %d", len(key))
	}
	if len(salt) != saltSize {
		return nil, fmt.Errorf("a salt of AES-GCM for SRTP has %d bytes, not %d", saltSize, len(salt))
	}
	sessionKey, err := derive(labelKey, key, salt, len(key))
	if err != nil {
		return nil, err
	}
	defer clear(sessionKey)
	sessionSalt, err := derive(labelSalt, key, salt, saltSize)
	if err != nil {
		return nil, err
	}
	return newSession(sessionKey, sessionSalt)
}

func newSession(key, salt []byte) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	s := &Sealer{aead: aead, salt: [saltSize]byte(salt), sources: map[uint32]*Source{}}
	if v := reflect.ValueOf(aead); v.Kind() == reflect.Pointer {
		s.keyed, s.size = v.Pointer(), v.Type().Elem().Size()
	}
	return s, nil
}

// Hot adds what the next Seal touches, but for its Source.
func (s *Sealer) Hot(p *prefetch.Places) {
	prefetch.Add(p, s)
	p.Range(s.keyed, s.size)
}

// Source returns the Source of an SSRC: always the same, so that no number comes twice.
func (s *Sealer) Source(ssrc uint32) *Source {
	st := s.sources[ssrc]
	if st == nil {
		st = &Source{ssrc: ssrc}
		s.sources[ssrc] = st
	}
	return st
}

// SSRC returns the source of the Source.
func (st *Source) SSRC() uint32 { return st.ssrc }

// SSRC returns the source of a packet, 0 if it is too short to tell.
func SSRC(packet []byte) uint32 {
	if len(packet) < fixedBytes {
		return 0
	}
	return binary.BigEndian.Uint32(packet[8:])
}

// Seal writes the protected packet to dst, which must not overlap the packet, and returns its length.
func (s *Sealer) Seal(st *Source, dst, packet []byte) (int, error) {
	n, ok := headerSize(packet)
	if !ok || SSRC(packet) != st.ssrc {
		return 0, ErrMalformed
	}
	sealed := len(packet) + Overhead
	if len(dst) < sealed {
		return 0, ErrNoRoom
	}
	seq := binary.BigEndian.Uint16(packet[2:])
	index := st.index(seq)
	if index > lastIndex {
		return 0, ErrSpent
	}
	st.begun, st.highest = true, max(st.highest, index)
	s.seat(st.ssrc, uint32(index>>16), seq)
	copy(dst, packet[:n])
	s.aead.Seal(dst[n:n:sealed], s.nonce[:], packet[n:], packet[:n])
	return sealed, nil
}

// seat makes the nonce of a packet (RFC 7714, section 8.1).
func (s *Sealer) seat(ssrc, roc uint32, seq uint16) {
	n := &s.nonce
	*n = s.salt
	binary.BigEndian.PutUint32(n[2:], binary.BigEndian.Uint32(n[2:])^ssrc)
	binary.BigEndian.PutUint32(n[6:], binary.BigEndian.Uint32(n[6:])^roc)
	binary.BigEndian.PutUint16(n[10:], binary.BigEndian.Uint16(n[10:])^seq)
}

// index is that of the packet with a sequence number: the nearest to the highest so far (RFC 3711, section 3.3.1). The first rollover
// counter is 0.
func (st *Source) index(seq uint16) uint64 {
	if !st.begun {
		return uint64(seq)
	}
	i := int64(st.highest) + int64(int16(seq-uint16(st.highest)))
	if i < 0 {
		return uint64(seq)
	}
	return uint64(i)
}

// headerSize is how long the header of an RTP packet is, with contributing sources and extensions (RFC 3550, section 5.3.1).
func headerSize(b []byte) (int, bool) {
	if len(b) < fixedBytes || b[0]>>6 != 2 {
		return 0, false
	}
	n := fixedBytes + 4*int(b[0]&15)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return 0, false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return n, n <= len(b)
}
