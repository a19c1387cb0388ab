package codec

import (
	"bytes"
	"testing"
)

func TestRewriteActiveTargets(t *testing.T) {
	for _, c := range []struct {
		name, ext string
		temporal  int8
		want      string
	}{
		{"structure, T1 and below", "11 001010 0000000000000001 10000" + structureL1T3, 1,
			"11 001010 0000000000000001 11000" + structureL1T3 + "110"},
		{"structure, all", "11 001010 0000000000000001 10000" + structureL1T3, 2,
			"11 001010 0000000000000001 11000" + structureL1T3 + "111"},
		{"structure, with values of its own behind it", "11 001010 0000000000000001 10110" + structureL1T3 + "101010 01 0111 00", 0,
			"11 001010 0000000000000001 11110" + structureL1T3 + "100 101010 01 0111 00"},
		{"bitmask", "11 001100 0000000000000110 01000 011", 1, "11 001100 0000000000000110 01000 010"},
		{"bitmask, nothing left", "11 001100 0000000000000110 01000 011", 0, "11 001100 0000000000000110 01000 000"},
		{"neither", "11 001101 0000000000000010", 0, "11 001101 0000000000000010 01000 100"},
		{"no flag set", "11 001101 0000000000000010 00000", 1, "11 001101 0000000000000010 01000 110"},
		{"own values", "11 001011 0000000000000101 00101 111000 11111111", 1,
			"11 001011 0000000000000101 01101 110 111000 11111111"},
		{"padding behind", "11 001100 0000000000000110 01000 011 0000000000000000", 1, "11 001100 0000000000000110 01000 010"},
	} {
		var d Descriptor
		ext, want := bin(c.ext), bin(c.want)
		if err := ParseDependencyDescriptor(ext, l1t3(t), &d); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		dst := bytes.Repeat([]byte{0xff}, len(want)+1)
		n := RewriteActiveTargets(dst, ext, &d, 0, c.temporal)
		if !bytes.Equal(dst[:n], want) || dst[len(want)] != 0xff || n != d.ActiveTargetsSize(len(ext)) {
			t.Errorf("%s:\n got %08b\nwant %08b", c.name, dst[:n], want)
		}
		if n := RewriteActiveTargets(dst[:len(want)-1], ext, &d, 0, c.temporal); n != 0 {
			t.Errorf("%s: wrote %d bytes into %d", c.name, n, len(want)-1)
		}
	}
}

// TestRewriteActiveTargetsCopies has what cannot be rewritten.
func TestRewriteActiveTargetsCopies(t *testing.T) {
	var d Descriptor
	dst := make([]byte, 300)
	check := func(name string, ext []byte, d *Descriptor) {
		t.Helper()
		if n := RewriteActiveTargets(dst, ext, d, 0, 0); !bytes.Equal(dst[:n], ext) || n != d.ActiveTargetsSize(len(ext)) {
			t.Errorf("%s: %x became %x", name, ext, dst[:n])
		}
	}
	unknown := bin("11 111111 0000000000000001")
	if ParseDependencyDescriptor(unknown, l1t3(t), &d) == nil {
		t.Fatal("a template that the structure does not have")
	}
	check("unknown template", unknown, &d)
	check("nothing", nil, &d)

	ext := bin("11 001010 0000000000000001 10000" + structureL1T3)
	if err := ParseDependencyDescriptor(ext, l1t3(t), &d); err != nil {
		t.Fatal(err)
	}
	check("of another packet", ext[:5], &d)

	m := ddModel{targets: 32} // each template takes 67 bits
	for range 30 {
		m.templates = append(m.templates, ddFrame{dtis: make([]int, 32)})
	}
	for _, c := range []struct {
		templates int
		grows     bool
	}{{29, true}, {30, false}} {
		m.templates = m.templates[:c.templates]
		long := m.encode(ddPacket{structure: true, frame: m.templates[0]})
		var s DependencyStructure
		if err := ParseDependencyDescriptor(long, &s, &d); err != nil {
			t.Fatal(err)
		}
		if n := d.ActiveTargetsSize(len(long)); (n > len(long)) != c.grows || c.grows && n > 255 {
			t.Errorf("%d bytes become %d", len(long), n)
		}
	}
	check("too long", m.encode(ddPacket{structure: true, frame: m.templates[0]}), &d)
}

// rewriteActive compares a rewritten packet with one that is encoded with the wanted
// targets.
func (m ddModel) rewriteActive(t *testing.T, p ddPacket, ext []byte, d *Descriptor, active uint64, spatial, temporal int8) {
	t.Helper()
	p.setActive, p.active = true, active
	for i := range m.targets {
		if s, l := m.targetLayer(i); s > int(spatial) || l > int(temporal) {
			p.active &^= 1 << i
		}
	}
	want := m.encode(p)
	if len(want) > 255 {
		want = ext
	}
	var dst [2048]byte
	n := RewriteActiveTargets(dst[:], ext, d, spatial, temporal)
	if !bytes.Equal(dst[:n], want) || n != d.ActiveTargetsSize(len(ext)) || n > max(255, len(ext)) {
		t.Fatalf("up to %d, %d: %x became\n %x, want\n %x", spatial, temporal, ext, dst[:n], want)
	}
}

func FuzzRewriteActiveTargets(f *testing.F) {
	structure := bin("11 001010 1111111111111110 10000" + structureL1T3)
	f.Add(structure, bin("11 001100 0000000000000000"), int8(0), int8(1))
	f.Add(structure, bin("11 001100 0000000000000000 01000 011"), int8(0), int8(1))
	f.Add(bin("11 001010 1111111111111110 11000"+structureL1T3+"101"), bin("11 001011 0000000000000011 01111 110 111010 01 0111 10 00111111 00 11111111"), int8(0), int8(0))
	f.Add(bin("11 000000 0000000000000000 10000 000000 00000 11 10 0 0 0"), bin("11 000000 0000000000000001 00010 010000 00"), int8(3), int8(-1))
	f.Fuzz(func(t *testing.T, first, second []byte, spatial, temporal int8) {
		var s DependencyStructure
		for _, ext := range [][]byte{first, second} {
			fuzzActiveTargets(t, ext, &s, spatial, temporal)
		}
	})
}

// fuzzActiveTargets rewrites one descriptor and parses the result: the same frame,
// with the wanted active targets.
func fuzzActiveTargets(t *testing.T, ext []byte, s *DependencyStructure, spatial, temporal int8) {
	t.Helper()
	again := *s
	var d, got Descriptor
	err := ParseDependencyDescriptor(ext, s, &d)
	dst := make([]byte, len(ext)+5)
	n := RewriteActiveTargets(dst, ext, &d, spatial, temporal)
	if n != d.ActiveTargetsSize(len(ext)) || d.TellsTargets && n > len(ext)+4 {
		t.Fatalf("%d bytes became %d, not %d", len(ext), n, d.ActiveTargetsSize(len(ext)))
	}
	if err != nil || n > maxDescriptor || d.bitsWithin(len(ext)) == 0 {
		if !bytes.Equal(dst[:n], ext) {
			t.Fatalf("%x became %x", ext, dst[:n])
		}
		return
	}
	if err := ParseDependencyDescriptor(dst[:n], &again, &got); err != nil {
		t.Fatalf("%x became %x: %v", ext, dst[:n], err)
	}
	want := *s
	want.activate(s.Active)
	for i, target := range s.Targets[:s.TargetCount] {
		if target.Spatial > spatial || target.Temporal > temporal {
			want.Active &^= 1 << i
		}
	}
	want.activate(want.Active)
	if again != want {
		t.Fatalf("%x became %x: targets %b, want %b, or another frame", ext, dst[:n], again.Active, want.Active)
	}
	if got.Start != d.Start || got.End != d.End || got.FrameNumber != d.FrameNumber || got.Present != d.Present || got.SwitchTo != d.SwitchTo {
		t.Fatalf("%+v became %+v", d, got)
	}
}

func BenchmarkRewriteActiveTargets(b *testing.B) {
	for _, c := range []struct{ name, ext string }{
		{"bitmask", "11 001100 0000000000000110 01000 011"},
		{"structure", "11 001010 0000000000000001 10000" + structureL1T3},
	} {
		b.Run(c.name, func(b *testing.B) {
			var d Descriptor
			ext, dst := bin(c.ext), make([]byte, 64)
			if err := ParseDependencyDescriptor(ext, l1t3(b), &d); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				RewriteActiveTargets(dst, ext, &d, 0, 1)
			}
		})
	}
}
