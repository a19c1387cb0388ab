package mediabench

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	batchSize    = 64   // datagrams of one system call
	maxDatagram  = 2048 // bytes: more than any path carries unfragmented
	socketBuffer = 4 << 20
	stampBytes   = 64 // of control messages: SO_TIMESTAMPNS
)

// mmsghdr is one message of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// socket is UDP on a port of 127.0.0.1 at which nobody waits: what comes in stays in the kernel until a drain.
type socket struct {
	fd    int
	local netip.AddrPort
}

func openSocket() (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a UDP socket: %w", err)
	}
	s := &socket{fd: fd}
	if err := s.setUp(); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("set up a UDP socket: %w", err)
	}
	return s, nil
}

func (s *socket) setUp() error {
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return err
	}
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer) // what is granted holds 20 ms
	_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer)
	if err := unix.Bind(s.fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return unix.EAFNOSUPPORT
	}
	s.local = netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port))
	return nil
}

func (s *socket) close() error { return unix.Close(s.fd) }

func (s *socket) send(b []byte, to netip.AddrPort) error {
	return unix.Sendto(s.fd, b, 0, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
}

// poller finds the sockets that have something.
type poller struct{ fds []unix.PollFd }

func (p *poller) add(s *socket) {
	p.fds = append(p.fds, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
}

// wait waits until one of the sockets has something, or for some milliseconds.
func (p *poller) wait(milliseconds int) {
	_, _ = unix.Poll(p.fds, milliseconds) // an error only ends the wait early
}

// readable tells whether the i-th socket had something.
func (p *poller) readable(i int) bool { return p.fds[i].Revents != 0 }

// arrival is one datagram that a drain found.
type arrival struct {
	data  []byte // lent
	from  netip.AddrPort
	stamp int64 // when the kernel took it: Unix time in nanoseconds
}

// drainer reads sockets until they are empty. It is for one goroutine.
type drainer struct {
	msgs     [batchSize]mmsghdr
	iovs     [batchSize]unix.Iovec
	names    [batchSize][unix.SizeofSockaddrInet4]byte
	controls [batchSize][stampBytes / 8]uint64
	data     [batchSize][maxDatagram]byte
}

func newDrainer() *drainer {
	d := &drainer{}
	for i := range d.msgs {
		d.iovs[i].Base = &d.data[i][0]
		d.iovs[i].SetLen(maxDatagram)
		h := &d.msgs[i].hdr
		h.Iov = &d.iovs[i]
		h.SetIovlen(1)
		h.Name = &d.names[i][0]
		h.Control = (*byte)(unsafe.Pointer(&d.controls[i][0]))
	}
	return d
}

// drain calls each for all that waits in s. Calls that never block are not told to the scheduler, here and in send, as in our server.
func (d *drainer) drain(s *socket, each func(a arrival)) {
	for {
		for i := range d.msgs {
			d.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
			d.msgs[i].hdr.SetControllen(stampBytes)
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&d.msgs[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if errno != 0 {
			return // EAGAIN: it is empty; after any other error the next drain is as good
		}
		for i := range int(n) {
			each(d.arrival(i))
		}
		if n < batchSize {
			return
		}
	}
}

func (d *drainer) arrival(i int) arrival {
	name := d.names[i][:]
	return arrival{
		data:  d.data[i][:d.msgs[i].len],
		from:  netip.AddrPortFrom(netip.AddrFrom4([4]byte(name[4:8])), binary.BigEndian.Uint16(name[2:])),
		stamp: d.stamp(i),
	}
}

// stamp reads the one control message that was asked for; 0: there is none.
func (d *drainer) stamp(i int) int64 {
	b := unsafe.Slice((*byte)(unsafe.Pointer(&d.controls[i][0])), stampBytes)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	if int(d.msgs[i].hdr.Controllen) < unix.CmsgLen(16) || h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return 0
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&b[unix.CmsgLen(0)]))
	return ts.Nano()
}

// burst is a batch of datagrams that leaves by one system call.
type burst struct {
	msgs     [batchSize]mmsghdr
	iovs     [batchSize]unix.Iovec
	names    [batchSize][unix.SizeofSockaddrInet4]byte
	controls [batchSize][4]uint64
	messages int
	parts    int
}

// room tells whether a message of so many datagrams can be added. An empty burst takes any.
func (t *burst) room(datagrams int) bool {
	return t.messages == 0 || t.messages < batchSize && t.parts+datagrams <= batchSize
}

// add puts a message into the burst: datagrams of size bytes to one address, which lie one behind the other. b is lent until send. false:
// there is no room left.
func (t *burst) add(b []byte, size int, to netip.AddrPort) bool {
	datagrams := (len(b) + size - 1) / size
	if !t.room(datagrams) {
		return false
	}
	i := t.messages
	t.iovs[i].Base = &b[0]
	t.iovs[i].SetLen(len(b))
	name := t.names[i][:]
	binary.NativeEndian.PutUint16(name, unix.AF_INET)
	binary.BigEndian.PutUint16(name[2:], to.Port())
	ip := to.Addr().As4()
	copy(name[4:], ip[:])
	m := &t.msgs[i]
	*m = mmsghdr{}
	m.hdr.Name, m.hdr.Namelen = &name[0], unix.SizeofSockaddrInet4
	m.hdr.Iov = &t.iovs[i]
	m.hdr.SetIovlen(1)
	if datagrams > 1 {
		c := (*[32]byte)(unsafe.Pointer(&t.controls[i]))
		h := (*unix.Cmsghdr)(unsafe.Pointer(c))
		h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		h.SetLen(unix.CmsgLen(2))
		*(*uint16)(unsafe.Pointer(&c[unix.CmsgLen(0)])) = uint16(size)
		m.hdr.Control = &c[0]
		m.hdr.SetControllen(unix.CmsgSpace(2))
	}
	t.messages++
	t.parts += datagrams
	return true
}

// send sends what was added and empties the burst. It returns how many messages the system took.
func (t *burst) send(s *socket) (taken int, err error) {
	for taken < t.messages && err == nil {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&t.msgs[taken])), uintptr(t.messages-taken), 0, 0, 0)
		switch errno {
		case 0:
			taken += int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, 5)
		default:
			err = errno
		}
	}
	t.messages, t.parts = 0, 0
	return taken, err
}

// processTime is the CPU time of this process, user and system.
func processTime() (nanoseconds int64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the CPU time: %w", err)
	}
	return u.Utime.Nano() + u.Stime.Nano(), nil
}
