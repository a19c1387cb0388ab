package bwe

// queue is a first in, first out ring of items that grows as needed.
type queue struct {
	ring  []Item // its length is a power of two
	first int
	count int
	bytes int
	most  int // that waited together since the last trim
}

// leastRing is the least length of a ring.
const leastRing = 16

func (q *queue) len() int { return q.count }

func (q *queue) at(i int) *Item { return &q.ring[(q.first+i)&(len(q.ring)-1)] }

func (q *queue) front() *Item { return q.at(0) }

func (q *queue) push(item Item) {
	if q.count == len(q.ring) {
		q.grow()
	}
	q.count++
	q.most = max(q.most, q.count)
	*q.at(q.count - 1) = item
	q.bytes += item.Size
}

func (q *queue) grow() { q.resize(max(leastRing, 2*len(q.ring))) }

// trim gives back a ring of which not a quarter was in use since the last call.
func (q *queue) trim() {
	size := leastRing
	for size < 4*q.most {
		size *= 2
	}
	if size < len(q.ring) {
		q.resize(size)
	}
	q.most = q.count
}

func (q *queue) resize(size int) {
	ring := make([]Item, size)
	for i := range q.count {
		ring[i] = *q.at(i)
	}
	q.ring, q.first = ring, 0
}

// pop takes the oldest item; there must be one.
func (q *queue) pop() Item {
	item := *q.front()
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.count--
	q.bytes -= item.Size
	return item
}

// shed removes the frames of temporal layers from least on that wait from their first packet on.
func (q *queue) shed(least uint8, dropped []Item) []Item {
	kept, first := 0, len(dropped)
	for i := range q.count {
		item := *q.at(i)
		if item.Temporal >= least && (item.Begins || begun(dropped[first:], item.Frame)) {
			dropped = append(dropped, item)
			q.bytes -= item.Size
			continue
		}
		*q.at(kept) = item
		kept++
	}
	q.count = kept
	return dropped
}

// begun tells whether the first packet of a frame is among the dropped. It is one of the latest, as a frame is queued in one go.
func begun(dropped []Item, frame int64) bool {
	for i := len(dropped) - 1; i >= 0; i-- {
		if dropped[i].Frame == frame {
			return true
		}
	}
	return false
}
