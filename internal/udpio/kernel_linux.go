package udpio

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is one message of sendmmsg(2) and recvmmsg(2): a header, and how many bytes were sent or received.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// kernel is the system calls. A test puts others in their place, for the errors that a real kernel does not give at will.
type kernel interface {
	sendmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno)
	recvmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno)
	// readable tells whether there is something to read, or an error to tell.
	readable(fd uintptr) bool
	// writable waits until the descriptor can be written to, or for d.
	writable(fd uintptr, d time.Duration)
	now() time.Time
}

// linux is the real kernel. Calls that interrupt are made again by the callers' loops.
//
// The calls that carry data never block (MSG_DONTWAIT), so the scheduler is not told of them: if it was, it would take a call of more than
// 20 us for one that blocks, give the processor to another thread and back, and keep its monitor awake. At the pace of a call that
// took a fifth of the CPU time.
type linux struct{}

func (linux) sendmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

func (linux) recvmmsg(fd uintptr, msgs []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}

func (linux) readable(fd uintptr) bool {
	_, _, err := unix.Recvfrom(int(fd), nil, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err != unix.EAGAIN
}

func (linux) writable(fd uintptr, d time.Duration) {
	ts := unix.NsecToTimespec(d.Nanoseconds())
	// An error, or a signal, only ends the wait early: the caller tries to send in any case.
	_, _ = unix.Ppoll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, &ts, nil)
}

func (linux) now() time.Time { return time.Now() }

// controlSize holds one control message of the largest kind that is used here: an int.
const controlSize = 32

// control is the memory of a control message, which begins with a word.
type control struct {
	_ [0]uint64
	b [controlSize]byte
}

// setSegment writes the control message UDP_SEGMENT, after which a message is cut into datagrams of size bytes.
func setSegment(c *control, size int) (n int) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&c.b[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&c.b[unix.CmsgLen(0)])) = uint16(size)
	return unix.CmsgSpace(2)
}

// segmentOf reads the size that the datagrams of a merged message have (UDP_GRO); 0: it is one datagram.
func segmentOf(control []byte) int {
	for len(control) >= unix.CmsgLen(0) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(control)))
		n := int(h.Len)
		if n < unix.CmsgLen(0) || n > len(control) {
			return 0
		}
		if h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO && n >= unix.CmsgLen(4) {
			return int(*(*int32)(unsafe.Pointer(&control[unix.CmsgLen(0)])))
		}
		control = control[min(len(control), unix.CmsgSpace(n-unix.CmsgLen(0))):]
	}
	return 0
}
