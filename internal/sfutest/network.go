package sfutest

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/transport/v4/vnet"
)

// Network is an IPv4 network in memory with the same delay between any two hosts: UDP by Pion's vnet, signaling by
// connections of our own (see conn).
type Network struct {
	// Fixed after construction.
	router *vnet.Router
	delay  time.Duration // one way

	// Guarded by mu.
	mu    sync.Mutex
	links map[netip.Addr]*Link
	last  netip.Addr
}

// Link is what joins one host to the Network. Its conditions may change at any time.
type Link struct {
	// Fixed after construction.
	net  *vnet.Net
	addr netip.Addr

	// Guarded by mu.
	mu      sync.Mutex
	silent  map[Traffic]bool
	lose    map[Direction]func(*rtp.Header) bool
	lost    map[Direction]int
	weather map[Direction]*weather
	meters  map[Direction]*meter
	halves  []*half // of open connections, to wake when a silence ends
}

// Direction is that of a packet, seen from the host of a Link.
type Direction uint8

// The directions.
const (
	Up   Direction = iota // the host sends
	Down                  // the host receives
)

// Traffic is a part of what a Link carries.
type Traffic uint8

// The parts.
const (
	Media     Traffic = iota // UDP
	Signaling                // the connection of the websocket
)

// making is held while vnet makes a router or a host: it numbers those of all networks without a lock.
var making sync.Mutex

func newNetwork(delay time.Duration) (*Network, error) {
	making.Lock()
	r, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.0.0.0/8", MinDelay: delay, LoggerFactory: silentLog()})
	making.Unlock()
	if err != nil {
		return nil, fmt.Errorf("make a router: %w", err)
	}
	n := &Network{router: r, delay: delay, links: map[netip.Addr]*Link{}, last: netip.MustParseAddr("10.0.0.0")}
	r.AddChunkFilter(n.carries)
	if err := r.Start(); err != nil {
		return nil, fmt.Errorf("start the router: %w", err)
	}
	return n, nil
}

func silentLog() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
}

// join adds a host with an address of its own. The router's lock is taken outside of ours: the router calls carries under it.
func (n *Network) join() (*Link, error) {
	n.mu.Lock()
	n.last = n.last.Next()
	addr := n.last
	n.mu.Unlock()
	making.Lock()
	host, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{addr.String()}})
	making.Unlock()
	if err != nil {
		return nil, fmt.Errorf("make a host: %w", err)
	}
	if err := n.router.AddNet(host); err != nil {
		return nil, fmt.Errorf("add a host: %w", err)
	}
	l := &Link{
		net: host, addr: addr, silent: map[Traffic]bool{},
		lose: map[Direction]func(*rtp.Header) bool{}, lost: map[Direction]int{}, weather: map[Direction]*weather{}, meters: map[Direction]*meter{},
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links[addr] = l
	return l, nil
}

// leave forgets a host. What is still on its way to it is lost.
func (n *Network) leave(l *Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.links, l.addr)
}

func (n *Network) close() error { return n.router.Stop() }

// carries decides the fate of one datagram, when it arrives.
func (n *Network) carries(c vnet.Chunk) bool {
	n.mu.Lock()
	from, to := n.links[chunkIP(c.SourceAddr())], n.links[chunkIP(c.DestinationAddr())]
	n.mu.Unlock()
	return from != nil && to != nil && from.passes(Up, c.UserData()) && to.passes(Down, c.UserData())
}

func chunkIP(a net.Addr) netip.Addr {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	return u.AddrPort().Addr().Unmap()
}

// passes tells whether the Link carries a datagram, and counts it if not.
func (l *Link) passes(d Direction, datagram []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silent[Media] {
		return false
	}
	lose, meter := l.lose[d], l.meters[d]
	if lose == nil && meter == nil || !isRTP(datagram) {
		return true
	}
	var h rtp.Header // SRTP leaves the header in the clear (RFC 3711, section 3.1)
	if _, err := h.Unmarshal(datagram); err != nil {
		return true
	}
	meter.count(&h, len(datagram))
	if lose == nil || !lose(&h) {
		return true
	}
	l.lost[d]++
	return false
}

// isRTP tells RTP from RTCP, STUN and DTLS by the first two bytes (RFC 7983 and RFC 5761).
func isRTP(b []byte) bool {
	return len(b) >= 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223)
}

// Silence stops all traffic of a part both ways, or lets it through again. Datagrams are lost; a connection keeps what was written, as
// TCP would.
func (l *Link) Silence(t Traffic, silent bool) {
	l.mu.Lock()
	l.silent[t] = silent
	halves := l.halves
	l.mu.Unlock()
	for _, h := range halves {
		h.signal()
	}
}

// Lose loses the RTP packets for which f is true; nil loses none.
func (l *Link) Lose(d Direction, f func(*rtp.Header) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose[d] = f
}

// Lost is how many RTP packets Lose has taken.
func (l *Link) Lost(d Direction) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost[d]
}

func (l *Link) isSilent(t Traffic) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.silent[t]
}

func (l *Link) watch(hs ...*half) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.halves = append(l.halves, hs...)
}
