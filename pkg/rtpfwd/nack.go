package rtpfwd

import (
	"slices"
	"time"
)

const (
	// maxMissing bounds the loss map. At 800 packets/s, 30 % loss and 300 ms of
	// round trip some 110 packets are missing at a time.
	maxMissing = 256
	// nackAfter and nackDistance say when a packet counts as lost rather than
	// reordered: 20 ms late, or two numbers behind. TCP too takes a segment for
	// lost after few later ones.
	nackAfter    = 20 * time.Millisecond
	nackDistance = 2
	// nackRepeat is the shortest time between two requests for one packet.
	nackRepeat = 20 * time.Millisecond
	// nackSlack is what a repair may take longer than the round trip. Without it, a
	// fifth of the repairs were asked for again just before they came.
	nackSlack = 10 * time.Millisecond
	// maxNacks is how often a packet is asked for. With 30 % loss both ways,
	// ten requests one round trip apart left three packets a minute without an answer.
	maxNacks = 30
)

// missing is a packet that did not come yet.
type missing struct {
	seq      SeqNo         // wire numbering
	due      time.Duration // when to ask, or when to give up after the last request
	requests uint8
}

// lossMap holds the packets of one stream that are missing, lowest number first,
// and schedules the requests for them (RFC 4585 section 6.2.1).
type lossMap struct {
	entries []missing     // capacity maxMissing, fixed after construction
	due     time.Duration // no entry is due before
}

// newLossMap makes an empty loss map.
func newLossMap() lossMap {
	return lossMap{entries: make([]missing, 0, maxMissing), due: Never}
}

// advance notes that highest arrived at now, and that nothing between previous and
// highest did so far. Of a longer gap only the newest maxMissing are kept.
func (m *lossMap) advance(now time.Duration, previous, highest SeqNo) {
	if n := len(m.entries); n > 0 {
		m.hurry(now, &m.entries[n-1], highest)
	}
	first := max(previous+1, highest-maxMissing)
	if first >= highest {
		return
	}
	if over := len(m.entries) + int(highest-first) - maxMissing; over > 0 {
		m.entries = slices.Delete(m.entries, 0, over)
	}
	for seq := first; seq < highest; seq++ {
		e := missing{seq: seq, due: now + nackAfter}
		m.hurry(now, &e, highest)
		m.entries = append(m.entries, e)
		m.due = min(m.due, e.due)
	}
}

// hurry makes e due at once if it lies far enough behind highest. Before its first
// request that can only be pending for the newest entry.
func (m *lossMap) hurry(now time.Duration, e *missing, highest SeqNo) {
	if e.requests == 0 && e.due > now && highest-e.seq >= nackDistance {
		e.due = now
		m.due = min(m.due, now)
	}
}

// arrived takes seq off the map and returns how often it was asked for.
func (m *lossMap) arrived(seq SeqNo) (requests uint8) {
	i, ok := slices.BinarySearchFunc(m.entries, seq, func(e missing, s SeqNo) int { return int(e.seq - s) })
	if !ok {
		return 0
	}
	requests = m.entries[i].requests
	m.entries = slices.Delete(m.entries, i, i+1)
	if len(m.entries) == 0 {
		m.due = Never
	}
	return requests
}

// giveUpBefore forgets all that is below seq.
func (m *lossMap) giveUpBefore(seq SeqNo) {
	n := 0
	for n < len(m.entries) && m.entries[n].seq < seq {
		n++
	}
	m.entries = slices.Delete(m.entries, 0, n)
	if len(m.entries) == 0 {
		m.due = Never
	}
}

// requests appends the numbers to ask for now, and gives up those that were asked
// for often enough.
func (m *lossMap) requests(now, rtt time.Duration, out []uint16) []uint16 {
	if now < m.due {
		return out
	}
	m.due = Never
	kept := m.entries[:0]
	for _, e := range m.entries {
		if e.due <= now {
			if e.requests == maxNacks {
				continue
			}
			out = append(out, uint16(e.seq))
			e.requests++
			e.due = now + wait(e.requests, rtt)
		}
		m.due = min(m.due, e.due)
		kept = append(kept, e)
	}
	m.entries = kept
	return out
}

// wait is the time from a request to the next one for the same packet. The first
// repair may just be on its way. When it did not come, the path is bad, and may well
// have lost the request: it is sent twice in a round trip then, of which publishers
// heed one.
func wait(requests uint8, rtt time.Duration) time.Duration {
	if requests <= 1 {
		return max(rtt+nackSlack, nackRepeat)
	}
	return max(rtt/2, nackRepeat)
}
