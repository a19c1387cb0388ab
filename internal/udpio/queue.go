package udpio

import (
	"net/netip"
	"sync"
)

// Bounds of a Queue. A round of fan-out brings the packets of a frame one after the other, each for all its destinations: only a
// queue that holds the whole round has them side by side.
const (
	queueDatagrams = 1024
	queueBytes     = 1 << 20
)

// Queue holds datagrams until its Flush, or until it is full. It is made for one goroutine that fills and flushes it; the lock is for
// those who do so once in a while.
type Queue struct {
	mu      sync.Mutex
	bytes   []byte // of all datagrams, one behind the other
	waiting []waiting
	lanes   []*lane
}

// waiting is one datagram.
type waiting struct {
	start, end int
	next       int // of the same Flow; none: the last
}

const none = -1

// lane is what a Queue has for one Socket.
type lane struct {
	queue  *Queue
	socket *Socket
	sender sender
	flows  []*Flow // that have something waiting
}

// Flow is the way from a Socket to one remote address, by one Queue.
type Flow struct {
	// Fixed after construction.
	lane *lane
	to   netip.AddrPort
	addr sockaddr

	// Guarded by Queue.mu.
	first, last int  // of what waits; first is none: nothing
	single      bool // the path took no message of several datagrams
}

// NewQueue makes an empty Queue.
func NewQueue() *Queue {
	return &Queue{bytes: make([]byte, 0, queueBytes), waiting: make([]waiting, 0, queueDatagrams)}
}

// NewFlow makes the way from s to the address. It needs no end.
func (q *Queue) NewFlow(s *Socket, to netip.AddrPort) *Flow {
	q.mu.Lock()
	defer q.mu.Unlock()
	f := &Flow{lane: q.laneOf(s), to: to, first: none}
	f.addr = encodeAddr(to, s.local.Addr().Is4())
	return f
}

func (q *Queue) laneOf(s *Socket) *lane {
	for _, l := range q.lanes {
		if l.socket == s {
			return l
		}
	}
	l := &lane{queue: q, socket: s, sender: s.way.sender()}
	q.lanes = append(q.lanes, l)
	return l
}

// Put copies b into the Queue. It is sent by the next Flush, or before if the Queue is full.
func (f *Flow) Put(b []byte) {
	f.Fill(len(b), func(dst []byte) int { return copy(dst, b) })
}

// Fill lets fill write the next datagram, of at most size bytes, into the Queue, and return its length; 0 or less: nothing is sent.
// dst has exactly size bytes and is lent for the call, in which the Queue must not be used. It is sent as by Put.
func (f *Flow) Fill(size int, fill func(dst []byte) int) {
	if size > maxDatagram {
		f.lane.socket.dropped(dropSize, 1)
		return
	}
	q := f.lane.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == cap(q.waiting) || len(q.bytes)+size > cap(q.bytes) {
		q.flush()
	}
	start := len(q.bytes)
	n := min(fill(q.bytes[start:start+size:start+size]), size)
	if n > 0 || size == 0 {
		f.add(start, start+max(n, 0))
	}
}

// add makes the bytes from start to end of the Queue the next datagram. Queue.mu is held.
func (f *Flow) add(start, end int) {
	q := f.lane.queue
	i := len(q.waiting)
	q.bytes = q.bytes[:end]
	q.waiting = append(q.waiting, waiting{start: start, end: end, next: none})
	if f.first == none {
		f.first = i
		f.lane.flows = append(f.lane.flows, f)
	} else {
		q.waiting[f.last].next = i
	}
	f.last = i
}

// Flush sends all that waits.
func (q *Queue) Flush() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flush()
}

// flush sends all that waits. mu is held.
func (q *Queue) flush() {
	if len(q.waiting) == 0 {
		return
	}
	defer q.empty() // after a panic too: what was sent once is not sent again
	for _, l := range q.lanes {
		if len(l.flows) > 0 {
			l.sender.send(q, l.flows)
		}
	}
}

func (q *Queue) empty() {
	for _, l := range q.lanes {
		for i, f := range l.flows {
			f.first = none
			l.flows[i] = nil
		}
		l.flows = l.flows[:0]
	}
	q.bytes, q.waiting = q.bytes[:0], q.waiting[:0]
}

// datagram is the i-th that waits, and the next one of its Flow.
func (q *Queue) datagram(i int) (b []byte, next int) {
	w := &q.waiting[i]
	return q.bytes[w.start:w.end], w.next
}

// maxSegments is how many datagrams a message may be cut into (UDP_MAX_SEGMENTS of older kernels).
const maxSegments = 64

// run counts the datagrams from the i-th on that can go as one message: of equal size, the last may be shorter. Empty ones go alone.
func (q *Queue) run(i int) int {
	b, next := q.datagram(i)
	size, total, n := len(b), len(b), 1
	for next != none && n < maxSegments {
		b, next = q.datagram(next)
		total += len(b)
		if len(b) == 0 || len(b) > size || total > maxDatagram {
			break
		}
		n++
		if len(b) < size {
			break
		}
	}
	return n
}
