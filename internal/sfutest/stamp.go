package sfutest

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// stamp is what every payload carries of its origin: what a picture would show if somebody looked at it.
type stamp struct {
	origin   uint64 // see originOf
	encoding uint8  // index, the smallest first
	key      bool
	part     uint8 // of the frame, from 0
	parts    uint8
	frame    uint32
	needs    uint32 // the frame that this one refers to; not of a keyframe; itself: audio before which some may be missing
	captured time.Duration
}

const (
	stampMagic = 0x4867 // "Hg"
	stampSize  = 2 + 8 + 4 + 4 + 4 + 8
)

// originOf names a source of a participant by a hash.
func originOf(identity, source string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(identity + "/" + source)) // never fails
	return h.Sum64()
}

// append writes the stamp and fills up to size bytes in all.
func (s *stamp) append(b []byte, size int) []byte {
	start := len(b)
	end := start + max(size, stampSize)
	b = binary.BigEndian.AppendUint16(b, stampMagic)
	b = binary.BigEndian.AppendUint64(b, s.origin)
	key := byte(0)
	if s.key {
		key = 1
	}
	b = append(b, s.encoding, key, s.part, s.parts)
	b = binary.BigEndian.AppendUint32(b, s.frame)
	b = binary.BigEndian.AppendUint32(b, s.needs)
	b = binary.BigEndian.AppendUint64(b, uint64(s.captured))
	for len(b) < end {
		b = append(b, byte(len(b)-start))
	}
	return b
}

// readStamp reads a stamp and checks the filling behind it.
func readStamp(b []byte) (s stamp, ok bool) {
	if len(b) < stampSize || binary.BigEndian.Uint16(b) != stampMagic {
		return s, false
	}
	for i := stampSize; i < len(b); i++ {
		if b[i] != byte(i) {
			return s, false
		}
	}
	s = stamp{
		origin: binary.BigEndian.Uint64(b[2:]), encoding: b[10], key: b[11] == 1, part: b[12], parts: b[13],
		frame: binary.BigEndian.Uint32(b[14:]), needs: binary.BigEndian.Uint32(b[18:]),
		captured: time.Duration(binary.BigEndian.Uint64(b[22:])),
	}
	return s, true
}
