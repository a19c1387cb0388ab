package icemux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// counts collects drop reasons.
type counts struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counts) add(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[reason]++
}

func (c *counts) of(reason string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[reason]
}

// freePort finds a port that is free for UDP on the given addresses and for TCP.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func listen(t *testing.T, c *counts, addrs ...string) *Mux {
	t.Helper()
	return listenWith(t, Config{Dropped: c.add}, addrs...)
}

func listenWith(t *testing.T, cfg Config, addrs ...string) *Mux {
	t.Helper()
	for _, a := range addrs {
		cfg.Addrs = append(cfg.Addrs, netip.MustParseAddr(a))
	}
	var m *Mux
	var err error
	for range 20 { // a port that is free for TCP may be somebody's for UDP
		cfg.UDPPort = freePort(t)
		cfg.TCPPort = cfg.UDPPort
		if m, err = Listen(cfg); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return m
}

func bindingMessage(t *testing.T, kind stun.MessageType, ufrag string, nominate bool) *stun.Message {
	t.Helper()
	setters := []stun.Setter{stun.TransactionID, kind, stun.NewUsername(ufrag + ":theirs")}
	if nominate {
		setters = append(setters, stun.RawAttribute{Type: stun.AttrUseCandidate})
	}
	m, err := stun.Build(setters...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func answerTo(t *testing.T, request *stun.Message) []byte {
	t.Helper()
	m, err := stun.Build(stun.NewTransactionIDSetter(request.TransactionID), stun.BindingSuccess)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// agentOf is the Conn of an agent in the family of IPv4.
func agentOf(t *testing.T, m *Mux, ufrag string) *Conn {
	t.Helper()
	for _, a := range m.GetListenAddresses() {
		if c, err := m.GetConn(ufrag, a); err == nil && !c.(*Conn).key.v6 {
			return c.(*Conn)
		}
	}
	t.Fatal("no Conn")
	return nil
}

func read(t *testing.T, c net.PacketConn) ([]byte, net.Addr) {
	t.Helper()
	b := make([]byte, maxDatagram)
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, from, err := c.ReadFrom(b)
	if err != nil {
		t.Fatal("read:", err)
	}
	return b[:n], from
}

func clientSocket(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestResponsesLeaveByTheSocketOfTheRequest(t *testing.T) {
	for _, portable := range []bool{false, true} {
		t.Run(fmt.Sprintf("portable=%v", portable), func(t *testing.T) { testResponses(t, portable) })
	}
}

func testResponses(t *testing.T, portable bool) {
	var c counts
	m := listenWith(t, Config{Dropped: c.add, Portable: portable}, "127.0.0.1", "127.0.0.2")
	agent, client := agentOf(t, m, "ours"), clientSocket(t)
	first := bindingMessage(t, stun.BindingRequest, "ours", false)
	second := bindingMessage(t, stun.BindingRequest, "ours", true)
	for i, msg := range []*stun.Message{first, second} {
		if _, err := client.WriteToUDPAddrPort(msg.Raw, m.UDPAddrs()[i]); err != nil {
			t.Fatal(err)
		}
	}
	read(t, agent)
	_, from := read(t, agent)

	if _, err := agent.WriteTo([]byte("media before any proof"), from); err != nil {
		t.Fatal(err)
	}
	if c.of("not_validated") != 1 {
		t.Error("a datagram to an address that did not authenticate was not dropped")
	}
	// Answered in the other order: each response finds its own way.
	for _, i := range []int{1, 0} {
		if _, err := agent.WriteTo(answerTo(t, []*stun.Message{first, second}[i]), from); err != nil {
			t.Fatal(err)
		}
		if _, by := read(t, client); by.String() != m.UDPAddrs()[i].String() {
			t.Errorf("the response to request %d came from %s, want %s", i, by, m.UDPAddrs()[i])
		}
	}
	if _, err := agent.WriteTo([]byte("media"), from); err != nil {
		t.Fatal(err)
	}
	if b, by := read(t, client); string(b) != "media" || by.String() != m.UDPAddrs()[1].String() {
		t.Errorf("media %q came from %s, want the nominated %s", b, by, m.UDPAddrs()[1])
	}
	if _, err := client.WriteToUDPAddrPort([]byte{128, 1, 2}, m.UDPAddrs()[0]); err != nil {
		t.Fatal(err)
	}
	if b, _ := read(t, agent); !bytes.Equal(b, []byte{128, 1, 2}) {
		t.Errorf("the agent read %v of a validated path", b)
	}
}

func TestStrangersAreDropped(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	agent, client := agentOf(t, m, "ours"), clientSocket(t)
	for _, b := range [][]byte{{22, 254, 253}, []byte("x"), bindingMessage(t, stun.BindingRequest, "other", false).Raw, bindingMessage(t, stun.BindingSuccess, "ours", false).Raw} {
		if _, err := client.WriteToUDPAddrPort(b, m.UDPAddrs()[0]); err != nil {
			t.Fatal(err)
		}
	}
	last := bindingMessage(t, stun.BindingRequest, "ours", false)
	if _, err := client.WriteToUDPAddrPort(last.Raw, m.UDPAddrs()[0]); err != nil {
		t.Fatal(err)
	}
	if b, _ := read(t, agent); !bytes.Equal(b, last.Raw) {
		t.Error("the agent read something of a stranger")
	}
	if c.of("unknown_path") != 3 || c.of("stun_unknown_user") != 1 {
		t.Errorf("dropped %v, want 3 of unknown_path and 1 of stun_unknown_user", c.n)
	}
}

func TestUnknownUserCostsNoAllocation(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	b, from := bindingMessage(t, stun.BindingRequest, "nobody", false).Raw, netip.MustParseAddrPort("192.0.2.1:9")
	c.add("stun_unknown_user")
	var media round
	if n := testing.AllocsPerRun(100, func() { m.receive(m.udp[0], from, b, nil, &media) }); n != 0 {
		t.Errorf("%v allocations for a request of nobody, want 0", n)
	}
}

func frame(b []byte) []byte {
	out := make([]byte, 2, 2+len(b))
	binary.BigEndian.PutUint16(out, uint16(len(b)))
	return append(out, b...)
}

func TestTCP(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	agent := agentOf(t, m, "ours")
	conn, err := net.Dial("tcp4", m.TCPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	req := bindingMessage(t, stun.BindingRequest, "ours", true)
	if _, err := conn.Write(frame(req.Raw)); err != nil {
		t.Fatal(err)
	}
	_, from := read(t, agent)
	for _, b := range [][]byte{answerTo(t, req), []byte("media")} {
		if _, err := agent.WriteTo(b, from); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 2+len(b))
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, frame(b)) {
			t.Fatalf("read %x, %v, want the framed %x", got, err, b)
		}
	}
	if err := agent.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection of an agent that has gone gives %v, want the end", err)
	}
}

func TestTCPStrangersAreClosed(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	agentOf(t, m, "ours")
	for name, first := range map[string][]byte{
		"not STUN":    frame([]byte("GET / HTTP/1.1")),
		"nobody":      frame(bindingMessage(t, stun.BindingRequest, "nobody", false).Raw),
		"too long":    {0xff, 0xff, 1, 2},
		"empty frame": {0, 0},
	} {
		conn, err := net.Dial("tcp4", m.TCPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(first); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is still open (%v)", name, err)
		}
		_ = conn.Close()
	}
}

func TestReadsEndWithDeadlineAndClose(t *testing.T) {
	var c counts
	agent := agentOf(t, listen(t, &c, "127.0.0.1"), "ours")
	if err := agent.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := agent.ReadFrom(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read after the deadline: %v", err)
	}
	_ = agent.SetReadDeadline(time.Time{})
	_ = agent.Close()
	if _, _, err := agent.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func TestPathsAreBounded(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	agent := agentOf(t, m, "ours")
	for i := range 3 * maxPaths {
		from := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(1000+i))
		agent.mu.Lock()
		agent.validate(path{m.udp[0], from}, true)
		agent.mu.Unlock()
	}
	if n := len(agent.paths); n != maxPaths || len(m.udp[0].routes) != maxPaths || len(agent.current) != maxPaths {
		t.Errorf("%d paths, %d routes, %d current, want %d of each", n, len(m.udp[0].routes), len(agent.current), maxPaths)
	}
	_ = agent.Close()
	if n := len(m.udp[0].routes); n != 0 {
		t.Errorf("%d routes are left of a Conn that is closed", n)
	}
}

func FuzzParseSTUN(f *testing.F) {
	m, _ := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.RawAttribute{Type: stun.AttrUseCandidate})
	f.Add(m.Raw)
	// A nomination behind the integrity attribute is not authenticated, so it is none.
	f.Add([]byte("\x00\x01\x00\f!\x12\xa4BTTTTTTTTTTTT\x00\x1c\x00\x03a:b\x00\x00%\x00\x00"))
	f.Add([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseSTUN(b)
		ref := &stun.Message{Raw: append([]byte(nil), b...)}
		if ref.Decode() != nil || !ok {
			return
		}
		var user stun.Username
		if user.GetFrom(ref) == nil && len(ref.Attributes) == 1 && !bytes.Equal(user, got.username) {
			t.Fatalf("user name %q, the library reads %q", got.username, user)
		}
		if ref.Contains(stun.AttrUseCandidate) != got.nominates {
			t.Fatalf("nominates %v, the library reads %v", got.nominates, !got.nominates)
		}
		if got.id != transactionID(ref.TransactionID) {
			t.Fatal("another transaction id")
		}
	})
}
