package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

// bitWriter is the slow counterpart of bitReader: one byte for each bit.
type bitWriter struct{ bits []byte }

func (w *bitWriter) u(n int, v uint64) {
	for i := n - 1; i >= 0; i-- {
		w.bits = append(w.bits, byte(v>>i&1))
	}
}

func (w *bitWriter) flag(b bool) {
	if b {
		w.u(1, 1)
		return
	}
	w.u(1, 0)
}

// ns is write_ns of AV1 RTP appendix A.8.2.
func (w *bitWriter) ns(n, v uint64) {
	if n == 1 {
		return
	}
	width := 0
	for x := n; x != 0; x >>= 1 {
		width++
	}
	m := uint64(1)<<width - n
	if v < m {
		w.u(width-1, v)
		return
	}
	w.u(width, v+m)
}

func (w *bitWriter) ue(v uint64) {
	width := 0
	for x := v + 1; x != 0; x >>= 1 {
		width++
	}
	w.u(width-1, 0)
	w.u(width, v+1)
}

func (w *bitWriter) se(v int64) {
	if v > 0 {
		w.ue(uint64(2*v - 1))
		return
	}
	w.ue(uint64(-2 * v))
}

// bytes pads with zeros to whole bytes.
func (w *bitWriter) bytes() []byte {
	out := make([]byte, (len(w.bits)+7)/8)
	for i, b := range w.bits {
		out[i/8] |= b << (7 - i%8)
	}
	return out
}

// bin turns a string of 0 and 1 into bytes, with anything else left out.
func bin(s string) []byte {
	var w bitWriter
	for _, c := range s {
		if c == '0' || c == '1' {
			w.u(1, uint64(c-'0'))
		}
	}
	return w.bytes()
}

// unhex turns hexadecimal digits with blanks into bytes.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// empty is a Descriptor that says nothing.
func empty() Descriptor { return Descriptor{PictureID: -1, FrameNumber: -1, TL0: -1, KeyIdx: -1} }

// visible is d without the offsets.
func visible(d Descriptor) Descriptor {
	d.pictureIDAt, d.tl0At, d.keyIdxAt = 0, 0, 0
	d.targets = targetPlace{}
	return d
}

// targetless is d without what it says of decode targets and references.
func targetless(d Descriptor) Descriptor {
	d.HasTargets, d.TellsTargets, d.Predicted = false, false, false
	d.Present, d.SwitchTo, d.Active = [4]uint8{}, [4]uint8{}, [4]uint8{}
	d.Refs, d.RefCount = [8]uint16{}, 0
	return visible(d)
}

// dirty is a Descriptor with nonsense in every field, which a parser must clear.
func dirty() Descriptor {
	return Descriptor{
		PictureID: 99, FrameNumber: 95, TL0: 98, Width: 97, Height: 96, KeyIdx: 5, PictureIDBits: 3,
		Spatial: 9, Temporal: 9, SpatialLayers: 9, TemporalLayers: 9,
		Start: true, End: true, EndOfSuperframe: true, Keyframe: true, ParameterSet: true, SwitchUp: true,
		InterLayer: true, Discardable: true, Predicted: true, NotForUpper: true,
		HasTargets: true, TellsTargets: true, Present: [4]uint8{1, 2, 3, 4}, SwitchTo: [4]uint8{5, 6, 7, 8},
		Active: [4]uint8{9, 10, 11, 12}, RefCount: 8, Refs: [8]uint16{1, 2, 3, 4, 5, 6, 7, 8},
		targets:     targetPlace{activeAt: 99, end: 99, count: 32, told: true, active: 77},
		pictureIDAt: 200, tl0At: 201, keyIdxAt: 202,
	}
}

// checkPayload parses payload and checks what holds for every input.
func checkPayload(t *testing.T, parse func([]byte, *Descriptor) error, payload []byte) (Descriptor, error) {
	t.Helper()
	before := bytes.Clone(payload)
	d := dirty()
	err := parse(payload, &d)
	if !bytes.Equal(payload, before) {
		t.Fatalf("the parser changed its input")
	}
	if err != nil {
		if d != empty() {
			t.Fatalf("error %v left %+v", err, d)
		}
		checkSentinel(t, err)
		return d, err
	}
	for _, at := range []uint8{d.pictureIDAt, d.tl0At, d.keyIdxAt} {
		if int(at) >= len(payload) || at > 5 {
			t.Fatalf("offset %d in %d bytes", at, len(payload))
		}
	}
	if d.PictureIDBits == 15 && int(d.pictureIDAt)+1 >= len(payload) {
		t.Fatalf("picture id of 15 bits at %d in %d bytes", d.pictureIDAt, len(payload))
	}
	if (d.pictureIDAt != 0) != (d.PictureID >= 0) || (d.tl0At != 0) != (d.TL0 >= 0) || (d.keyIdxAt != 0) != (d.KeyIdx >= 0) {
		t.Fatalf("offsets and values disagree: %+v", d)
	}
	if d.FrameNumber != -1 || d.HasTargets || d.TellsTargets || d.RefCount != 0 || d.targets != (targetPlace{}) {
		t.Fatalf("only a dependency descriptor tells %+v", d)
	}
	checkRanges(t, d)
	return d, nil
}

// checkRanges checks the ranges that the fields of Descriptor promise.
func checkRanges(t *testing.T, d Descriptor) {
	t.Helper()
	if d.Keyframe && !d.Start || d.EndOfSuperframe && !d.End {
		t.Fatalf("a keyframe must start, a superframe must end: %+v", d)
	}
	if d.Spatial < 0 || d.Spatial > 7 || d.Temporal < 0 || d.Temporal > 7 || d.KeyIdx > 31 || d.TL0 > 255 {
		t.Fatalf("out of range: %+v", d)
	}
	if d.FrameNumber < -1 || d.FrameNumber > 65535 || d.RefCount > 8 {
		t.Fatalf("frame %d, %d references", d.FrameNumber, d.RefCount)
	}
	for s := range d.Present {
		if d.SwitchTo[s]&^d.Present[s] != 0 {
			t.Fatalf("a switch where it is not present: %+v", d)
		}
	}
	if d.PictureID >= 1<<d.PictureIDBits || (d.PictureID < 0) != (d.PictureIDBits == 0) {
		t.Fatalf("picture id %d of %d bits", d.PictureID, d.PictureIDBits)
	}
}

// checkSentinel checks that err is one of the errors of the package.
func checkSentinel(t *testing.T, err error) {
	t.Helper()
	known := []error{ErrShort, ErrNoPayload, ErrReserved, ErrUnsupported, ErrTooLarge, ErrNoStructure, ErrUnknownTemplate}
	if !slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }) {
		t.Fatalf("unknown error %v", err)
	}
}

// checkRewrite checks that a rewriter set the numbers that d has, and nothing
// else: parsed again, all else is equal, and no byte outside the fields changed.
func checkRewrite(t *testing.T, parse func([]byte, *Descriptor) error, before, after []byte, d Descriptor, id uint16, tl0, keyIdx uint8) {
	t.Helper()
	want := d
	free := make([]byte, len(before)) // the bits that may change
	if d.PictureID >= 0 {
		want.PictureID = int32(id) & (1<<d.PictureIDBits - 1)
		free[d.pictureIDAt] = 0x7f
		if d.PictureIDBits == 15 {
			free[d.pictureIDAt+1] = 0xff
		}
	}
	if d.TL0 >= 0 {
		want.TL0 = int16(tl0)
		free[d.tl0At] = 0xff
	}
	if d.KeyIdx >= 0 {
		want.KeyIdx = int8(keyIdx & 0x1f)
		free[d.keyIdxAt] = 0x1f
	}
	var got Descriptor
	if err := parse(after, &got); err != nil || got != want {
		t.Fatalf("after the rewrite %+v, %v; want %+v", got, err, want)
	}
	for i := range before {
		if (before[i]^after[i])&^free[i] != 0 {
			t.Fatalf("byte %d changed from %08b to %08b, may change %08b", i, before[i], after[i], free[i])
		}
	}
}
