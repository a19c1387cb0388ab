package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/pion/ice/v4"

	"github.com/heliograph/heliograph/internal/icemux"
)

// ports are the sockets of all media, as one mux, and the addresses that candidates name for them.
type ports struct {
	mux ice.UDPMux
	udp []netip.AddrPort // what UDP listens on
	tcp netip.AddrPort   // what ICE-TCP listens on; invalid: nothing

	candidates []candidate // best first
}

// candidate is one address that an answer offers.
type candidate struct {
	network string // udp or tcp
	addr    netip.AddrPort
}

func openPorts(c *Config, dropped func(string)) (*ports, error) {
	if ours, ok := c.Mux.(*icemux.Mux); ok {
		p := &ports{mux: ours, udp: ours.UDPAddrs(), tcp: ours.TCPAddr()}
		return p, p.nameCandidates(c.NodeIPs)
	}
	if c.Mux != nil {
		return portsOf(c.Mux), nil
	}
	if c.UDPPort == 0 && c.TCPPort == 0 {
		return nil, fmt.Errorf("%w: neither a UDP nor a TCP port is set", ErrConfig)
	}
	mux, err := icemux.Listen(icemux.Config{UDPPort: c.UDPPort, TCPPort: c.TCPPort, Workers: c.Workers, Dropped: dropped})
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: %w", ErrPortTaken, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the media ports: %w", err)
	}
	p := &ports{mux: mux, udp: mux.UDPAddrs(), tcp: mux.TCPAddr()}
	return p, p.nameCandidates(c.NodeIPs)
}

// portsOf takes a mux of the caller as it is.
func portsOf(mux ice.UDPMux) *ports {
	p := &ports{mux: mux}
	for _, a := range mux.GetListenAddresses() {
		if ap, err := netip.ParseAddrPort(a.String()); err == nil {
			p.udp = append(p.udp, ap)
			p.candidates = append(p.candidates, candidate{"udp", ap})
		}
	}
	return p
}

// nameCandidates names the operator's addresses, else those that UDP listens on, else all of the machine, loopback last: UDP
// first, then TCP.
func (p *ports) nameCandidates(nodeIPs []netip.Addr) error {
	ips := slices.Clone(nodeIPs)
	if len(ips) == 0 {
		for _, a := range p.udp {
			ips = append(ips, a.Addr())
		}
		if len(ips) == 0 {
			var err error
			if ips, err = icemux.LocalAddrs(); err != nil {
				return err
			}
		}
		slices.SortStableFunc(ips, func(a, b netip.Addr) int {
			switch {
			case a.IsLoopback() == b.IsLoopback():
				return 0
			case a.IsLoopback():
				return 1
			}
			return -1
		})
	}
	for _, ip := range ips {
		if len(p.udp) > 0 {
			p.candidates = append(p.candidates, candidate{"udp", netip.AddrPortFrom(ip, p.udp[0].Port())})
		}
	}
	for _, ip := range ips {
		if p.tcp.IsValid() {
			p.candidates = append(p.candidates, candidate{"tcp", netip.AddrPortFrom(ip, p.tcp.Port())})
		}
	}
	return nil
}

// offeredMux listens on addresses of the families that candidates name. An ICE agent makes a Conn for each of them, with a goroutine
// and buffers: nobody comes by a family that no candidate names.
type offeredMux struct {
	ice.UDPMux
	candidates []candidate
}

// GetListenAddresses implements ice.UDPMux.
func (m offeredMux) GetListenAddresses() []net.Addr {
	return slices.DeleteFunc(m.UDPMux.GetListenAddresses(), func(a net.Addr) bool {
		at, err := netip.ParseAddrPort(a.String())
		return err == nil && !slices.ContainsFunc(m.candidates, func(c candidate) bool {
			return c.addr.Addr().Unmap().Is4() == at.Addr().Unmap().Is4()
		})
	})
}

// addrs lists what the ports listen on, as "udp 127.0.0.1:7700".
func (p *ports) addrs() []string {
	var out []string
	for _, a := range p.udp {
		out = append(out, "udp "+a.String())
	}
	if p.tcp.IsValid() {
		out = append(out, "tcp "+p.tcp.String())
	}
	return out
}

// share is the mux for one worker, and the Batch under it; nil: the mux is the caller's.
func (p *ports) share() (ice.UDPMux, *icemux.Batch) {
	if m, ours := p.mux.(*icemux.Mux); ours {
		b := m.NewBatch()
		return p.offered(b), b
	}
	return p.mux, nil
}

// offered is the mux with the families that candidates name.
func (p *ports) offered(mux ice.UDPMux) ice.UDPMux { return offeredMux{mux, p.candidates} }

func (p *ports) close() error { return p.mux.Close() }
