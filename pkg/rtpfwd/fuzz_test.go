package rtpfwd

import (
	"bytes"
	"testing"
	"time"
)

// FuzzClocks: extended numbers are the nearest ones, conversions of time come back, and a
// remote clock is neither ahead of the arrival nor far behind it.
func FuzzClocks(f *testing.F) {
	f.Add(int64(1<<40), uint32(0xffff_fff0), []byte{1, 2, 3, 200, 0, 5})
	f.Fuzz(func(t *testing.T, base int64, wire uint32, steps []byte) {
		base &= 1<<40 - 1
		seq, at := extendSeq(SeqNo(base), uint16(wire)), extendTime(RTPTime(base), wire)
		if off := int64(seq) - base; uint16(seq) != uint16(wire) || off < -1<<15 || off >= 1<<15 {
			t.Fatalf("%d near %d became %d", uint16(wire), base, seq)
		}
		if off := int64(at) - base; uint32(at) != wire || off < -1<<31 || off >= 1<<31 {
			t.Fatalf("%d near %d became %d", wire, base, at)
		}
		c := Clock{RTP: at, At: time.Duration(base), Rate: 8000 + wire%90000}
		if back := c.RTPAt(c.TimeOf(RTPTime(base))); back-RTPTime(base) > 1 || back-RTPTime(base) < -1 {
			t.Fatalf("%+v: %d became %d", c, base, back)
		}
		var remote RemoteClock
		now, ntp := time.Duration(base), uint64(wire)<<32
		for i := 0; i+1 < len(steps); i += 2 {
			now += ms(int(steps[i]) * 8)
			ntp += uint64(steps[i+1]) << 29 // eighths of a second
			if steps[i] == 255 {
				ntp -= uint64(steps[i+1]) << 33
			}
			if got := remote.Local(now, ntp); got > now || got < now-clockStep-time.Second {
				t.Fatalf("%d at %v is %v", ntp, now, got)
			}
		}
	})
}

// FuzzExtensionOf builds a header extension and looks for what is in it.
func FuzzExtensionOf(f *testing.F) {
	f.Add([]byte{1, 2, 0, 9, 3, 200, 14, 1}, false, []byte{7})
	f.Add([]byte{1, 0, 200, 255, 1, 5}, true, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, elements []byte, wide bool, payload []byte) {
		first, block := map[uint8][]byte{}, []byte(nil)
		for i := 0; i+1 < len(elements) && len(block) < 1000; i += 2 {
			id, size := elements[i], int(elements[i+1])
			if !wide {
				id, size = id&0x0f, size&0x0f+1
			}
			if id == 0 || !wide && id == 15 {
				block = append(block, 0) // padding
				continue
			}
			value := bytes.Repeat([]byte{byte(i) | 1}, size)
			if wide {
				block = append(block, id, byte(size))
			} else {
				block = append(block, id<<4|byte(size-1))
			}
			block = append(block, value...)
			if _, known := first[id]; !known {
				first[id] = value
			}
		}
		block = append(block, make([]byte, -len(block)&3)...)
		raw := make([]byte, 16, 16+len(block)+len(payload))
		raw[0] = 0x90
		put16(raw[12:], oneByteProfile)
		if wide {
			put16(raw[12:], twoByteProfile)
		}
		put16(raw[14:], uint16(len(block)/4))
		raw = append(append(raw, block...), payload...)
		for id := range 256 {
			got, ok := ExtensionOf(raw, uint8(id))
			if want, known := first[uint8(id)]; ok != known || !bytes.Equal(got, want) {
				t.Fatalf("element %d of %x is %x %v, want %x", id, raw, got, ok, want)
			}
		}
		for cut := range raw { // never outside, whatever the size says
			ExtensionOf(raw[:cut:cut], 3)
		}
	})
}

// FuzzBudget: resends stay within a third of what was sent and what is there at the start.
// What is refused costs nothing, and what quiet times save up has an end.
func FuzzBudget(f *testing.F) {
	f.Add([]byte{0x71, 255, 0x71, 255})
	f.Add([]byte{0xf0, 255, 0xa1, 255, 0xa1, 255, 0xa1, 255, 0x40, 200, 0x51, 90})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var b Budget
		left := budgetStart * resendShare // in thirds of a byte
		for i := 0; i+1 < len(steps); i += 2 {
			bytes := int(steps[i+1]) << (steps[i] >> 4)
			if steps[i]&1 == 0 {
				b.Sent(bytes)
				left = min(left+bytes, budgetMost*resendShare)
				continue
			}
			enough := bytes*resendShare <= left
			if b.Allow(bytes) != enough {
				t.Fatalf("%d bytes with %d/3 left: want %v", bytes, left, enough)
			}
			if enough {
				left -= bytes * resendShare
			}
		}
	})
}
