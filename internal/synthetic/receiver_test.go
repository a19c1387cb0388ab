package synthetic

import "testing"

// A frame that refers to what did not come is a fault of the server if nothing was lost, but not where a slot begins.
func TestUndecodableFrames(t *testing.T) {
	c := configs[0]
	packets := run(t, c, 60, func(i int) bool { return i == 30 })
	at := func(picture uint32) int {
		for i, p := range packets {
			if p.time == picture*3000 {
				return i
			}
		}
		return len(packets)
	}
	for name, tc := range map[string]struct {
		packets []sent
		faults  bool
	}{
		"begins without a keyframe": {packets[at(3):], false},
		"goes on elsewhere":         {renumbered(packets[:at(3)], packets[at(10):]), true},
		"goes on at a keyframe":     {renumbered(packets[:at(3)], packets[at(30):]), false},
	} {
		r, _ := receive(c, tc.packets)
		if st := r.Stats(); st.Faults > 0 != tc.faults || st.Pictures == 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// renumbered puts packets behind one another without a hole in the numbers.
func renumbered(parts ...[]sent) []sent {
	var out []sent
	for _, part := range parts {
		for _, p := range part {
			p.seq = uint16(len(out))
			out = append(out, p)
		}
	}
	return out
}

// Another encoding or spatial layer of the same source is a switch, and begins with a keyframe.
func TestSwitchesAreCounted(t *testing.T) {
	small, large := configs[0], configs[1]
	packets := renumbered(run(t, small, 10, func(int) bool { return false }), run(t, large, 10, func(int) bool { return false }))
	r := NewReceiver("vp8")
	for _, p := range packets {
		r.Packet(p.at, p.seq, p.time, p.Marker, p.Payload)
	}
	if st := r.Stats(); st.Switches != 1 || st.Faults != 0 || st.Pictures != 20 {
		t.Errorf("%+v", st)
	}
}
