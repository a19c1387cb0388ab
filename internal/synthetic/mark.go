package synthetic

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Mark is what every frame carries of its origin: what a picture would show if somebody looked at it.
type Mark struct {
	Origin   uint64          // see Origin
	Encoding uint8           // of simulcast, the smallest is 0
	Spatial  uint8           // layer
	Temporal uint8           // layer
	Key      bool            // its picture needs nothing before it
	Number   uint32          // of the frame in its encoding, over all layers
	Refs     [maxRefs]uint16 // distances in Number to the frames that it needs; 0: none
	Captured time.Duration   // in the clock of the sender
}

const (
	maxRefs   = 2
	markMagic = 0x4867 // "Hg"
	markSize  = 2 + 4 + 4 + 8 + 4 + 4 + 2*maxRefs + 8
	fillSize  = 1 << 14
)

// Origin names a source of a participant by a hash.
func Origin(identity, source string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(identity + "/" + source)) // never fails
	return h.Sum64()
}

// filling is what frames are filled with: bytes without a pattern, the same in every process.
type filling [fillSize]byte

func newFilling() *filling {
	f := &filling{}
	r := rand.NewPCG(1, 2)
	for i := 0; i < fillSize; i += 8 {
		binary.LittleEndian.PutUint64(f[i:], r.Uint64())
	}
	return f
}

// appendFrame writes the mark behind header, which is in b from start on, and fills up to size bytes in all.
func (f *filling) appendFrame(b []byte, start int, m *Mark, size int) []byte {
	header := len(b)
	size = max(size, header-start+markSize)
	b = binary.BigEndian.AppendUint16(b, markMagic)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, m.Origin)
	key := byte(0)
	if m.Key {
		key = 1
	}
	b = append(b, m.Encoding, m.Spatial, m.Temporal, key)
	b = binary.BigEndian.AppendUint32(b, m.Number)
	for _, ref := range m.Refs {
		b = binary.BigEndian.AppendUint16(b, ref)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(m.Captured))
	for at := int(m.Number*997) % fillSize; len(b)-start < size; at = 0 {
		b = append(b, f[at:min(fillSize, at+size-(len(b)-start))]...)
	}
	binary.BigEndian.PutUint32(b[header+6:], checksum(b[start:], header-start))
	return b
}

// checksum is that of a frame whose mark is at header: over all but itself.
func checksum(frame []byte, header int) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // made once in a process
	sum := crc32.Update(0, table, frame[:header+6])
	return crc32.Update(sum, table, frame[header+10:])
}

// frameSize is the length that a frame claims, whose first bytes are there; false if they are none of ours.
func frameSize(frame []byte, header int) (int, bool) {
	if len(frame) < header+markSize || binary.BigEndian.Uint16(frame[header:]) != markMagic {
		return 0, false
	}
	size := binary.BigEndian.Uint32(frame[header+2:])
	return int(size), size >= uint32(header+markSize) && size < 1<<24
}

// readMark reads the mark of a whole frame; false if its checksum is wrong.
func readMark(frame []byte, header int) (m Mark, ok bool) {
	if checksum(frame, header) != binary.BigEndian.Uint32(frame[header+6:]) {
		return m, false
	}
	b := frame[header+10:]
	m = Mark{Origin: binary.BigEndian.Uint64(b), Encoding: b[8], Spatial: b[9], Temporal: b[10], Key: b[11] == 1, Number: binary.BigEndian.Uint32(b[12:])}
	for i := range m.Refs {
		m.Refs[i] = binary.BigEndian.Uint16(b[16+2*i:])
	}
	m.Captured = time.Duration(binary.BigEndian.Uint64(b[16+2*maxRefs:]))
	return m, true
}
