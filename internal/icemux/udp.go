package icemux

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/udpio"
)

// udpGroup is UDP on one local address: a socket for each worker, all with that address. Paths belong to the address, as the kernel may
// give what comes from a remote address to any socket of the group.
type udpGroup struct {
	// Fixed after construction.
	mux     *Mux
	sockets []*udpio.Socket
	local   netip.AddrPort

	// Guarded by mu.
	mu     sync.RWMutex
	routes map[netip.AddrPort]*Conn
}

func newUDPGroup(m *Mux, sockets []*udpio.Socket) *udpGroup {
	return &udpGroup{mux: m, sockets: sockets, local: sockets[0].LocalAddr(), routes: map[netip.AddrPort]*Conn{}}
}

// A read that fails is mostly an ICMP error of an earlier write: the next one is as good as ever. With failures in a row there is a pause
// before each, as they would take a whole processor.
const (
	maxFailures  = 16
	failurePause = 10 * time.Millisecond
)

// read passes on what comes in by one of the sockets until it is closed.
func (g *udpGroup) read(socket *udpio.Socket) {
	var media round
	failures := 0
	take := func(from netip.AddrPort, b []byte) { g.take(from, b, &media) }
	end := func() {
		media.end() // the next call has the memory again
		failures = 0
	}
	for {
		if err := socket.Serve(take, end); errors.Is(err, net.ErrClosed) {
			return
		}
		g.mux.dropped("udp_receive")
		if failures++; failures > maxFailures {
			time.Sleep(failurePause)
		}
	}
}

func (g *udpGroup) take(from netip.AddrPort, b []byte, media *round) {
	g.mu.RLock()
	known := g.routes[from]
	g.mu.RUnlock()
	g.mux.receive(g, from, b, known, media)
}

// socketOf is what a worker sends by.
func (g *udpGroup) socketOf(worker int) *udpio.Socket { return g.sockets[worker%len(g.sockets)] }

func (g *udpGroup) write(worker int, b []byte, to netip.AddrPort) error {
	return g.socketOf(worker).Send(b, to)
}

func (g *udpGroup) flow(worker int, q *udpio.Queue, to netip.AddrPort) *udpio.Flow {
	return q.NewFlow(g.socketOf(worker), to)
}

func (g *udpGroup) close() error {
	var errs []error
	for _, s := range g.sockets {
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// eachSocket calls f for all UDP sockets.
func (m *Mux) eachSocket(f func(*udpio.Socket)) {
	for _, g := range m.udp {
		for _, s := range g.sockets {
			f(s)
		}
	}
}

// UDPStats is what all UDP sockets did so far.
func (m *Mux) UDPStats() udpio.Stats {
	var sum udpio.Stats
	m.eachSocket(func(s *udpio.Socket) { sum.Add(s.Stats()) })
	return sum
}

// UDPBuffers is the smallest buffer that the system granted to a UDP socket in each direction, in bytes, and what it was asked for. 0:
// there is no such socket, or the system does not say it.
func (m *Mux) UDPBuffers() (receive, send, asked int) {
	first := true
	m.eachSocket(func(s *udpio.Socket) {
		r, w := s.Buffers()
		if first {
			receive, send, first = r, w, false
		}
		receive, send = min(receive, r), min(send, w)
	})
	return receive, send, socketBuffer
}

func (g *udpGroup) route(from netip.AddrPort, c, old *Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c != nil {
		g.routes[from] = c
	} else if g.routes[from] == old {
		delete(g.routes, from)
	}
}
