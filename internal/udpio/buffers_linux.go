package udpio

import (
	"net"

	"golang.org/x/sys/unix"
)

// forceBuffers goes over the system's limit (net.core.rmem_max, wmem_max) where this process may: with CAP_NET_ADMIN.
func forceBuffers(conn *net.UDPConn, size int) {
	onDescriptor(conn, func(fd int) {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, size)
	})
}

// Buffers tells how many bytes the kernel holds for the Socket in each direction; 0: the Socket is closed or in memory. The kernel counts its own
// bookkeeping in: some 2 KB go for a datagram of 1,200 bytes, so it grants twice what is asked.
func (s *Socket) Buffers() (receive, send int) {
	onDescriptor(s.conn, func(fd int) {
		receive, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		send, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	})
	return receive, send
}

func onDescriptor(conn *net.UDPConn, f func(fd int)) {
	if conn == nil {
		return
	}
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}
