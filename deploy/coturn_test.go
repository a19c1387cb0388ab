package deploy

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/heliograph/heliograph/internal/iceservers"
)

var turnConf = filepath.Join("coturn", "turnserver.conf")

// turnLines are the values that an option has in turnserver.conf.
func turnLines(t *testing.T, option string) []string {
	t.Helper()
	text, err := os.ReadFile(turnConf)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), option+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

// forbidden are the networks that a relay must not reach whatever else is allowed, with the ends of each as
// denied-peer-ip takes them, and addresses to try.
var forbidden = []struct {
	network string
	line    string
}{
	{"this network (RFC 1122)", "0.0.0.0-0.255.255.255"},
	{"private (RFC 1918)", "10.0.0.0-10.255.255.255"},
	{"private (RFC 1918)", "172.16.0.0-172.31.255.255"},
	{"private (RFC 1918)", "192.168.0.0-192.168.255.255"},
	{"carrier-grade NAT (RFC 6598)", "100.64.0.0-100.127.255.255"},
	{"loopback", "127.0.0.0-127.255.255.255"},
	{"link-local, cloud metadata (RFC 3927)", "169.254.0.0-169.254.255.255"},
	{"protocol assignments (RFC 6890)", "192.0.0.0-192.0.0.255"},
	{"documentation (RFC 5737)", "192.0.2.0-192.0.2.255"},
	{"6to4 anycast (RFC 7526)", "192.88.99.0-192.88.99.255"},
	{"benchmarks (RFC 2544)", "198.18.0.0-198.19.255.255"},
	{"documentation (RFC 5737)", "198.51.100.0-198.51.100.255"},
	{"documentation (RFC 5737)", "203.0.113.0-203.0.113.255"},
	{"multicast", "224.0.0.0-239.255.255.255"},
	{"reserved and broadcast", "240.0.0.0-255.255.255.255"},
	{"loopback, IPv4-compatible", "::1-::ffff:ffff"},
	{"IPv4-mapped", "::ffff:0:0-::ffff:ffff:ffff"},
	{"IPv4-translated (RFC 2765)", "::ffff:0:0:0-::ffff:0:ffff:ffff"},
	{"NAT64 (RFC 6052)", "64:ff9b::-64:ff9b::ffff:ffff"},
	{"local NAT64 (RFC 8215)", "64:ff9b:1::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff"},
	{"discard (RFC 6666)", "100::-100::ffff:ffff:ffff:ffff"},
	{"Teredo (RFC 4380)", "2001::-2001:0:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"documentation (RFC 3849)", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"6to4 (RFC 3056)", "2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"unique local (RFC 4193)", "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"link-local (RFC 4291)", "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"site-local (RFC 3879)", "fec0::-feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"multicast", "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"everything else, IPv4", "0.0.0.0-255.255.255.255"},
	{"everything else, IPv6", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
}

func TestEveryForbiddenNetworkHasItsLine(t *testing.T) {
	lines := turnLines(t, "denied-peer-ip")
	for _, f := range forbidden {
		if !slices.Contains(lines, f.line) {
			t.Errorf("turnserver.conf lacks denied-peer-ip=%s: %s", f.line, f.network)
		}
	}
	for _, line := range lines {
		first, last, _ := strings.Cut(line, "-")
		a, err := netip.ParseAddr(first)
		if err != nil {
			t.Errorf("denied-peer-ip=%s: %v", line, err)
			continue
		}
		b, err := netip.ParseAddr(last)
		if err != nil || b.Less(a) || a.Is4() != b.Is4() {
			t.Errorf("denied-peer-ip=%s is no range", line)
		}
	}
}

func TestTURNWantsCredentialsAndBoundsThem(t *testing.T) {
	text, err := os.ReadFile(turnConf)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{"use-auth-secret", "user-quota=12", "no-cli", "no-multicast-peers", "no-tcp-relay"} {
		if !slices.Contains(lines, want) {
			t.Errorf("turnserver.conf lacks the line %s", want)
		}
	}
	for _, never := range []string{"no-auth", "allow-loopback-peers", "static-auth-secret"} {
		for _, line := range lines {
			if strings.HasPrefix(line, never) {
				t.Errorf("turnserver.conf must not have the line %s", line)
			}
		}
	}
}

// A coturn with our configuration refuses every forbidden network and takes the media server. The lines for single networks
// must do so alone, too, as an operator may need to take out those that deny everything.
func TestCoturnRefusesForbiddenPeers(t *testing.T) {
	const allowed6 = "2001:db8:77::10" // shows that an IPv6 relay works at all
	for _, tc := range []struct {
		name, ip   string
		family     turn.RequestedAddressFamily
		networks   bool // only the lines for single networks
		reachable  []string
		leastTried int
	}{
		{"IPv4", "127.0.0.1", turn.RequestedAddressFamilyIPv4, false, turnLines(t, "allowed-peer-ip"), 32},
		{"IPv4 by network", "127.0.0.1", turn.RequestedAddressFamilyIPv4, true, []string{"9.9.9.9"}, 32},
		{"IPv6", "::1", turn.RequestedAddressFamilyIPv6, false, []string{allowed6}, 24},
		{"IPv6 by network", "::1", turn.RequestedAddressFamilyIPv6, true, []string{allowed6, "2620:fe::9"}, 22},
	} {
		t.Run(tc.name, func(t *testing.T) {
			conf := turnConf
			if tc.networks {
				conf = withoutDenyAll(t)
			}
			client := startCoturn(t, tc.ip, conf, "--allowed-peer-ip="+allowed6).client(t, "alice", tc.family)
			relay, err := client.Allocate()
			if err != nil {
				t.Fatal(err)
			}
			defer relay.Close() // the process ends with the test
			tried := 0
			for _, ip := range forbiddenAddrs(netip.MustParseAddr(tc.ip).Is4(), tc.networks) {
				tried++
				if err := client.CreatePermission(udp(ip)); err == nil {
					t.Errorf("%s: coturn agreed to relay to it", ip)
				}
			}
			if tried < tc.leastTried {
				t.Errorf("only %d addresses were tried", tried)
			}
			for _, ip := range tc.reachable {
				if err := client.CreatePermission(udp(netip.MustParseAddr(ip))); err != nil {
					t.Errorf("%s must be reachable: %v", ip, err)
				}
			}
		})
	}
}

// forbiddenAddrs are the ends of the forbidden networks of one family: a relay of one family has peers of that family only
// (RFC 8656, 9.1).
func forbiddenAddrs(ip4, networks bool) []netip.Addr {
	var all []netip.Addr
	if !ip4 {
		all = append(all, netip.IPv6Unspecified()) // refused by coturn itself, a line for it would count for all addresses
	}
	for _, f := range forbidden {
		if networks && strings.HasPrefix(f.network, "everything") {
			continue
		}
		for _, text := range strings.Split(f.line, "-") {
			if ip := netip.MustParseAddr(text).Unmap(); ip.Is4() == ip4 {
				all = append(all, ip)
			}
		}
	}
	return all
}

// withoutDenyAll is turnserver.conf with the lines for single networks only.
func withoutDenyAll(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(turnConf)
	if err != nil {
		t.Fatal(err)
	}
	kept := string(text)
	for _, f := range forbidden {
		if strings.HasPrefix(f.network, "everything") {
			kept = strings.Replace(kept, "denied-peer-ip="+f.line+"\n", "", 1)
		}
	}
	path := filepath.Join(t.TempDir(), "turnserver.conf")
	if err := os.WriteFile(path, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCoturnBoundsTheAllocationsOfOneIdentity(t *testing.T) {
	server := startCoturn(t, "127.0.0.1", turnConf)
	made := 0
	for range 20 {
		relay, err := server.client(t, "alice", turn.RequestedAddressFamilyIPv4).Allocate()
		if err != nil {
			break
		}
		defer relay.Close() // the process ends with the test
		made++
	}
	if made != 12 {
		t.Errorf("one identity got %d allocations, want 12", made)
	}
	if _, err := server.client(t, "bob", turn.RequestedAddressFamilyIPv4).Allocate(); err != nil {
		t.Errorf("another identity: %v", err)
	}
}

func TestCoturnRefusesAnOldCredential(t *testing.T) {
	server := startCoturn(t, "127.0.0.1", turnConf)
	server.end = time.Now().Add(-time.Second)
	if _, err := server.client(t, "alice", turn.RequestedAddressFamilyIPv4).Allocate(); err == nil {
		t.Error("a credential that has ended was taken")
	}
}

func udp(ip netip.Addr) net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 7700))
}

// coturn is a TURN server that runs for one test.
type coturn struct {
	addr string
	end  time.Time // of the credentials that client makes
}

func startCoturn(t *testing.T, ip, conf string, more ...string) *coturn {
	t.Helper()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		t.Skip("needs coturn: apt-get install coturn")
	}
	port := freePort(t, ip)
	dir := t.TempDir()
	var log bytes.Buffer
	args := append([]string{"-c", conf, "--static-auth-secret=" + secret, "--listening-ip=" + ip, "--relay-ip=" + ip,
		"--listening-port=" + strconv.Itoa(port), "--pidfile=" + filepath.Join(dir, "pid"),
		"--userdb=" + filepath.Join(dir, "db")}, more...)
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()         // killed
		if t.Failed() {
			t.Logf("coturn said:\n%s", log.String())
		}
	})
	c := &coturn{addr: net.JoinHostPort(ip, strconv.Itoa(port)), end: time.Now().Add(iceservers.TTL)}
	c.waitReady(t)
	return c
}

// waitReady asks until the server answers a STUN request; the client's own retransmissions do the waiting.
func (c *coturn) waitReady(t *testing.T) {
	t.Helper()
	for range 20 {
		if _, err := c.client(t, "nobody", turn.RequestedAddressFamilyIPv4).SendBindingRequest(); err == nil {
			return
		}
	}
	t.Fatal("coturn does not answer")
}

func (c *coturn) client(t *testing.T, identity string, family turn.RequestedAddressFamily) *turn.Client {
	t.Helper()
	host, _, _ := net.SplitHostPort(c.addr)
	conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	username, password := iceservers.Credential(secret, identity, c.end)
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: c.addr, TURNServerAddr: c.addr, Username: username, Password: password, Realm: "heliograph",
		Conn: conn, RequestedAddressFamily: family,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		conn.Close() // closed with the test, its error says nothing
	})
	return client
}

func freePort(t *testing.T, ip string) int {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // only its number is wanted
	return conn.LocalAddr().(*net.UDPAddr).Port
}
