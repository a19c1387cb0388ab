package sfutest

import "github.com/pion/rtp"

// meter counts the bytes of RTP that a Link carries in one direction.
type meter struct {
	all, again int // again: by RTX, or under a number that was there before
	seen       map[uint64]bool
}

// Measure counts from now on. It is for less than 2^16 packets of an SSRC.
func (l *Link) Measure(d Direction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meters[d] = &meter{seen: map[uint64]bool{}}
}

// Measured is how many bytes of RTP came since Measure, and how many of them again.
func (l *Link) Measured(d Direction) (all, again int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.meters[d]
	return m.all, m.again
}

// count takes one packet of so many bytes. A nil meter counts nothing.
func (m *meter) count(h *rtp.Header, bytes int) {
	if m == nil {
		return
	}
	m.all += bytes
	number := uint64(h.SSRC)<<16 | uint64(h.SequenceNumber)
	if h.PayloadType == rtxPT || m.seen[number] {
		m.again += bytes
	}
	m.seen[number] = true
}
