package rtpfwd

// seenWindow is how many numbers back a packet may come late, a power of two.
const seenWindow = 1024

// seen remembers which of the last seenWindow numbers were received.
type seen [seenWindow / 64]uint64

// set notes that seq was received.
func (s *seen) set(seq SeqNo) { s[seq&(seenWindow-1)>>6] |= 1 << (seq & 63) }

// has says whether seq was received; seq must lie within the window.
func (s *seen) has(seq SeqNo) bool { return s[seq&(seenWindow-1)>>6]&(1<<(seq&63)) != 0 }

// advance moves the window so that it ends at highest and notes its reception.
func (s *seen) advance(previous, highest SeqNo) {
	if highest-previous >= seenWindow {
		*s = seen{}
	} else {
		for seq := previous + 1; seq < highest; seq++ {
			s[seq&(seenWindow-1)>>6] &^= 1 << (seq & 63)
		}
	}
	s.set(highest)
}
