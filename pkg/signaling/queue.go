package signaling

import "strconv"

// class says what may happen to a message that waits.
type class uint8

const (
	classMust      class = iota // is sent
	classState                  // is replaced by a later one of the same key, which takes its place at the end
	classEphemeral              // is replaced by a later one of the same key where it stands, and dropped first
	classGone                   // was sent before, replaced or dropped
)

// item is one message that waits.
type item struct {
	class class
	own   bool   // text is only the data of an own event, numbered when it is taken
	free  bool   // does not count against the limit
	key   string // of classState and classEphemeral
	typ   string
	text  []byte
}

// itemOverhead is what an item counts beside its text, in bytes.
const itemOverhead = 64

// size is what the item counts against the queue's limit.
func (i *item) size() int {
	if i.free {
		return 0
	}
	return len(i.text) + len(i.typ) + itemOverhead
}

// queueKey names a waiting item that may be replaced.
type queueKey struct {
	class class
	key   string
}

// queue holds what waits for the writer of a session, in the order in which it is sent, at most limit bytes. Own events
// get their numbers when they are taken: replaced and dropped ones leave no gap. It is a ring that grows and shrinks.
type queue struct {
	limit int

	ring  []item // its length is a power of two
	head  uint64 // position of the first item
	tail  uint64 // position after the last item
	live  int    // items that are not gone
	bytes int
	keys  map[queueKey]uint64 // positions
	s     uint64              // the number of the newest own event that was taken
}

// minRing is the least length of a queue's ring.
const minRing = 4

func newQueue(limit int) *queue {
	return &queue{limit: limit, ring: make([]item, minRing), keys: make(map[queueKey]uint64)}
}

// push adds an item. It reports how many items were replaced or dropped for it (an ephemeral item that finds no room is
// dropped itself), and false when there is no room for an item that may not be dropped.
func (q *queue) push(i item) (dropped int, ok bool) {
	k := queueKey{i.class, i.key}
	if i.class != classMust {
		if pos, waits := q.keys[k]; waits && i.class == classEphemeral {
			return q.replace(pos, i), true
		} else if waits {
			q.remove(pos)
			dropped = 1
		}
	}
	if q.bytes+i.size() > q.limit {
		if i.class == classEphemeral {
			return 1, true
		}
		dropped += q.dropEphemeral()
	}
	if q.bytes+i.size() > q.limit {
		return dropped, false
	}
	q.append(i)
	if i.class != classMust {
		q.keys[k] = q.tail - 1
	}
	return dropped, true
}

// replace puts an ephemeral item where an older one stands; both are dropped if there is no room.
func (q *queue) replace(pos uint64, i item) (dropped int) {
	old := q.at(pos)
	if q.bytes-old.size()+i.size() > q.limit {
		q.remove(pos)
		return 2
	}
	q.bytes += i.size() - old.size()
	*old = i
	return 1
}

// pushFirst adds an item before all others.
func (q *queue) pushFirst(i item) {
	if q.tail-q.head == uint64(len(q.ring)) {
		q.rebuild()
	}
	q.head--
	*q.at(q.head) = i
	q.live++
	q.bytes += i.size()
}

// append adds an item after all others.
func (q *queue) append(i item) {
	if q.tail-q.head == uint64(len(q.ring)) {
		q.rebuild()
	}
	*q.at(q.tail) = i
	q.tail++
	q.live++
	q.bytes += i.size()
}

func (q *queue) at(pos uint64) *item { return &q.ring[pos&uint64(len(q.ring)-1)] }

// rebuild makes a ring that is at most half full, without the items that are gone.
func (q *queue) rebuild() {
	old := *q
	size := minRing
	for size < 2*q.live {
		size *= 2
	}
	q.ring, q.head, q.tail = make([]item, size), 0, 0
	for pos := old.head; pos != old.tail; pos++ {
		i := old.at(pos)
		if i.class == classGone {
			continue
		}
		*q.at(q.tail) = *i
		if i.class != classMust {
			q.keys[queueKey{i.class, i.key}] = q.tail
		}
		q.tail++
	}
}

// remove makes the item at pos one that is gone.
func (q *queue) remove(pos uint64) {
	i := q.at(pos)
	q.bytes -= i.size()
	q.live--
	if i.class != classMust {
		delete(q.keys, queueKey{i.class, i.key})
	}
	*i = item{class: classGone}
}

func (q *queue) dropEphemeral() (dropped int) {
	for k, pos := range q.keys {
		if k.class == classEphemeral {
			q.remove(pos)
			dropped++
		}
	}
	return dropped
}

// take removes the first item and returns its type and its whole text, or nil when nothing waits. The text of an own
// event is made in buf, which is kept for the next one; that of others is shared and not to be changed.
func (q *queue) take(buf *[]byte) (typ string, text []byte) {
	for q.head != q.tail {
		i := *q.at(q.head)
		if i.class != classGone {
			q.remove(q.head)
		}
		q.head++
		switch {
		case i.class == classGone:
			continue
		case !i.own:
			return i.typ, i.text
		case i.class == classEphemeral:
			*buf = appendEvent((*buf)[:0], i.typ, 0, i.text)
		default:
			q.s++
			*buf = appendEvent((*buf)[:0], i.typ, q.s, i.text)
		}
		return i.typ, *buf
	}
	if len(q.ring) > 64*minRing {
		q.rebuild()
	}
	return "", nil
}

// clear drops all that waits.
func (q *queue) clear() {
	clear(q.keys)
	q.head, q.tail, q.live, q.bytes = 0, 0, 0, 0
	q.ring = make([]item, minRing)
}

// appendEvent appends an Event whose data are encoded already. typ needs no escaping: it is a type of this protocol.
func appendEvent(buf []byte, typ string, s uint64, data []byte) []byte {
	buf = append(buf, `{"t":"`...)
	buf = append(buf, typ...)
	buf = append(buf, '"')
	if s != 0 {
		buf = append(buf, `,"s":`...)
		buf = strconv.AppendUint(buf, s, 10)
	}
	if len(data) != 0 {
		buf = append(buf, `,"d":`...)
		buf = append(buf, data...)
	}
	return append(buf, '}')
}
