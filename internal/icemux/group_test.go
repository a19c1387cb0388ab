package icemux

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/pion/stun/v4"
)

// remote is the other side of one Conn.
type remote struct {
	conn   *net.UDPConn
	agent  *Conn
	worker int
	addr   net.Addr // as the agent sees it
}

// connectAll makes n remotes, each with a Conn of one of the Batches in turn, and a path.
func connectAll(t *testing.T, batches []*Batch, family string, n int) []remote {
	t.Helper()
	var out []remote
	for i := range n {
		b := batches[i%len(batches)]
		far, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(family)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = far.Close() })
		ufrag := fmt.Sprint("agent", i)
		pc, err := b.GetConn(ufrag, &net.UDPAddr{IP: net.ParseIP(family), Port: 1})
		if err != nil {
			t.Fatal(err)
		}
		agent := pc.(*Conn)
		out = append(out, remote{far, agent, i % len(batches), authenticate(t, b.Mux, agent, ufrag, far, 0)})
	}
	return out
}

func TestWorkersShareAnAddress(t *testing.T) {
	for _, family := range []string{"127.0.0.1", "::1"} {
		t.Run(family, func(t *testing.T) {
			if c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(family)}); err != nil {
				t.Skip("this machine has no", family)
			} else {
				_ = c.Close()
			}
			testWorkers(t, family)
		})
	}
}

func testWorkers(t *testing.T, family string) {
	var c counts
	m := listenWith(t, Config{Dropped: c.add, Workers: 2}, family)
	batches := []*Batch{m.NewBatch(), m.NewBatch()}
	remotes := connectAll(t, batches, family, 40)
	sockets := m.udp[0].sockets
	if runtime.GOOS == "linux" && len(sockets) != 2 {
		t.Fatalf("%d sockets, want 2", len(sockets))
	}

	exchange(t, m, batches, remotes, 1)
	for i, s := range sockets {
		st := s.Stats()
		if st.ReceivedDatagrams == 0 {
			t.Errorf("nothing came in by socket %d", i)
		}
		// 20 remotes of each worker, 3 packets each.
		if want := uint64(len(remotes) / len(sockets) * 3); st.SentDatagrams != want {
			t.Errorf("socket %d sent %d datagrams in batches, want %d of its worker", i, st.SentDatagrams, want)
		}
	}

	// What the kernel now gives to the socket that is left belongs to the same paths.
	if len(sockets) > 1 {
		_ = sockets[1].Close()
		exchange(t, m, batches[:1], each(remotes, 0), 2)
		hear(t, m, each(remotes, 1), 3)
	}
	if len(c.n) != 0 {
		t.Errorf("dropped %v", c.n)
	}
}

// each gives the remotes of a worker.
func each(all []remote, worker int) (out []remote) {
	for _, r := range all {
		if r.worker == worker {
			out = append(out, r)
		}
	}
	return out
}

// hear sends from all remotes, and each agent reads what is its own.
func hear(t *testing.T, m *Mux, remotes []remote, round byte) {
	t.Helper()
	for i, r := range remotes {
		if _, err := r.conn.WriteToUDPAddrPort([]byte{128, round, byte(i)}, m.UDPAddrs()[0]); err != nil {
			t.Fatal(err)
		}
	}
	for i, r := range remotes {
		if b, from := read(t, r.agent); len(b) != 3 || b[1] != round || b[2] != byte(i) || from.String() != r.addr.String() {
			t.Errorf("agent %d reads %v from %s", i, b, from)
		}
	}
}

// exchange is hear, and RTP for each remote by the queue of its worker.
func exchange(t *testing.T, m *Mux, batches []*Batch, remotes []remote, round byte) {
	t.Helper()
	hear(t, m, remotes, round)
	for i, r := range remotes {
		for range 3 {
			write(t, r.agent, rtpPacket(500, i), r.addr)
		}
	}
	for _, b := range batches {
		b.Flush()
	}
	for i, r := range remotes {
		for range 3 {
			if b, by := read(t, r.conn); len(b) != 500 || b[2] != byte(i) || by.String() != m.UDPAddrs()[0].String() {
				t.Errorf("remote %d reads %d bytes of %d from %s", i, len(b), b[2], by)
			}
		}
	}
}

// A response finds its way though the kernel gave the request to the other worker's socket.
func TestResponsesOfWorkersLeaveFromTheAddress(t *testing.T) {
	var c counts
	m := listenWith(t, Config{Dropped: c.add, Workers: 4}, "127.0.0.1", "127.0.0.2")
	b := m.NewBatch()
	for i := range 20 {
		far, ufrag := clientSocket(t), fmt.Sprint("agent", i)
		pc, err := b.GetConn(ufrag, b.GetListenAddresses()[0])
		if err != nil {
			t.Fatal(err)
		}
		req := bindingMessage(t, stun.BindingRequest, ufrag, false)
		to := m.UDPAddrs()[i%2]
		if _, err := far.WriteToUDPAddrPort(req.Raw, to); err != nil {
			t.Fatal(err)
		}
		_, from := read(t, pc)
		write(t, pc.(*Conn), answerTo(t, req), from)
		if _, by := read(t, far); by.String() != to.String() {
			t.Errorf("the response came from %s, want %s", by, to)
		}
	}
}

// Media of Lines comes in by any socket of the address, and leaves by that of their worker.
func TestLinesShareAnAddress(t *testing.T) {
	var c counts
	m := listenWith(t, Config{Dropped: c.add, Workers: 2}, "127.0.0.1")
	const each = 10
	in := []*inbox{newInbox(), newInbox()}
	var lines []*Line
	var far []*net.UDPConn
	for i := range 2 {
		b := m.NewBatch()
		for k := range each {
			l, conn := b.NewLine(&transport{in[i]}), clientSocket(t)
			lineAgent(t, l, fmt.Sprint("agent", i, "-", k), conn, 0)
			l.Select(addrOf(conn))
			if _, err := conn.WriteToUDPAddrPort(mediaPacket(100+i, false), m.UDPAddrs()[0]); err != nil {
				t.Fatal(err)
			}
			if !send(l, i) {
				t.Error("not sent")
			}
			lines, far = append(lines, l), append(far, conn)
		}
		b.Flush()
		for _, d := range in[i].take(t, each) {
			if len(d.Bytes) != 100+i {
				t.Errorf("worker %d got media of the other one", i)
			}
		}
	}
	for i, conn := range far {
		if b, _ := read(t, conn); int(b[2]) != i/each {
			t.Errorf("remote %d of %d got packet %d", i, len(lines), b[2])
		}
	}
	for i, s := range m.udp[0].sockets {
		if st := s.Stats(); len(m.udp[0].sockets) == 2 && (st.SentDatagrams != each || st.ReceivedDatagrams == 0) {
			t.Errorf("socket %d sent %d datagrams and received %d, want %d and some", i, st.SentDatagrams, st.ReceivedDatagrams, each)
		}
	}
	if len(c.n) != 0 {
		t.Errorf("dropped %v", c.n)
	}
}
