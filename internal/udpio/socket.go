package udpio

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// Config says how a Socket works. The zero value of each field has a meaning, said there.
type Config struct {
	// Buffer is asked of the kernel for each direction, in bytes; 0: its default. See Socket.Buffers for what it granted.
	Buffer int
	// Portable forbids the batched calls.
	Portable bool
	// Dropped is called with a reason (Reasons) and a number of datagrams, from any goroutine; nil: nobody counts.
	Dropped func(reason string, datagrams int)
}

// Socket is UDP on one local address, which it may share with others of its group. Receive and Serve are for one goroutine at a time; all else for any.
type Socket struct {
	// Fixed after construction.
	conn    *net.UDPConn // nil: a network in memory
	local   netip.AddrPort
	dropped func(reason string, datagrams int)
	way     transfer

	counters counters
}

// transfer is how a Socket reaches the kernel.
type transfer interface {
	// receive waits for datagrams and calls each for every one of them.
	receive(each func(from netip.AddrPort, b []byte)) error
	// serve receives until there is an error, and calls end after the datagrams of each call of the system.
	serve(each func(from netip.AddrPort, b []byte), end func()) error
	// send sends one datagram.
	send(b []byte, to netip.AddrPort) error
	// sender makes what sends the Flows of one Queue.
	sender() sender
}

// sender sends what has gathered in Flows. It is used under the lock of its Queue.
type sender interface {
	send(q *Queue, flows []*Flow)
}

// Stats counts what a Socket did since it was made.
type Stats struct {
	// SendCalls, SentMessages and SentDatagrams count what Flush sent; SegmentedDatagrams are those of them that left in messages of several.
	SendCalls, SentMessages, SentDatagrams, SegmentedDatagrams uint64
	// RefusedMessages are messages of several datagrams that the system did not take; they were sent again as single datagrams.
	RefusedMessages uint64
	// ReceiveCalls and ReceivedDatagrams count what Receive took; MergedDatagrams are those of them that came in messages of several.
	ReceiveCalls, ReceivedDatagrams, MergedDatagrams uint64
}

// Add adds what another Socket did.
func (s *Stats) Add(o Stats) {
	s.SendCalls += o.SendCalls
	s.SentMessages += o.SentMessages
	s.SentDatagrams += o.SentDatagrams
	s.SegmentedDatagrams += o.SegmentedDatagrams
	s.RefusedMessages += o.RefusedMessages
	s.ReceiveCalls += o.ReceiveCalls
	s.ReceivedDatagrams += o.ReceivedDatagrams
	s.MergedDatagrams += o.MergedDatagrams
}

// counters are Stats that any goroutine may add to.
type counters struct {
	sendCalls, messages, sent, segmented, refused, receiveCalls, received, merged atomic.Uint64
}

// Reasons lists why a datagram is dropped, as Config.Dropped gets it.
func Reasons() []string {
	return []string{dropBuffer, dropMemory, dropSize, dropUnreachable, dropClosed, dropSend, dropTruncated}
}

const (
	dropBuffer      = "send_buffer"       // the socket's buffer stayed full for as long as a Flush waits
	dropMemory      = "send_memory"       // ENOBUFS, ENOMEM: the interface's queue or the kernel is full
	dropSize        = "send_size"         // EMSGSIZE: larger than any datagram, or than the path carries
	dropUnreachable = "send_unreachable"  // no route, or a firewall of this machine
	dropClosed      = "send_closed"       // the socket is closed
	dropSend        = "send_error"        // what else the system says
	dropTruncated   = "receive_truncated" // longer than a datagram can be, or a merged message that does not say its sizes
)

const (
	maxDatagram = 65507   // bytes: the largest payload of UDP over IPv4
	maxPayload  = 1 << 16 // bytes: more than any datagram, and any message of several, that comes in
)

// Listen opens a Socket on addr. Its error is that of package net.
func Listen(addr netip.AddrPort, c Config) (*Socket, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	return newSocket(conn, c), nil
}

func newSocket(conn *net.UDPConn, c Config) *Socket {
	s := &Socket{conn: conn, local: conn.LocalAddr().(*net.UDPAddr).AddrPort(), dropped: c.Dropped}
	if s.dropped == nil {
		s.dropped = func(string, int) {}
	}
	if c.Buffer > 0 { // what is granted may be less: see Buffers
		_ = conn.SetReadBuffer(c.Buffer)
		_ = conn.SetWriteBuffer(c.Buffer)
		forceBuffers(conn, c.Buffer)
	}
	s.way = &portable{socket: s, conn: conn}
	if !c.Portable {
		if b := newBatched(s); b != nil {
			s.way = b
		}
	}
	return s
}

// LocalAddr is the address that the Socket is bound to.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// Batched tells whether the batched calls are used.
func (s *Socket) Batched() bool {
	_, is := s.way.(*portable)
	return !is
}

// Receive waits for datagrams and calls each for every one that is there, in the order of arrival. b is lent until the next
// Receive. Its error wraps net.ErrClosed once the Socket is closed; after any other error it may be called again.
func (s *Socket) Receive(each func(from netip.AddrPort, b []byte)) error {
	return s.way.receive(each)
}

// Serve is Receive until there is an error. It calls end after all datagrams that came together; b is lent until then. It costs a call of
// the system less each time than a loop around Receive.
func (s *Socket) Serve(each func(from netip.AddrPort, b []byte), end func()) error {
	return s.way.serve(each, end)
}

// Send sends one datagram at once. What the system does not take is lost and counted, with its error; only a portable Socket waits.
func (s *Socket) Send(b []byte, to netip.AddrPort) error {
	if err := s.way.send(b, to); err != nil {
		s.dropped(reasonOf(err), 1)
		return fmt.Errorf("send to %s: %w", to, err)
	}
	return nil
}

// Stats tells what the Socket did so far.
func (s *Socket) Stats() Stats {
	c := &s.counters
	return Stats{
		SendCalls: c.sendCalls.Load(), SentMessages: c.messages.Load(), SentDatagrams: c.sent.Load(),
		SegmentedDatagrams: c.segmented.Load(), RefusedMessages: c.refused.Load(), ReceiveCalls: c.receiveCalls.Load(), ReceivedDatagrams: c.received.Load(),
		MergedDatagrams: c.merged.Load(),
	}
}

// Close ends Receive. Queues drop what they still have for the Socket.
func (s *Socket) Close() error {
	if p, is := s.way.(*portable); is {
		return p.conn.Close()
	}
	return s.conn.Close()
}
