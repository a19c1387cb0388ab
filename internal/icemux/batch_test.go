package icemux

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/pion/stun/v4"
)

// rtpPacket looks like one from outside.
func rtpPacket(n, seq int) []byte {
	b := bytes.Repeat([]byte{byte(seq)}, n)
	b[0], b[1] = 0x80, 96
	return b
}

// batchAgent is an agent of a Batch, with the address that has authenticated to it.
func batchAgent(t *testing.T, b *Batch, ufrag string, by *net.UDPConn, to int) (*Conn, net.Addr) {
	t.Helper()
	pc, err := b.GetConn(ufrag, b.GetListenAddresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	agent := pc.(*Conn)
	return agent, authenticate(t, b.Mux, agent, ufrag, by, to)
}

// authenticate makes a path to the socket with number to, and nominates it.
func authenticate(t *testing.T, m *Mux, agent *Conn, ufrag string, by *net.UDPConn, to int) net.Addr {
	t.Helper()
	req := bindingMessage(t, stun.BindingRequest, ufrag, true)
	if _, err := by.WriteToUDPAddrPort(req.Raw, m.UDPAddrs()[to]); err != nil {
		t.Fatal(err)
	}
	_, from := read(t, agent)
	if _, err := agent.WriteTo(answerTo(t, req), from); err != nil {
		t.Fatal(err)
	}
	read(t, by)
	return from
}

// nothingArrived sends a mark at once: it must be the first that c reads.
func nothingArrived(t *testing.T, m *Mux, c *net.UDPConn) {
	t.Helper()
	mark := []byte("a mark")
	if err := m.udp[0].write(0, mark, c.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
		t.Fatal(err)
	}
	if got, _ := read(t, c); !bytes.Equal(got, mark) {
		t.Errorf("%d bytes arrived before the mark, want nothing", len(got))
	}
}

func write(t *testing.T, c *Conn, b []byte, to net.Addr) {
	t.Helper()
	if n, err := c.WriteTo(b, to); err != nil || n != len(b) {
		t.Fatalf("wrote %d of %d bytes, %v", n, len(b), err)
	}
}

func TestRTPWaitsForFlushAndAllElseDoesNot(t *testing.T) {
	for _, portable := range []bool{false, true} {
		t.Run(fmt.Sprintf("portable=%v", portable), func(t *testing.T) {
			var c counts
			b := listenWith(t, Config{Dropped: c.add, Portable: portable}, "127.0.0.1", "127.0.0.2").NewBatch()
			one, two := clientSocket(t), clientSocket(t)
			agent, toOne := batchAgent(t, b, "one", one, 0)
			other, toTwo := batchAgent(t, b, "two", two, 1)

			for i := range 4 {
				write(t, agent, rtpPacket(1200-i/3, i), toOne)
				write(t, other, rtpPacket(500+i, i), toTwo)
			}
			nothingArrived(t, b.Mux, one)
			rtcp, dtls := append([]byte{0x80, 200}, make([]byte, 26)...), append([]byte{22, 254, 253}, make([]byte, 40)...)
			for _, now := range [][]byte{rtcp, dtls} {
				write(t, agent, now, toOne)
				if got, _ := read(t, one); !bytes.Equal(got, now) {
					t.Errorf("got %x, want what does not wait", got)
				}
			}
			b.Flush()
			for i := range 4 {
				got, by := read(t, one)
				if !bytes.Equal(got, rtpPacket(1200-i/3, i)) || by.String() != b.UDPAddrs()[0].String() {
					t.Errorf("packet %d: %d bytes from %s", i, len(got), by)
				}
				got, by = read(t, two)
				if !bytes.Equal(got, rtpPacket(500+i, i)) || by.String() != b.UDPAddrs()[1].String() {
					t.Errorf("packet %d of the other: %d bytes from %s", i, len(got), by)
				}
			}
			b.Flush()
			nothingArrived(t, b.Mux, one)
			if len(c.n) != 0 {
				t.Errorf("dropped %v", c.n)
			}
		})
	}
}

// What was written before a change of path goes the old way, what comes after goes the new one, and nothing is lost.
func TestPathChangesInABurst(t *testing.T) {
	var c counts
	b := listen(t, &c, "127.0.0.1", "127.0.0.2").NewBatch()
	far := clientSocket(t)
	agent, to := batchAgent(t, b, "ours", far, 0)
	write(t, agent, rtpPacket(100, 1), to)
	authenticate(t, b.Mux, agent, "ours", far, 1)
	write(t, agent, rtpPacket(100, 2), to)
	b.Flush()
	seen := map[string]byte{}
	for range 2 {
		got, by := read(t, far)
		seen[by.String()] = got[2]
	}
	if seen[b.UDPAddrs()[0].String()] != 1 || seen[b.UDPAddrs()[1].String()] != 2 {
		t.Errorf("packets by socket: %v, want 1 by the old and 2 by the new path", seen)
	}

	// A path that is gone takes nothing more.
	_ = agent.Close()
	write(t, agent, rtpPacket(100, 3), to)
	b.Flush()
	nothingArrived(t, b.Mux, far)
	if c.of("not_validated") != 1 {
		t.Errorf("dropped %v, want 1 that has no path", c.n)
	}
}

func TestRTPByTCPDoesNotWait(t *testing.T) {
	var c counts
	b := listen(t, &c, "127.0.0.1").NewBatch()
	pc, err := b.GetConn("ours", b.GetListenAddresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	far, err := net.Dial("tcp4", b.TCPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	req := bindingMessage(t, stun.BindingRequest, "ours", true)
	if _, err := far.Write(frame(req.Raw)); err != nil {
		t.Fatal(err)
	}
	_, from := read(t, pc)
	for _, p := range [][]byte{answerTo(t, req), rtpPacket(300, 7)} {
		write(t, pc.(*Conn), p, from)
		got := make([]byte, 2+len(p))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, frame(p)) {
			t.Fatalf("read %x, %v, want the framed %x", got, err, p)
		}
	}
}

func TestIsRTP(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"empty":                  {nil, false},
		"short":                  {[]byte{0x80, 96, 0}, false},
		"RTP":                    {rtpPacket(12, 0), true},
		"RTP with marker":        {append([]byte{0x80, 0x80 | 111}, make([]byte, 10)...), true},
		"G.711":                  {append([]byte{0x80, 0}, make([]byte, 10)...), true},
		"sender report":          {append([]byte{0x80, 200}, make([]byte, 26)...), false},
		"transport-wide report":  {append([]byte{0x8f, 205}, make([]byte, 26)...), false},
		"DTLS application data":  {append([]byte{23, 254, 253}, make([]byte, 26)...), false},
		"STUN binding request":   {append([]byte{0, 1, 0, 0}, make([]byte, 16)...), false},
		"version 3, of nobody":   {append([]byte{0xc0, 96}, make([]byte, 10)...), false},
		"payload type before 64": {append([]byte{0x80, 63}, make([]byte, 10)...), true},
		"payload type after 95":  {append([]byte{0x80, 0xe0}, make([]byte, 10)...), true},
	} {
		if got := isRTP(c.b); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
