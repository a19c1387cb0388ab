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
