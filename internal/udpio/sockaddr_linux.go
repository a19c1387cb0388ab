package udpio

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// sockaddr is an address as the kernel takes it: sockaddr_in or sockaddr_in6.
type sockaddr struct {
	raw [unix.SizeofSockaddrInet6]byte
	n   uint32
}

// encodeAddr writes an address for a socket of IPv4 or of IPv6. One of the wrong family gets what no system takes.
func encodeAddr(a netip.AddrPort, v4 bool) (s sockaddr) {
	ip := a.Addr()
	if v4 {
		if ip = ip.Unmap(); !ip.Is4() {
			return sockaddr{n: unix.SizeofSockaddrInet4} // no family, port 0: EINVAL
		}
		binary.BigEndian.PutUint16(s.raw[2:], a.Port())
		binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET)
		b := ip.As4()
		copy(s.raw[4:], b[:])
		s.n = unix.SizeofSockaddrInet4
		return s
	}
	if !ip.IsValid() {
		return sockaddr{n: unix.SizeofSockaddrInet6}
	}
	binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET6)
	binary.BigEndian.PutUint16(s.raw[2:], a.Port())
	b := ip.As16()
	copy(s.raw[8:], b[:])
	if zone, err := strconv.ParseUint(ip.Zone(), 10, 32); err == nil {
		binary.NativeEndian.PutUint32(s.raw[24:], uint32(zone))
	}
	s.n = unix.SizeofSockaddrInet6
	return s
}

// decodeAddr reads what the kernel wrote; IPv4 in IPv6 becomes IPv4, a zone is its number. Not valid: neither family.
func decodeAddr(raw []byte) netip.AddrPort {
	if len(raw) < unix.SizeofSockaddrInet4 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(raw[2:])
	switch binary.NativeEndian.Uint16(raw) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(raw[4:8])), port)
	case unix.AF_INET6:
		if len(raw) < unix.SizeofSockaddrInet6 {
			return netip.AddrPort{}
		}
		ip := netip.AddrFrom16([16]byte(raw[8:24])).Unmap()
		if zone := binary.NativeEndian.Uint32(raw[24:]); zone != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(zone), 10))
		}
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}
