package localhost

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Is reports whether a host with or without a port ("localhost", "127.0.0.1:8080", "[::1]:8080") is localhost or a loopback
// address.
func Is(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// ViaProxy reports whether a header tells that the request was passed on (RFC 7239 and its forerunners).
func ViaProxy(h http.Header) bool {
	for name := range h {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return true
		}
	}
	return false
}

// Sent reports whether a request comes from this machine: from a loopback address, to a Host that is one too (a page
// elsewhere whose name was made to point here has its own), and with no trace of a proxy.
func Sent(r *http.Request) bool { return Is(r.RemoteAddr) && Is(r.Host) && !ViaProxy(r.Header) }
