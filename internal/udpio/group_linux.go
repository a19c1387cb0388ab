package udpio

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// allowSharing lets later sockets bind to the address of conn.
func allowSharing(conn *net.UDPConn) (allowed bool) {
	onDescriptor(conn, func(fd int) { allowed = share(fd) == nil })
	return allowed
}

func share(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }

// joinShared binds to an address that is shared already.
func joinShared(addr netip.AddrPort) (*net.UDPConn, error) {
	l := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var refused error
		err := raw.Control(func(fd uintptr) { refused = share(int(fd)) })
		if err == nil {
			err = refused
		}
		return err
	}}
	conn, err := l.ListenPacket(context.Background(), "udp", addr.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}
