package deploy

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"github.com/heliograph/heliograph/internal/iceservers"
)

// An IPv6 relay must not be a way to IPv4 addresses that are written as IPv6 ones. Libraries turn those into IPv4 before
// they send them, so the requests are made here.
func TestCoturnRefusesIPv4InsideIPv6(t *testing.T) {
	for name, conf := range map[string]string{"whole file": turnConf, "lines by network": withoutDenyAll(t)} {
		t.Run(name, func(t *testing.T) {
			relay := allocate6(t, startCoturn(t, "::1", conf, "--allowed-peer-ip=2001:db8:77::10"))
			for _, ip := range []string{
				"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:172.30.77.10", "::ffff:9.9.9.9",
				"::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::",
			} {
				if class := relay.permit(t, ip); class != stun.ClassErrorResponse {
					t.Errorf("%s: coturn agreed to relay to it: %s", ip, class)
				}
			}
			if class := relay.permit(t, "2001:db8:77::10"); class != stun.ClassSuccessResponse {
				t.Errorf("an allowed address: %s; this test cannot tell refusals from failures", class)
			}
		})
	}
}

// rawRelay is an IPv6 allocation whose requests are built by hand.
type rawRelay struct {
	conn net.Conn
	auth []stun.Setter
}

// allocate6 makes an allocation of the family IPv6 (RFC 8656, 7.1).
func allocate6(t *testing.T, c *coturn) *rawRelay {
	t.Helper()
	conn, err := net.Dial("udp", c.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the test has ended
	r := &rawRelay{conn: conn}
	request := []stun.Setter{
		stun.NewType(stun.MethodAllocate, stun.ClassRequest),
		stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}},
		stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{2, 0, 0, 0}},
	}
	challenge := r.ask(t, request...)
	var nonce stun.Nonce
	var realm stun.Realm
	if nonce.GetFrom(challenge) != nil || realm.GetFrom(challenge) != nil {
		t.Fatalf("no challenge in %s", challenge)
	}
	username, password := iceservers.Credential(secret, "alice", c.end)
	r.auth = []stun.Setter{
		stun.NewUsername(username), realm, nonce, stun.NewLongTermIntegrity(username, realm.String(), password),
	}
	if answer := r.ask(t, request...); answer.Type.Class != stun.ClassSuccessResponse {
		t.Fatalf("no allocation: %s", answer)
	}
	return r
}

// permit asks for the permission to send to ip (RFC 8656, 9) and returns the class of the answer.
func (r *rawRelay) permit(t *testing.T, ip string) stun.MessageClass {
	t.Helper()
	peer := xorAddress6(netip.MustParseAddr(ip).As16())
	return r.ask(t, stun.NewType(stun.MethodCreatePermission, stun.ClassRequest), peer).Type.Class
}

func (r *rawRelay) ask(t *testing.T, what ...stun.Setter) *stun.Message {
	t.Helper()
	setters := append([]stun.Setter{stun.TransactionID}, what...)
	request, err := stun.Build(append(setters, r.auth...)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.conn.Write(request.Raw); err != nil {
		t.Fatal(err)
	}
	if err := r.conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1500)
	n, err := r.conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	answer := &stun.Message{Raw: buffer[:n]}
	if err := answer.Decode(); err != nil {
		t.Fatal(err)
	}
	return answer
}

// xorAddress6 is an XOR-PEER-ADDRESS of the family IPv6, whatever the address looks like (RFC 8489, 14.2).
type xorAddress6 [16]byte

// AddTo implements stun.Setter.
func (a xorAddress6) AddTo(m *stun.Message) error {
	key := append([]byte{0x21, 0x12, 0xa4, 0x42}, m.TransactionID[:]...) // the magic cookie and the transaction
	value := []byte{0, 2, 0x1e ^ key[0], 0x14 ^ key[1]}                  // IPv6, port 7700
	for i, b := range a {
		value = append(value, b^key[i])
	}
	m.Add(stun.AttrXORPeerAddress, value)
	return nil
}
