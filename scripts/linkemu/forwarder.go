package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

const (
	mostFlows = 16   // addresses of the browser
	inbox     = 1024 // datagrams that were read and are not yet on a link
	readSize  = 2048 // no datagram of WebRTC is longer
)

// datagram is what a socket has received.
type datagram struct {
	dir  direction
	from netip.AddrPort // up: the browser's address
	flow *flow          // down
	data []byte
}

// flow is one address of the browser, with the socket that stands for it at the server.
type flow struct {
	browser netip.AddrPort
	socket  *net.UDPConn
}

// forwarder owns the sockets. Its run is the only one that touches the core.
type forwarder struct {
	core    *core
	front   *net.UDPConn // towards the browser
	server  *net.UDPAddr
	start   time.Time
	arrived chan datagram
	flows   map[netip.AddrPort]*flow
	out     *json.Encoder
}

// listen opens the socket towards the browser.
func listen(address, server string, out io.Writer) (*forwarder, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	to, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		return nil, err
	}
	front, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	return &forwarder{
		core: newCore(1), front: front, server: to, start: time.Now(), arrived: make(chan datagram, inbox),
		flows: map[netip.AddrPort]*flow{}, out: json.NewEncoder(out),
	}, nil
}

// run forwards until the orders end. Closing the sockets ends their readers.
func (f *forwarder) run(orders <-chan order) {
	go f.readFront()
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer f.close()
	for {
		select {
		case d := <-f.arrived:
			f.forward(d)
		case o, ok := <-orders:
			if !ok {
				return
			}
			f.obey(o)
		case <-timer.C:
			f.core.run(f.now())
		}
		f.write()
		timer.Reset(f.core.next() - f.now())
	}
}

func (f *forwarder) now() time.Duration { return time.Since(f.start) }

func (f *forwarder) close() {
	f.front.Close()
	for _, w := range f.flows {
		w.socket.Close()
	}
}

// obey does what a line on standard input says.
func (f *forwarder) obey(o order) {
	if !o.Report {
		f.core.obey(f.now(), &o)
		return
	}
	f.print(map[string]any{"report": append(append([]source{}, f.core.sources[down]...), f.core.sources[up]...)})
}

// write prints the samples that are due.
func (f *forwarder) write() {
	for _, s := range f.core.sample(f.now(), time.Now()) {
		f.print(s)
	}
}

func (f *forwarder) print(v any) {
	if err := f.out.Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "linkemu:", err)
	}
}

// forward puts a datagram onto its link. What the sockets do not take then is lost, as anywhere.
func (f *forwarder) forward(d datagram) {
	if d.dir == up {
		if d.flow = f.flowOf(d.from); d.flow == nil {
			return
		}
	}
	f.core.arrive(f.now(), d.dir, d.data, func() {
		if d.dir == up {
			_, _ = d.flow.socket.Write(d.data)
			return
		}
		_, _ = f.front.WriteToUDPAddrPort(d.data, d.flow.browser)
	})
}

// flowOf returns the flow of an address of the browser; nil if there are too many.
func (f *forwarder) flowOf(browser netip.AddrPort) *flow {
	if w := f.flows[browser]; w != nil || len(f.flows) >= mostFlows {
		return w
	}
	socket, err := net.DialUDP("udp", nil, f.server)
	if err != nil {
		fmt.Fprintln(os.Stderr, "linkemu:", err)
		return nil
	}
	w := &flow{browser: browser, socket: socket}
	f.flows[browser] = w
	go f.readServer(w)
	return w
}

func (f *forwarder) readFront() {
	for {
		buffer := make([]byte, readSize)
		n, from, err := f.front.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		f.arrived <- datagram{dir: up, from: from, data: buffer[:n]}
	}
}

func (f *forwarder) readServer(w *flow) {
	for refused := 0; refused < 100; {
		buffer := make([]byte, readSize)
		n, err := w.socket.Read(buffer)
		if err != nil { // nobody listens yet, or any more; or the socket was closed
			refused++
			continue
		}
		f.arrived <- datagram{dir: down, flow: w, data: buffer[:n]}
	}
}
