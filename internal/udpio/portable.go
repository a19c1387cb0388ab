package udpio

import (
	"net/netip"
)

// portable is one datagram a call, by package net or by a network in memory.
type portable struct {
	// Fixed after construction.
	socket *Socket
	conn   addrPortConn

	// Owned by the goroutine that receives.
	in []byte // made by the first receive
}

// addrPortConn is what a portable Socket needs of a connection.
type addrPortConn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
}

func (p *portable) receive(each func(from netip.AddrPort, b []byte)) error {
	if p.in == nil {
		p.in = make([]byte, maxPayload)
	}
	n, from, err := p.conn.ReadFromUDPAddrPort(p.in)
	if err != nil {
		return err
	}
	p.socket.counters.receiveCalls.Add(1)
	p.socket.counters.received.Add(1)
	each(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), p.in[:n])
	return nil
}

func (p *portable) serve(each func(from netip.AddrPort, b []byte), end func()) error {
	for {
		if err := p.receive(each); err != nil {
			return err
		}
		end()
	}
}

func (p *portable) send(b []byte, to netip.AddrPort) error {
	_, err := p.conn.WriteToUDPAddrPort(b, to)
	return err
}

func (p *portable) sender() sender { return portableSender{p} }

type portableSender struct{ *portable }

func (p portableSender) send(q *Queue, flows []*Flow) {
	s := p.socket
	for _, f := range flows {
		for i := f.first; i != none; {
			var b []byte
			b, i = q.datagram(i)
			err := p.portable.send(b, f.to)
			s.counters.sendCalls.Add(1)
			if err != nil {
				s.dropped(reasonOf(err), 1)
				continue
			}
			s.counters.messages.Add(1)
			s.counters.sent.Add(1)
		}
	}
}
