package udpio

import (
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// batched is sendmmsg, recvmmsg and messages of several datagrams.
type batched struct {
	socket *Socket
	raw    syscall.RawConn
	kernel kernel
	in     *receiver
	ones   sync.Pool // of *single
}

// newBatched makes the batched way of a Socket; nil if the system forbids the calls, as some sandboxes do.
func newBatched(s *Socket) transfer {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return nil
	}
	allowed := false
	err = raw.Control(func(fd uintptr) {
		_, in := linux{}.recvmmsg(fd, nil)
		_, out := linux{}.sendmmsg(fd, nil)
		allowed = in == 0 && out == 0
		// Kernels before 5.0 do not merge; they give single datagrams.
		_ = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1)
	})
	if err != nil || !allowed {
		return nil
	}
	return batchedBy(s, raw, linux{})
}

func batchedBy(s *Socket, raw syscall.RawConn, k kernel) *batched {
	b := &batched{socket: s, raw: raw, kernel: k}
	b.ones.New = func() any { return newSingle(b) }
	return b
}

func (b *batched) receive(each func(from netip.AddrPort, b []byte)) error {
	if err := b.open(); err != nil {
		return err
	}
	return b.in.receive(each)
}

func (b *batched) serve(each func(from netip.AddrPort, b []byte), end func()) error {
	if err := b.open(); err != nil {
		return err
	}
	return b.in.serve(each, end)
}

// open makes the receiver as soon as there is something to receive: it has 2 MB, and many a socket of a group never gets anything.
func (b *batched) open() error {
	if b.in != nil {
		return nil
	}
	if err := b.raw.Read(b.kernel.readable); err != nil {
		return err
	}
	b.in = newReceiver(b)
	return nil
}

func (b *batched) send(p []byte, to netip.AddrPort) error {
	s := b.ones.Get().(*single)
	defer b.ones.Put(s)
	return s.send(p, to)
}

func (b *batched) sender() sender { return newBatch(b) }

// single sends one datagram by a call that it keeps ready, so that nothing is allocated.
type single struct {
	way   *batched
	msg   [1]mmsghdr
	iov   unix.Iovec
	addr  sockaddr
	errno syscall.Errno
	call  func(fd uintptr)
}

func newSingle(b *batched) *single {
	s := &single{way: b}
	s.call = s.run
	return s
}

func (s *single) send(p []byte, to netip.AddrPort) error {
	s.addr = encodeAddr(to, s.way.socket.local.Addr().Is4())
	pointAt(&s.iov, p)
	s.msg[0] = mmsghdr{}
	setMessage(&s.msg[0].hdr, &s.addr, &s.iov, 1)
	s.errno = 0
	err := s.way.raw.Control(s.call)
	s.iov.Base = nil
	if err != nil {
		return err
	}
	if s.errno != 0 {
		return s.errno
	}
	return nil
}

func (s *single) run(fd uintptr) {
	for {
		if _, s.errno = s.way.kernel.sendmmsg(fd, s.msg[:]); s.errno != unix.EINTR {
			return
		}
	}
}

func pointAt(v *unix.Iovec, b []byte) {
	v.Base = nil
	if len(b) > 0 {
		v.Base = &b[0]
	}
	v.SetLen(len(b))
}

func setMessage(h *unix.Msghdr, to *sockaddr, iov *unix.Iovec, datagrams int) {
	h.Name, h.Namelen = &to.raw[0], to.n
	h.Iov = iov
	h.SetIovlen(datagrams)
}
