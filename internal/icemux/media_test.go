package icemux

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// inbox keeps what it gets, with the number of rounds.
type inbox struct {
	mu     sync.Mutex
	rounds int
	at     []time.Time // of the rounds
	got    []Datagram
	came   chan struct{}
}

func newInbox() *inbox { return &inbox{came: make(chan struct{}, 1<<17)} }

func (i *inbox) Deliver(at time.Time, batch []Datagram) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rounds++
	i.at = append(i.at, at)
	for _, d := range batch {
		i.got = append(i.got, Datagram{d.To, bytes.Clone(d.Bytes)})
		i.came <- struct{}{}
	}
}

// take waits for the next n datagrams and returns them.
func (i *inbox) take(t *testing.T, n int) []Datagram {
	t.Helper()
	late := time.After(5 * time.Second)
	for range n {
		select {
		case <-i.came:
		case <-late:
			t.Fatal("a datagram has not arrived")
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	got := slices.Clone(i.got[:n])
	i.got = i.got[n:]
	return got
}

func (i *inbox) waiting() int { return len(i.came) }

// transport is a Receiver.
type transport struct{ in *inbox }

func (r *transport) Inbox() Inbox { return r.in }

// mediaPacket looks like RTP, or like RTCP.
func mediaPacket(n int, rtcp bool) []byte {
	b := rtpPacket(n, n)
	if rtcp {
		b[1] = 200
	}
	return b
}

// lineAgent is an agent of a Line in the family of a socket, with the address that has authenticated to it by the socket with number to.
func lineAgent(t *testing.T, l *Line, ufrag string, by *net.UDPConn, to int) (*Conn, net.Addr) {
	t.Helper()
	pc, err := l.GetConn(ufrag, by.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return pc.(*Conn), authenticate(t, l.Mux, pc.(*Conn), ufrag, by, to)
}

func socketOf(t *testing.T, ip string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 0)))
	if err != nil {
		t.Skip("this machine has no ", ip)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func addrOf(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// RTP and RTCP of a validated path go to the Receiver of its Transport, all else to the agent; strangers and others reach nobody.
func TestMediaGoesToItsReceiver(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		for _, portable := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/portable=%v", ip, portable), func(t *testing.T) { testDiversion(t, ip, portable) })
		}
	}
}

func testDiversion(t *testing.T, ip string, portable bool) {
	one, two, stranger := socketOf(t, ip), socketOf(t, ip), socketOf(t, ip)
	var c counts
	b := listenWith(t, Config{Dropped: c.add, Portable: portable}, ip).NewBatch()
	in := newInbox()
	first, second := &transport{in}, &transport{in}
	agent, _ := lineAgent(t, b.NewLine(first), "one", one, 0)
	lineAgent(t, b.NewLine(second), "two", two, 0)
	to := net.UDPAddrFromAddrPort(b.UDPAddrs()[0])
	say := func(by *net.UDPConn, p []byte) {
		if _, err := by.WriteTo(p, to); err != nil {
			t.Fatal(err)
		}
	}
	dtls := append([]byte{22, 254, 253}, make([]byte, 40)...)
	say(stranger, mediaPacket(100, false))
	say(one, mediaPacket(101, false))
	say(two, mediaPacket(102, true))
	say(one, dtls)
	say(one, []byte{0x80})
	for i, want := range []struct {
		to *transport
		b  []byte
	}{{first, mediaPacket(101, false)}, {second, mediaPacket(102, true)}, {first, []byte{0x80}}} {
		if got := in.take(t, 1)[0]; got.To != want.to || !bytes.Equal(got.Bytes, want.b) {
			t.Errorf("datagram %d: %x", i, got.Bytes)
		}
	}
	if got, _ := read(t, agent); !bytes.Equal(got, dtls) {
		t.Errorf("the agent got %x, want DTLS", got)
	}
	// After the end of a Transport its path is nobody's.
	_ = agent.Close()
	say(one, mediaPacket(103, false))
	say(two, mediaPacket(104, false))
	if got := in.take(t, 1)[0]; got.To != second || len(got.Bytes) != 104 {
		t.Errorf("got %d bytes", len(got.Bytes))
	}
	if c.of("unknown_path") != 2 || in.waiting() != 0 {
		t.Errorf("dropped %v, %d more came: want two of unknown_path, none", c.n, in.waiting())
	}
}

// What a reader takes in one round is one hand-over for each Inbox.
func TestMediaIsHandedOverByRounds(t *testing.T) {
	var r round
	one, two := newInbox(), newInbox()
	a, b, c := &transport{one}, &transport{one}, &transport{two}
	for i := range 30 {
		to := []*transport{a, b, c}[i%3]
		r.add(to.Inbox(), Datagram{to, []byte{byte(i)}})
	}
	r.end()
	r.end()
	if one.rounds != 1 || two.rounds != 1 || len(one.got) != 20 || len(two.got) != 10 {
		t.Errorf("%d in %d rounds and %d in %d, want 20 in 1 and 10 in 1", len(one.got), one.rounds, len(two.got), two.rounds)
	}
	for i, d := range one.got {
		if want := byte(i/2*3 + i%2); d.Bytes[0] != want {
			t.Errorf("datagram %d is number %d, want %d", i, d.Bytes[0], want)
		}
	}
	for _, b := range r.batches {
		if len(b.list) != 0 || b.list[:1][0].To != nil {
			t.Error("a round holds what was handed over")
		}
	}
}

// All of a round has the time of its first datagram, whatever the reader does until its end.
func TestMediaHasTheTimeOfItsRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r round
		one, two := newInbox(), newInbox()
		began := time.Now()
		for range 2 {
			for _, in := range []*inbox{one, two} {
				r.add(in, Datagram{&transport{in}, []byte{1}})
				time.Sleep(time.Millisecond)
			}
			r.end()
		}
		for _, in := range []*inbox{one, two} {
			if want := []time.Time{began, began.Add(2 * time.Millisecond)}; !slices.Equal(in.at, want) {
				t.Errorf("arrived at %v, want %v", in.at, want)
			}
		}
	})
}

// Datagrams of every length that look like media: those that are too long are counted, the others arrive as they are.
func TestMediaOfEveryLength(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	in := newInbox()
	known := newConn(m, connKey{}, nil, nil, &transport{in})
	all := bytes.Repeat([]byte{0x90}, 1<<16)
	var r round
	for n := range 1 << 16 {
		m.receive(m.udp[0], netip.AddrPort{}, all[:n], known, &r)
		r.end()
	}
	if d, _ := read(t, known); len(d) != 0 {
		t.Errorf("the agent got %d bytes, want the empty datagram", len(d))
	}
	for n := 1; n <= maxDatagram; n++ {
		if d := in.take(t, 1)[0]; len(d.Bytes) != n {
			t.Fatalf("%d bytes, want %d", len(d.Bytes), n)
		}
	}
	if n := c.of("too_large"); in.waiting() != 0 || n != 1<<16-1-maxDatagram {
		t.Errorf("%d more, %d too large", in.waiting(), n)
	}
}

func TestReceivingMediaAllocatesNothing(t *testing.T) {
	var c counts
	m := listen(t, &c, "127.0.0.1")
	known := newConn(m, connKey{}, nil, nil, silentReceiver{&transport{}})
	b := mediaPacket(1200, false)
	var r round
	if n := testing.AllocsPerRun(1000, func() {
		for range 8 {
			m.receive(m.udp[0], netip.AddrPort{}, b, known, &r)
		}
		r.end()
	}); n != 0 {
		t.Errorf("%v allocations for a round, want 0", n)
	}
}

// silentReceiver is its own Inbox and keeps nothing.
type silentReceiver struct{ *transport }

func (s silentReceiver) Inbox() Inbox                { return s }
func (silentReceiver) Deliver(time.Time, []Datagram) {}

// Media over ICE-TCP goes the same ways, and leaves at once.
func TestMediaByTCP(t *testing.T) {
	var c counts
	b := listen(t, &c, "127.0.0.1").NewBatch()
	in := newInbox()
	l := b.NewLine(&transport{in})
	pc, err := l.GetConn("ours", b.GetListenAddresses()[0])
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
	write(t, pc.(*Conn), answerTo(t, req), from)
	l.Select(from.(*net.UDPAddr).AddrPort())
	if !l.Send(500, func(dst []byte) int { return copy(dst, rtpPacket(300, 7)) }) {
		t.Error("not sent")
	}
	for _, p := range [][]byte{answerTo(t, req), rtpPacket(300, 7)} {
		got := make([]byte, 2+len(p))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, frame(p)) {
			t.Fatalf("read %x, %v, want the framed %x", got, err, p)
		}
	}
	if _, err := far.Write(slices.Concat(frame(mediaPacket(50, false)), frame(mediaPacket(60, true)))); err != nil {
		t.Fatal(err)
	}
	if got := in.take(t, 2); len(got[0].Bytes) != 50 || len(got[1].Bytes) != 60 || got[1].Bytes[1] != 200 {
		t.Errorf("got %d and %d bytes", len(got[0].Bytes), len(got[1].Bytes))
	}
	_ = far.Close()
	for end := time.Now().Add(5 * time.Second); l.Send(10, func([]byte) int { return 0 }); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("the path outlives its connection")
		}
	}
}
