package udpio

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// receiveMessages is how many messages a call takes. Memory that no datagram reaches is never touched.
	receiveMessages = 32
	// receiveStride is from one message's memory to the next: not a power of two, as the caches would have the same place for the
	// beginnings of all of them.
	receiveStride = maxPayload + 2048
)

// receiver takes the messages of one Socket.
type receiver struct {
	// Fixed after construction.
	way  *batched
	call func(fd uintptr) bool // receives once
	loop func(fd uintptr) bool // serves

	// Owned by the goroutine that receives.
	each     func(from netip.AddrPort, b []byte) // while it serves
	end      func()
	bytes    []byte
	msgs     [receiveMessages]mmsghdr
	iovs     [receiveMessages]unix.Iovec
	names    [receiveMessages]sockaddr
	controls [receiveMessages]control
	n        int
	errno    syscall.Errno
}

func newReceiver(b *batched) *receiver {
	r := &receiver{way: b, bytes: make([]byte, receiveMessages*receiveStride)}
	r.call, r.loop = r.take, r.takeAll
	for i := range r.msgs {
		pointAt(&r.iovs[i], r.memory(i))
		r.ready(i)
	}
	return r
}

func (r *receiver) memory(i int) []byte {
	return r.bytes[i*receiveStride:][:maxPayload]
}

// ready prepares a message for the kernel, which writes the lengths of what it found over those of what there is room for.
func (r *receiver) ready(i int) {
	h := &r.msgs[i].hdr
	r.names[i].n = unix.SizeofSockaddrInet6
	setMessage(h, &r.names[i], &r.iovs[i], 1)
	h.Control = &r.controls[i].b[0]
	h.SetControllen(controlSize)
	h.Flags = 0
}

func (r *receiver) receive(each func(from netip.AddrPort, b []byte)) error {
	r.n, r.errno = 0, 0
	if err := r.way.raw.Read(r.call); err != nil {
		return err
	}
	if r.errno != 0 {
		return r.errno
	}
	r.deliver(each)
	return nil
}

// serve receives until there is an error. It stays in one read of the descriptor: what arrives after a call that found the socket empty wakes
// it, so that it need not ask again whether there is more.
func (r *receiver) serve(each func(from netip.AddrPort, b []byte), end func()) error {
	r.each, r.end, r.errno = each, end, 0
	if err := r.way.raw.Read(r.loop); err != nil {
		return err
	}
	return r.errno
}

// takeAll passes on all that there is; true: there was an error.
func (r *receiver) takeAll(fd uintptr) bool {
	for {
		if !r.take(fd) {
			return false
		}
		if r.errno != 0 {
			return true
		}
		r.deliver(r.each)
		r.end()
		if r.n < receiveMessages {
			return false
		}
	}
}

// deliver passes on what was taken, and makes its places ready for more.
func (r *receiver) deliver(each func(from netip.AddrPort, b []byte)) {
	received, merged := 0, 0
	for i := range min(r.n, receiveMessages) {
		n := r.pass(i, each)
		r.ready(i)
		received += n
		if n > 1 {
			merged += n
		}
	}
	c := &r.way.socket.counters
	c.receiveCalls.Add(1)
	c.received.Add(uint64(received))
	c.merged.Add(uint64(merged))
}

// take is called when there may be something to read; false: there was nothing.
func (r *receiver) take(fd uintptr) bool {
	for {
		r.n, r.errno = r.way.kernel.recvmmsg(fd, r.msgs[:])
		if r.errno != unix.EINTR {
			return r.errno != unix.EAGAIN
		}
	}
}

// pass cuts a message into its datagrams, and counts them.
func (r *receiver) pass(i int, each func(from netip.AddrPort, b []byte)) int {
	h := &r.msgs[i].hdr
	from := decodeAddr(r.names[i].raw[:min(h.Namelen, unix.SizeofSockaddrInet6)])
	b := r.memory(i)[:min(r.msgs[i].len, maxPayload)]
	if h.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 || !from.IsValid() {
		r.way.socket.dropped(dropTruncated, 1)
		return 0
	}
	size := segmentOf(r.controls[i].b[:min(int(h.Controllen), controlSize)])
	return cut(b, size, func(b []byte) { each(from, b) })
}

// cut passes b on in pieces of size bytes, the last may be shorter, and counts them. A size that cannot be means one datagram.
func cut(b []byte, size int, each func(b []byte)) (n int) {
	if size <= 0 || size >= len(b) {
		each(b)
		return 1
	}
	for len(b) > 0 {
		k := min(size, len(b))
		each(b[:k:k])
		b = b[k:]
		n++
	}
	return n
}
