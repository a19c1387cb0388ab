package codec

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// structureL1T3 is the structure of appendix A.10.2.1 with a size: one spatial
// and three temporal layers, template ids from 10, the decode targets from the
// highest frame rate down, one chain.
const structureL1T3 = `
	001010 00010
	00 01 01 00 11
	101010 101010 100100 010000 010000
	0 1 0011 0 1 0001 0 1 0000 0 1 0000 0
	01 0000 0100 0010 0001 0011
	1 0000001001111111 0000000101100111`

// structureL3T3 is the descriptor of a keyframe that Chromium sends with L3T3_KEY.
const structureL3T3 = "c00001c0081485214eaaaaa8000600004000100002aa80a8000600004000100002a000a80006" +
	"0000400016d549241b5524906d54923157e001974ca864330e222396eca8655304224390eca87753013f00b3027f016704ff02cf1f80"

// l1t3 parses a key frame with structureL1T3 into a structure.
func l1t3(t testing.TB) *DependencyStructure {
	t.Helper()
	var s DependencyStructure
	var d Descriptor
	if err := ParseDependencyDescriptor(bin("11 001010 0000000000000001 10000"+structureL1T3), &s, &d); err != nil {
		t.Fatal(err)
	}
	return &s
}

func TestDependencyL1T3(t *testing.T) {
	var s DependencyStructure
	base := Descriptor{TL0: -1, KeyIdx: -1, PictureIDBits: 16, Start: true, End: true, EndOfSuperframe: true,
		SpatialLayers: 1, TemporalLayers: 3, Width: 640, Height: 360}
	for i, c := range []struct {
		name, ext   string
		want        func(*Descriptor)
		diffs       []uint16
		chain       uint8
		indications string
	}{
		{"key frame", "11 001010 1111111111111110 10000" + structureL1T3,
			func(d *Descriptor) { d.PictureID, d.Keyframe, d.SwitchUp = 65534, true, true }, nil, 0, "SSS"},
		{"T2", "11 001101 1111111111111111",
			func(d *Descriptor) { d.PictureID, d.Temporal, d.Discardable = 65535, 2, true }, []uint16{1}, 1, "D--"},
		{"T1, first packet", "10 001100 0000000000000000", func(d *Descriptor) {
			d.PictureID, d.Temporal, d.SwitchUp, d.End, d.EndOfSuperframe = 0, 1, true, false, false
		}, []uint16{2}, 2, "SD-"},
		{"T1, last packet", "01 001100 0000000000000000", func(d *Descriptor) {
			d.PictureID, d.Temporal, d.SwitchUp, d.Start = 0, 1, true, false
		}, []uint16{2}, 2, "SD-"},
		{"T0", "11 001011 0000000000000010",
			func(d *Descriptor) { d.PictureID, d.SwitchUp = 2, true }, []uint16{4}, 4, "SSS"},
		{"T0 with own indications, differences and chain",
			"11 001011 0000000000000011 00111 111010 01 0111 10 00111111 11 111111111111 00 11111111",
			func(d *Descriptor) { d.PictureID = 3 }, []uint16{8, 64, 4096}, 255, "RSS"},
		{"T0 without references", "11 001011 0000000000000100 00010 00 0",
			func(d *Descriptor) { d.PictureID, d.SwitchUp = 4, true }, nil, 4, "SSS"},
		{"T1, highest target switched off", "11 001100 0000000000000101 01000 110",
			func(d *Descriptor) { d.PictureID, d.Temporal = 5, 1 }, []uint16{2}, 2, "SD-"},
		{"T0 after that", "11 001011 0000000000000110",
			func(d *Descriptor) { d.PictureID, d.SwitchUp = 6, true }, []uint16{4}, 4, "SSS"},
		{"no target active", "11 001011 0000000000000111 01000 000",
			func(d *Descriptor) { d.PictureID, d.EndOfSuperframe = 7, false }, []uint16{4}, 4, "SSS"},
	} {
		want := base
		c.want(&want)
		want.FrameNumber = want.PictureID
		d := dirty()
		if err := ParseDependencyDescriptor(bin(c.ext), &s, &d); err != nil || targetless(d) != want {
			t.Fatalf("%d %s:\n got %+v, %v\nwant %+v", i, c.name, d, err, want)
		}
		if got := s.Frame.Diffs(); fmt.Sprint(got) != fmt.Sprint(c.diffs) {
			t.Errorf("%s: differences %v, want %v", c.name, got, c.diffs)
		}
		if got := s.Frame.ChainDiff(0); got != c.chain {
			t.Errorf("%s: chain %d, want %d", c.name, got, c.chain)
		}
		if got := indications(&s); got != c.indications {
			t.Errorf("%s: indications %s, want %s", c.name, got, c.indications)
		}
	}
	targets := []DecodeTarget{{0, 2, 0}, {0, 1, 0}, {0, 0, 0}}
	if got := s.Targets[:s.TargetCount]; fmt.Sprint(got) != fmt.Sprint(targets) || s.ChainCount != 1 {
		t.Errorf("targets %v, %d chains; want %v, 1", got, s.ChainCount, targets)
	}
}

// indications writes the indications of the last frame with the symbols of
// table A.1.
func indications(s *DependencyStructure) string {
	var out []byte
	for i := range int(s.TargetCount) {
		out = append(out, "-DSR"[s.Frame.Target(i)])
	}
	return string(out)
}

// TestDependencySpatial parses a structure of two spatial layers with one decode
// target each, the frames of a key picture and of a later one.
func TestDependencySpatial(t *testing.T) {
	const structure = `
		111111 00001
		00 10 00 11
		1010 1111 0010 0010
		0 1 0001 0 1 0000 0 1 0001 1 0000 0
		11 0 1
		0000 0000 0010 0001 0001 0001 0001 0001
		1 0000000100111111 0000000010110011 0000001001111111 0000000101100111`
	var s DependencyStructure
	for _, c := range []struct {
		ext  string
		want Descriptor
	}{
		{"11 111111 0000000000000101 10000" + structure, Descriptor{PictureID: 5, Start: true, End: true,
			Keyframe: true, SwitchUp: true, Width: 640, Height: 360}},
		{"10 000001 0000000000000110", Descriptor{PictureID: 6, Spatial: 1, Start: true,
			SwitchUp: true, Width: 640, Height: 360}},
		{"01 000001 0000000000000110", Descriptor{PictureID: 6, Spatial: 1, End: true, EndOfSuperframe: true,
			SwitchUp: true, Width: 640, Height: 360}},
		{"11 000000 0000000000000111", Descriptor{PictureID: 7, Start: true, End: true, Width: 640, Height: 360}},
		{"11 000000 0000000000001000 01000 01", Descriptor{PictureID: 8, Start: true, End: true,
			EndOfSuperframe: true, Width: 320, Height: 180}},
	} {
		c.want.TL0, c.want.KeyIdx, c.want.PictureIDBits = -1, -1, 16
		c.want.SpatialLayers, c.want.TemporalLayers = 2, 1
		c.want.FrameNumber = c.want.PictureID
		d := dirty()
		if err := ParseDependencyDescriptor(bin(c.ext), &s, &d); err != nil || targetless(d) != c.want {
			t.Fatalf("%s:\n got %+v, %v\nwant %+v", c.ext, d, err, c.want)
		}
	}
}

// TestDependencyStructureLater attaches the structure where no keyframe starts.
func TestDependencyStructureLater(t *testing.T) {
	for _, ext := range []string{
		"11 001011 0000000000000001 10000" + structureL1T3, // refers to another frame
		"01 001010 0000000000000001 10000" + structureL1T3, // not the first packet
	} {
		var s DependencyStructure
		var d Descriptor
		if err := ParseDependencyDescriptor(bin(ext), &s, &d); err != nil || d.Keyframe {
			t.Errorf("%.40s: %+v, %v", ext, d, err)
		}
	}
}

func TestDependencyErrors(t *testing.T) {
	for _, c := range []struct {
		name, ext string
		want      error
	}{
		{"empty", "", ErrShort},
		{"two bytes", "11 001010 00000000", ErrShort},
		{"unknown template below", "11 001001 0000000000000001", ErrUnknownTemplate},
		{"unknown template above", "11 001111 0000000000000001", ErrUnknownTemplate},
		{"indications cut off", "11 001010 0000000000000001 00100 101", ErrShort},
		{"chains cut off", "11 001010 0000000000000001 00001 101", ErrShort},
		{"nine differences", "11 001010 0000000000000001 00010 010000 010000 010000 010000 010000 010000 010000 010000 010000 00", ErrTooLarge},
		{"structure cut in its layers", "11 001010 0000000000000001 10000 001010 00010 00 01", ErrShort},
		{"structure cut in its indications", "11 001010 0000000000000001 10000 001010 00010 11 1010", ErrShort},
		{"structure cut in its sizes", "11 001010 0000000000000001 10000 001010 00010 11 101010 0 00 1 00000000", ErrShort},
		{"structure without the template", "11 111111 0000000000000001 10000" + structureL1T3, ErrUnknownTemplate},
		{"five spatial layers", "11 001010 0000000000000001 10000 001010 00010 10 10 10 10 11 0000000000000000", ErrTooLarge},
		{"nine temporal layers", "11 001010 0000000000000001 10000 001010 00010 01 01 01 01 01 01 01 01 11 000000000", ErrTooLarge},
		{"template with nine differences", "11 001010 0000000000000001 10000 001010 00000 11 10 10000 10000 10000 10000 10000 10000 10000 10000 10000 0", ErrTooLarge},
		{"65 templates", "11 000000 0000000000000001 10000 000000 00000" + string(bytes.Repeat([]byte("00"), 64)) + "11", ErrTooLarge},
	} {
		s := l1t3(t)
		before := *s
		ext := bin(c.ext)
		d := dirty()
		if err := ParseDependencyDescriptor(ext, s, &d); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if *s != before {
			t.Errorf("%s: changed the structure", c.name)
		}
		want := empty()
		if len(ext) >= 3 {
			want.Start, want.End, want.PictureID, want.FrameNumber, want.PictureIDBits = true, true, 1, 1, 16
		}
		if d != want {
			t.Errorf("%s: %+v, want %+v", c.name, d, want)
		}
	}
}

// TestDependencyWithoutStructure parses packets before the first structure.
func TestDependencyWithoutStructure(t *testing.T) {
	for _, ext := range []string{"11 001010 0000000000000001", "11 001010 0000000000000001 01000 111"} {
		var s DependencyStructure
		var d Descriptor
		if err := ParseDependencyDescriptor(bin(ext), &s, &d); !errors.Is(err, ErrNoStructure) {
			t.Errorf("%s: %v", ext, err)
		}
		if s != (DependencyStructure{}) {
			t.Errorf("%s: changed the structure", ext)
		}
	}
}

// TestDependencyLatePacket parses a packet of an older structure with a copy, as
// the documentation asks, and goes on with the newer one.
func TestDependencyLatePacket(t *testing.T) {
	s := l1t3(t)
	newer := *s
	late := newer
	var d Descriptor
	old := bin("11 000000 0000000000000000 10000 000000 00000 11 10 0 0 0")
	if err := ParseDependencyDescriptor(old, &late, &d); err != nil || d.PictureID != 0 || !d.Keyframe {
		t.Fatalf("%+v, %v", d, err)
	}
	if *s != newer {
		t.Fatal("the copy is not a copy")
	}
	if err := ParseDependencyDescriptor(bin("11 001101 0000000000000010"), s, &d); err != nil || d.Temporal != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestRewriteDependencyDescriptor(t *testing.T) {
	for _, number := range []uint16{0, 1, 255, 256, 65534, 65535} {
		before := bin("11 001010 0101010110101010 10000" + structureL1T3)
		after := bytes.Clone(before)
		RewriteDependencyDescriptor(after, number)
		checkFrameNumber(t, before, after, number)
	}
	short := []byte{1, 2}
	RewriteDependencyDescriptor(short, 0xffff)
	RewriteDependencyDescriptor(nil, 0xffff)
	if !bytes.Equal(short, []byte{1, 2}) {
		t.Errorf("changed a short extension to %x", short)
	}
}

// checkFrameNumber checks that after has the new number and is before elsewhere.
func checkFrameNumber(t *testing.T, before, after []byte, number uint16) {
	t.Helper()
	want := bytes.Clone(before)
	want[1], want[2] = byte(number>>8), byte(number)
	if !bytes.Equal(after, want) {
		t.Fatalf("rewritten %x, want %x", after, want)
	}
}

func FuzzParseDependencyDescriptor(f *testing.F) {
	f.Add(bin("11 001010 1111111111111110 10000"+structureL1T3), bin("11 001100 0000000000000000"), uint16(7))
	f.Add(bin("11 001010 1111111111111110 11000"+structureL1T3+"101"), bin("11 001011 0000000000000011 01111 110 111010 01 0111 10 00111111 00 11111111"), uint16(7))
	f.Add(bin("11 000000 0000000000000000 10000 000000 00000 11 10 0 0 0"), bin("11 000000 0000000000000001 00010 010000 00"), uint16(65535))
	for _, name := range []string{"vp9", "av1"} {
		var structure []byte
		for _, p := range recordedSeeds(f, name) {
			if e := p.GetExtension(14); len(e) > 20 {
				structure = e
			} else if structure != nil && len(e) >= 3 {
				f.Add(structure, e, p.SequenceNumber)
			}
		}
	}
	f.Fuzz(func(t *testing.T, first, second []byte, number uint16) {
		var s DependencyStructure
		for _, ext := range [][]byte{first, second} {
			fuzzDependency(t, ext, &s, number)
		}
	})
}

// fuzzDependency parses one extension and checks what holds for every input.
func fuzzDependency(t *testing.T, ext []byte, s *DependencyStructure, number uint16) {
	t.Helper()
	stored, again := *s, *s
	input := bytes.Clone(ext)
	d := dirty()
	err := ParseDependencyDescriptor(ext, s, &d)
	if !bytes.Equal(ext, input) {
		t.Fatalf("the parser changed its input")
	}
	checkRanges(t, d)
	if err != nil {
		checkSentinel(t, err)
		if *s != stored {
			t.Fatalf("%v changed the structure", err)
		}
	} else {
		checkStructure(t, s, d)
	}

	rewritten := bytes.Clone(ext)
	RewriteDependencyDescriptor(rewritten, number)
	if len(ext) < 3 {
		return
	}
	checkFrameNumber(t, ext, rewritten, number)
	want, got := d, dirty()
	want.PictureID, want.FrameNumber = int32(number), int32(number)
	if err2 := ParseDependencyDescriptor(rewritten, &again, &got); !errors.Is(err2, err) || got != want || again != *s {
		t.Fatalf("after the rewrite %+v, %v; want %+v, %v", got, err2, want, err)
	}
}

// checkStructure checks the ranges that DependencyStructure promises.
func checkStructure(t *testing.T, s *DependencyStructure, d Descriptor) {
	t.Helper()
	if s.TargetCount < 1 || s.TargetCount > 32 || s.ChainCount > s.TargetCount {
		t.Fatalf("%d targets, %d chains", s.TargetCount, s.ChainCount)
	}
	if uint64(s.Active) >= 1<<s.TargetCount {
		t.Fatalf("active %b of %d targets", s.Active, s.TargetCount)
	}
	for i, target := range s.Targets {
		if target.Chain != 0 && target.Chain >= s.ChainCount || target.Spatial > 3 || target.Temporal > 7 {
			t.Fatalf("target %d: %+v", i, target)
		}
		if i >= int(s.TargetCount) && (target != DecodeTarget{} || s.Frame.Target(i) != NotPresent) {
			t.Fatalf("target %d of %d: %+v, %d", i, s.TargetCount, target, s.Frame.Target(i))
		}
	}
	for _, diff := range s.Frame.Diffs() {
		if diff < 1 || diff > 4096 {
			t.Fatalf("difference %d", diff)
		}
	}
	if d.Spatial >= int8(d.SpatialLayers) || d.Temporal >= int8(d.TemporalLayers) || d.SpatialLayers > 4 || d.TemporalLayers > 8 {
		t.Fatalf("layer of %+v", d)
	}
}

func BenchmarkParseDependencyDescriptor(b *testing.B) {
	for _, c := range []struct {
		name string
		ext  []byte
	}{
		{"template", bin("11 001101 0000000000000010")},
		{"custom", bin("11 001011 0000000000000011 01111 111 111010 01 0111 10 00111111 00 11111111")},
		{"structure", bin("11 001010 0000000000000001 10000" + structureL1T3)},
		{"structure of L3T3", unhex(structureL3T3)},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, ext := l1t3(b), c.ext
			var d Descriptor
			b.ReportAllocs()
			for b.Loop() {
				if err := ParseDependencyDescriptor(ext, s, &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRewriteDependencyDescriptor(b *testing.B) {
	ext := bin("11 001101 0000000000000010")
	b.ReportAllocs()
	for b.Loop() {
		RewriteDependencyDescriptor(ext, 0x1234)
	}
}
