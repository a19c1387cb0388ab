package udpio

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// sendDatagrams is when a call is made: with more, what the first ones brought into the processor's cache is gone before the last
	// one is sent.
	sendDatagrams = 64
	// sendPatience is how long a Flush waits for room in one socket's buffer.
	sendPatience = 5 * time.Millisecond
)

// batch sends the Flows of one Queue by one Socket. The lock of the Queue guards it.
type batch struct {
	// Fixed after construction.
	way  *batched
	call func(fd uintptr)

	messages, datagrams int // in the arrays below
	msgs                [sendDatagrams]mmsghdr
	parts               [sendDatagrams]part
	controls            [sendDatagrams]control
	iovs                [sendDatagrams + maxSegments]unix.Iovec

	again [maxSegments]mmsghdr // the datagrams of a message that was refused
	until time.Time            // the end of this Flush's patience; zero: it has not waited
}

// part is what a message consists of.
type part struct {
	flow             *Flow
	first, datagrams int // in iovs
}

func newBatch(b *batched) *batch {
	t := &batch{way: b}
	t.call = t.transmit
	return t
}

// send makes messages of what waits in the Flows and sends them.
func (t *batch) send(q *Queue, flows []*Flow) {
	t.until = time.Time{}
	for _, f := range flows {
		for i := f.first; i != none; {
			n := 1
			if !f.single {
				n = q.run(i)
			}
			i = t.add(q, f, i, n)
			if t.datagrams >= sendDatagrams {
				t.flush()
			}
		}
	}
	t.flush()
}

// add makes a message of n datagrams, the first of which is the i-th of the Queue. It returns the datagram after them.
func (t *batch) add(q *Queue, f *Flow, i, n int) (next int) {
	p := part{flow: f, first: t.datagrams, datagrams: n}
	m := &t.msgs[t.messages]
	*m = mmsghdr{}
	size := 0
	for k := range n {
		var b []byte
		b, i = q.datagram(i)
		pointAt(&t.iovs[p.first+k], b)
		if k == 0 {
			size = len(b)
		}
	}
	setMessage(&m.hdr, &f.addr, &t.iovs[p.first], n)
	if n > 1 {
		c := &t.controls[t.messages]
		m.hdr.Control = &c.b[0]
		m.hdr.SetControllen(setSegment(c, size))
	}
	t.parts[t.messages] = p
	t.messages++
	t.datagrams += n
	return i
}

// flush sends the messages made so far.
func (t *batch) flush() {
	if t.messages == 0 {
		return
	}
	if err := t.way.raw.Control(t.call); err != nil {
		t.way.socket.dropped(dropClosed, t.datagrams)
	}
	clear(t.parts[:t.messages])
	t.messages, t.datagrams = 0, 0
}

// transmit goes through the messages. The kernel takes them in order and names an error for the first that is left only.
func (t *batch) transmit(fd uintptr) {
	for i := 0; i < t.messages; {
		n, errno := t.try(fd, t.msgs[i:t.messages])
		t.count(t.parts[i : i+n])
		i += n
		if errno == 0 {
			continue
		}
		p := &t.parts[i]
		if p.datagrams > 1 && refusesSegments(errno) {
			t.way.socket.counters.refused.Add(1)
			p.flow.single = true
			t.transmitAgain(fd, p)
		} else {
			t.way.socket.dropped(systemReason(errno), p.datagrams)
		}
		i++
	}
}

// count adds the messages of a call, together: counters are atomics.
func (t *batch) count(taken []part) {
	sent, segmented := 0, 0
	for i := range taken {
		n := taken[i].datagrams
		sent += n
		if n > 1 {
			segmented += n
		}
	}
	c := &t.way.socket.counters
	c.messages.Add(uint64(len(taken)))
	c.sent.Add(uint64(sent))
	c.segmented.Add(uint64(segmented))
}

// refusesSegments tells whether an error may mean that a message cannot be cut, while its datagrams can be sent: the interface does not
// compute checksums (EIO), one is larger than the path carries unfragmented (EINVAL, EMSGSIZE), the kernel does not know how.
func refusesSegments(errno syscall.Errno) bool {
	switch errno {
	case unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.EOPNOTSUPP, unix.ENOPROTOOPT:
		return true
	}
	return false
}

// transmitAgain sends the datagrams of a refused message one by one.
func (t *batch) transmitAgain(fd uintptr, p *part) {
	s := t.way.socket
	for k := range p.datagrams {
		t.again[k] = mmsghdr{}
		setMessage(&t.again[k].hdr, &p.flow.addr, &t.iovs[p.first+k], 1)
	}
	for i := 0; i < p.datagrams; {
		n, errno := t.try(fd, t.again[i:p.datagrams])
		s.counters.messages.Add(uint64(n))
		s.counters.sent.Add(uint64(n))
		i += n
		if errno != 0 {
			s.dropped(systemReason(errno), 1)
			i++
		}
	}
}

// try sends messages and tells how many were taken, with the error of the first that was not; 0: go on. It waits for room as long as the
// patience of this Flush lasts. After that the error is EAGAIN.
func (t *batch) try(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	for {
		n, errno := t.way.kernel.sendmmsg(fd, msgs)
		t.way.socket.counters.sendCalls.Add(1)
		switch {
		case errno == 0 && n > 0:
			return min(n, len(msgs)), 0
		case errno == 0:
			return 0, unix.EIO // cannot be; a loop without end would be worse
		case errno == unix.EINTR:
		case errno == unix.EAGAIN && t.wait(fd):
		default:
			return 0, errno
		}
	}
}

// wait waits for room in the socket's buffer; false: the patience is over.
func (t *batch) wait(fd uintptr) bool {
	now := t.way.kernel.now()
	if t.until.IsZero() {
		t.until = now.Add(sendPatience)
	}
	left := t.until.Sub(now)
	if left <= 0 {
		return false
	}
	t.way.kernel.writable(fd, left)
	return true
}
