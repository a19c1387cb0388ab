package codec

import "testing"

// TestDependencyTargets checks what packets of structureL1T3 say of decode targets
// and references: bits of temporal layers, all in spatial layer 0.
func TestDependencyTargets(t *testing.T) {
	for _, c := range []struct {
		name, ext                 string
		present, switches, active uint8
		refs                      []uint16
		tells, predicted          bool
	}{
		{"key frame", "11 001010 0000000000000001 10000" + structureL1T3, 0b111, 0b111, 0b111, nil, true, false},
		{"T2", "11 001101 0000000000000010", 0b100, 0, 0b111, []uint16{1}, false, true},
		{"T1", "11 001100 0000000000000011", 0b110, 0b100, 0b111, []uint16{2}, false, true},
		{"T0", "11 001011 0000000000000100", 0b111, 0b111, 0b111, []uint16{4}, false, true},
		{"T0, no flag set", "11 001011 0000000000000100 00000", 0b111, 0b111, 0b111, []uint16{4}, false, true},
		{"T0 with own values", "11 001011 0000000000000101 00110 111000 01 0111 10 00111111 00",
			0b110, 0b010, 0b111, []uint16{8, 64}, false, true},
		{"T1, two targets left", "11 001100 0000000000000110 01000 110", 0b110, 0b100, 0b011, []uint16{2}, true, true},
	} {
		s, d := l1t3(t), dirty()
		if err := ParseDependencyDescriptor(bin(c.ext), s, &d); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		want := d
		want.HasTargets, want.TellsTargets, want.Predicted = true, c.tells, c.predicted
		want.Present, want.SwitchTo, want.Active = [4]uint8{c.present}, [4]uint8{c.switches}, [4]uint8{c.active}
		want.RefCount, want.Refs = uint8(len(c.refs)), [8]uint16{}
		copy(want.Refs[:], c.refs)
		if d != want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, d, want)
		}
	}
}

// TestDependencyIndependentLayers: where two spatial layers do not use each other, the
// keyframes of both bring the structure. The lower one that is sent starts.
func TestDependencyIndependentLayers(t *testing.T) {
	const structure = `
		000000 00001
		00 10 00 11
		1100 1100 0011 0011
		0 1 0001 0 0 1 0001 0
		0 0`
	for _, c := range []struct {
		name, ext string
		want      bool
	}{
		{"S0", "11 000000 0000000000000001 10000" + structure, true},
		{"S1", "11 000010 0000000000000010 10000" + structure, false},
		{"S1, only it is sent", "11 000010 0000000000000010 11000" + structure + "10", true},
		{"S1, only S0 is sent", "11 000010 0000000000000010 11000" + structure + "01", false},
		{"S0, only S1 is sent", "11 000000 0000000000000010 11000" + structure + "10", true},
	} {
		var s DependencyStructure
		var d Descriptor
		if err := ParseDependencyDescriptor(bin(c.ext), &s, &d); err != nil || d.Keyframe != c.want {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}
