package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// ports are the sockets of all media: one UDP port and one TCP port on every address.
type ports struct {
	udp ice.UDPMux
	tcp ice.TCPMux

	udpAddrs []netip.AddrPort
	tcpAddr  netip.AddrPort
}

const tcpWriteBuffer = 4 << 20 // of one ICE-TCP connection: beyond it packets are dropped, a worker never waits

func openPorts(c *Config) (*ports, error) {
	p := &ports{udp: c.Mux}
	if c.Mux == nil && c.UDPPort != 0 {
		mux, err := ice.NewMultiUDPMuxFromPort(c.UDPPort, ice.UDPMuxFromPortWithLoopback(),
			ice.UDPMuxFromPortWithLogger(c.PionLog.NewLogger("ice")),
			ice.UDPMuxFromPortWithReadBufferSize(4<<20), ice.UDPMuxFromPortWithWriteBufferSize(4<<20))
		if err != nil {
			return nil, portError("UDP", c.UDPPort, err)
		}
		p.udp = mux
	}
	if p.udp != nil {
		for _, a := range p.udp.GetListenAddresses() {
			if ap, err := netip.ParseAddrPort(a.String()); err == nil {
				p.udpAddrs = append(p.udpAddrs, ap)
			}
		}
	}
	if c.TCPPort != 0 {
		if err := p.listenTCP(c.TCPPort, c.PionLog.NewLogger("ice")); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	if p.udp == nil && p.tcp == nil {
		return nil, fmt.Errorf("%w: neither a UDP nor a TCP port is set", ErrConfig)
	}
	return p, nil
}

func (p *ports) listenTCP(port int, log logging.LeveledLogger) error {
	l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return portError("TCP", port, err)
	}
	p.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: l, Logger: log, ReadBufferSize: 64, WriteBufferSize: tcpWriteBuffer,
	})
	p.tcpAddr, _ = netip.ParseAddrPort(l.Addr().String())
	return nil
}

func portError(network string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %s port %d: %w", ErrPortTaken, network, port, err)
	}
	return fmt.Errorf("open %s port %d for media: %w", network, port, err)
}

// addrs lists what the ports listen on, as "udp 127.0.0.1:7700".
func (p *ports) addrs() []string {
	var out []string
	for _, a := range p.udpAddrs {
		out = append(out, "udp "+a.String())
	}
	slices.Sort(out)
	if p.tcpAddr.IsValid() {
		out = append(out, "tcp "+p.tcpAddr.String())
	}
	return out
}

func (p *ports) close() error {
	var errs []error
	if p.udp != nil {
		errs = append(errs, p.udp.Close())
	}
	if p.tcp != nil {
		errs = append(errs, p.tcp.Close())
	}
	return errors.Join(errs...)
}
