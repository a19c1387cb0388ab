package codec

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainBlock is a block of the model: what a sender means.
type plainBlock struct {
	pt     uint8
	offset uint16
	data   []byte
}

// serialiseRED is the model: blocks as RFC 2198 writes them, bit by bit.
func serialiseRED(blocks []plainBlock) []byte {
	var w bitWriter
	for i, b := range blocks {
		last := i == len(blocks)-1
		w.flag(!last)
		w.u(7, uint64(b.pt))
		if !last {
			w.u(14, uint64(b.offset))
			w.u(10, uint64(len(b.data)))
		}
	}
	out := w.bytes()
	for _, b := range blocks {
		out = append(out, b.data...)
	}
	return out
}

// readBlocks takes what was parsed back into the form of the model.
func readBlocks(payload []byte, r *RED) (out []plainBlock) {
	for _, b := range r.Blocks() {
		out = append(out, plainBlock{b.PayloadType, b.Offset, payload[b.Start:b.End]})
	}
	return out
}

func sameBlock(a, b plainBlock) bool {
	return a.pt == b.pt && a.offset == b.offset && bytes.Equal(a.data, b.data)
}

// randomBlocks makes count blocks, some without bytes, some of the largest size.
func randomBlocks(rng *rand.Rand, count int) []plainBlock {
	var out []plainBlock
	for i := range count {
		b := plainBlock{pt: uint8(rng.IntN(128)), data: make([]byte, rng.IntN(4)*rng.IntN(MaxREDLength/3+1))}
		if i < count-1 {
			b.offset = uint16(rng.IntN(MaxREDOffset + 1))
		}
		for k := range b.data {
			b.data[k] = byte(rng.Uint32())
		}
		out = append(out, b)
	}
	return out
}

// TestREDModel holds the parser and the rewriter against the model, and cuts payloads
// everywhere: only the primary block may be shorter without anybody noticing.
func TestREDModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(2198, 1))
	for range 300 {
		count := 1 + rng.IntN(MaxREDBlocks+2)
		blocks := randomBlocks(rng, count)
		payload := serialiseRED(blocks)
		var r RED
		err := ParseRED(payload, &r)
		if count > MaxREDBlocks {
			if !errors.Is(err, ErrTooLarge) || len(r.Blocks()) != 0 {
				t.Fatalf("%d blocks: %v", count, err)
			}
			continue
		}
		if got := readBlocks(payload, &r); err != nil || !slices.EqualFunc(got, blocks, sameBlock) {
			t.Fatalf("%v: %v, want %v", err, got, blocks)
		}
		if primary := r.Primary(); primary != r.Blocks()[count-1] || primary.Offset != 0 {
			t.Fatalf("primary %+v", primary)
		}
		needed := len(payload) - len(blocks[count-1].data)
		for _, cut := range []int{0, 1, REDHeaderSize, rng.IntN(needed + 1), needed - 1, needed} {
			if err := ParseRED(payload[:min(cut, needed)], &r); (err == nil) != (cut >= needed) || err != nil && !errors.Is(err, ErrShort) {
				t.Fatalf("cut to %d of %d needed bytes: %v", cut, needed, err)
			}
		}
		RewriteRED(payload, 77)
		for i := range blocks {
			blocks[i].pt = 77
		}
		if !bytes.Equal(payload, serialiseRED(blocks)) {
			t.Fatalf("rewritten: %x", payload)
		}
	}
}

// TestREDHeaders holds the writers against the model.
func TestREDHeaders(t *testing.T) {
	for _, c := range []plainBlock{
		{111, 960, make([]byte, 80)}, {127, MaxREDOffset, make([]byte, MaxREDLength)}, {0, 1, nil}, {63, 0x2aaa, make([]byte, 0x155)},
	} {
		b := make([]byte, REDHeaderSize+REDPrimarySize)
		PutREDHeader(b, c.pt, c.offset, len(c.data))
		PutREDPrimary(b[REDHeaderSize:], c.pt)
		if want := serialiseRED([]plainBlock{c, {pt: c.pt}})[:len(b)]; !bytes.Equal(b, want) {
			t.Errorf("%d, %d, %d bytes: %x, want %x", c.pt, c.offset, len(c.data), b, want)
		}
	}
}

func TestParseREDRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		want    error
	}{
		"empty":                         {"", ErrShort},
		"half a header":                 {"ef 0f 00", ErrShort},
		"no primary header":             {"ef 0f 00 00", ErrShort},
		"a block that is longer":        {"ef 0f 00 03 6f 01 02", ErrShort},
		"a block of all that there is":  {"ef 0f 00 03 6f 01 02 03", nil},
		"a primary block of one byte":   {"6f 01", nil},
		"a primary block of no bytes":   {"6f", nil},
		"two blocks that are too long":  {"ef 0f 03 ff ef 0f 03 ff 6f 01", ErrShort},
		"headers without end":           {"ef 0f 00 00 ef 0f 00 00 ef 0f 00 00", ErrShort},
		"nine blocks, all of no length": {"80000000 80000000 80000000 80000000 80000000 80000000 80000000 80000000 00", ErrTooLarge},
	} {
		var r RED
		if err := ParseRED(unhex(c.payload), &r); !errors.Is(err, c.want) || (err == nil) != (len(r.Blocks()) > 0) {
			t.Errorf("%s: %v with %d blocks, want %v", name, err, len(r.Blocks()), c.want)
		}
	}
	var r RED
	if err := ParseRED(make([]byte, 1<<16), &r); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a payload that no offset reaches: %v", err)
	}
}

// FuzzRED: whatever is accepted lies in the payload without a gap, and is what the
// model writes.
func FuzzRED(f *testing.F) {
	rng := rand.New(rand.NewPCG(2198, 2))
	for count := range MaxREDBlocks + 1 {
		f.Add(serialiseRED(randomBlocks(rng, count+1)), uint8(count*30))
	}
	f.Add(unhex("ef 0f 00 03 6f 01 02"), uint8(111))
	f.Add([]byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, payload []byte, pt uint8) {
		before := bytes.Clone(payload)
		var r RED
		err := ParseRED(payload, &r)
		if !bytes.Equal(payload, before) {
			t.Fatal("the parser changed its input")
		}
		RewriteRED(payload, pt)
		if err != nil {
			if len(r.Blocks()) != 0 || !errors.Is(err, ErrShort) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("%v with %d blocks", err, len(r.Blocks()))
			}
			return
		}
		blocks := readBlocks(before, &r)
		if again := serialiseRED(blocks); !bytes.Equal(again, before) {
			t.Fatalf("%x reads as %x", before, again)
		}
		for i := range blocks {
			blocks[i].pt = pt & 0x7f
		}
		if again := serialiseRED(blocks); !bytes.Equal(again, payload) {
			t.Fatalf("rewritten to %x, want %x", payload, again)
		}
	})
}

func BenchmarkParseRED(b *testing.B) {
	payload := serialiseRED([]plainBlock{{111, 960, make([]byte, 80)}, {111, 0, make([]byte, 80)}})
	var r RED
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseRED(payload, &r); err != nil {
			b.Fatal(err)
		}
		RewriteRED(payload, 111)
	}
}
