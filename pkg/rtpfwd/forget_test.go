package rtpfwd

import "testing"

// What was sent before Forget is not sent again; what comes after it is.
func TestForget(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	before := s.sendMany(100, 20)
	s.o.Forget()
	after := s.sendMany(120, 20)
	ask := func(of map[uint16][]byte) (granted int) {
		var lost []uint16
		for wire := range of {
			lost = append(lost, wire)
		}
		return len(s.o.Feedback(s.now, 0, lost, &Budget{}, nil))
	}
	if n := ask(before); n != 0 {
		t.Errorf("%d packets of before are sent again", n)
	}
	if n := ask(after); n != 20 {
		t.Errorf("%d of 20 packets of after are sent again", n)
	}
}

// The numbers of packets that never came are counted, until they come.
func TestUnsentNumbers(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(100, 10)
	s.sendMany(115, 10)
	if got := s.o.Stats(); got.Unsent != 5 || got.Packets != 20 {
		t.Errorf("%+v", got)
	}
}
