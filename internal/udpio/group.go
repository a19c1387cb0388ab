package udpio

import "net/netip"

// ListenShared opens up to n Sockets on one address (SO_REUSEPORT), so that goroutines have a descriptor each: the calls on one contend for
// its locks and its buffer. It gives as many as the system does, one at least; its error is that of Listen for the first.
//
// All send from the same address. What comes in is spread by the kernel: all of one remote address comes by the same Socket, until one of the
// group is closed, which moves some to another. So any Socket may receive from any remote address.
//
// The first is bound alone, and so fails on an address that is taken. The others join it after that: two servers never share a port.
func ListenShared(addr netip.AddrPort, n int, c Config) ([]*Socket, error) {
	first, err := Listen(addr, c)
	if err != nil {
		return nil, err
	}
	group := []*Socket{first}
	if n < 2 || !allowSharing(first.conn) {
		return group, nil
	}
	for len(group) < n {
		conn, err := joinShared(first.local)
		if err != nil {
			break
		}
		group = append(group, newSocket(conn, c))
	}
	return group, nil
}
