package icemux

import (
	"net"
	"net/netip"
	"testing"
)

// send sends a packet by a Line.
func send(l *Line, seq int) bool {
	return l.Send(200, func(dst []byte) int { return copy(dst, rtpPacket(100, seq)) })
}

// A Line sends nothing before a pair is selected and its path is validated. In a burst, what comes after a change of path takes the new
// one, and the new path may be another family, another socket for the same address, or one of an ICE restart.
func TestLineFollowsThePath(t *testing.T) {
	var c counts
	far, six := clientSocket(t), socketOf(t, "::1")
	b := listen(t, &c, "127.0.0.1", "127.0.0.2", "::1").NewBatch()
	l := b.NewLine(&transport{newInbox()})
	if send(l, 0) || c.of("not_validated") != 1 {
		t.Error("sent before there is a Conn")
	}
	l.Select(addrOf(far)) // which no agent can have done yet
	agent, _ := lineAgent(t, l, "ours", far, 0)
	if send(l, 0) {
		t.Error("sent before a pair was selected")
	}
	l.Select(netip.MustParseAddrPort("192.0.2.1:9"))
	if send(l, 0) {
		t.Error("sent to an address that has not authenticated")
	}
	l.Select(addrOf(far))
	expectBy(t, l, far, 1, 0)
	send(l, 2)
	authenticate(t, b.Mux, agent, "ours", far, 1) // nominated by another socket, in the middle of a burst
	send(l, 3)
	b.Flush()
	arrivedBy(t, l, far, map[byte]int{2: 0, 3: 1})

	lineAgent(t, l, "ours", six, 2)
	l.Select(addrOf(six))
	expectBy(t, l, six, 4, 2)

	// An ICE restart: the old Conns end, new ones come.
	b.RemoveConnByUfrag("ours")
	if send(l, 5) {
		t.Error("sent by a path that has ended")
	}
	lineAgent(t, l, "again", far, 0)
	l.Select(addrOf(far))
	expectBy(t, l, far, 6, 0)
	nothingArrived(t, b.Mux, far)
}

// expectBy sends one packet and checks that it came by the socket with number by.
func expectBy(t *testing.T, l *Line, far *net.UDPConn, seq, by int) {
	t.Helper()
	if !send(l, seq) {
		t.Errorf("packet %d was not sent", seq)
	}
	l.Flush()
	arrivedBy(t, l, far, map[byte]int{byte(seq): by})
}

func arrivedBy(t *testing.T, l *Line, far *net.UDPConn, want map[byte]int) {
	t.Helper()
	for range len(want) {
		b, from := read(t, far)
		if by, ok := want[b[2]]; !ok || from.String() != net.UDPAddrFromAddrPort(l.UDPAddrs()[by]).String() {
			t.Errorf("packet %d came from %s, want %v", b[2], from, want)
		}
	}
}

func TestLineSendsNothingTooLarge(t *testing.T) {
	var c counts
	far := clientSocket(t)
	l := listen(t, &c, "127.0.0.1").NewBatch().NewLine(&transport{newInbox()})
	lineAgent(t, l, "ours", far, 0)
	l.Select(addrOf(far))
	if l.Send(maxDatagram+1, func([]byte) int { t.Error("there is room"); return 0 }) || c.of("too_large") != 1 {
		t.Errorf("dropped %v, want one that is too large", c.n)
	}
	if !l.Send(maxDatagram, func([]byte) int { return 0 }) {
		t.Error("what is not written is not dropped")
	}
	l.Flush()
	nothingArrived(t, l.Mux, far)
}

func TestSendingByALineAllocatesNothing(t *testing.T) {
	var c counts
	far := clientSocket(t)
	l := listen(t, &c, "127.0.0.1").NewBatch().NewLine(&transport{newInbox()})
	lineAgent(t, l, "ours", far, 0)
	l.Select(addrOf(far))
	packet := rtpPacket(1200, 1)
	if n := testing.AllocsPerRun(100, func() {
		for range 8 {
			l.Send(len(packet), func(dst []byte) int { return copy(dst, packet) })
		}
		l.Flush()
	}); n != 0 {
		t.Errorf("%v allocations for a round of 8 packets, want 0", n)
	}
}
