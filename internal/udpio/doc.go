// Package udpio reads and writes UDP in batches. What a datagram costs is its way through the kernel, far more than the system call or the
// bytes: packets for the same destination that go down as one message (UDP_SEGMENT, GSO) cost a third.
//
//	                    ┌─ Receive: recvmmsg, UDP_GRO: cut into datagrams again, one call for each
//	socket (one local  ─┼─ Send: one datagram, at once: STUN, DTLS
//	address)            └─ Queue: the datagrams of one goroutine, until its Flush
//	                         Flow "to a"  1 2 3 4 ─┐ equal sizes, the last may be shorter: one message
//	                         Flow "to b"  1 2     ─┴─ sendmmsg, about 64 datagrams a call
//
// A Queue holds what a goroutine sends in one round of its work, and the goroutine says when the round ends: there is no timer. Order is
// kept within a Flow, not between Flows. Several Queues may send by one Socket at the same time: the calls go to the descriptor itself, not
// through net.UDPConn, whose lock would let one processor write at a time.
//
// Nothing waits for ever. A full socket buffer is waited for, 5 ms in a Flush at most; then what is left for the socket is dropped. Some interfaces and
// paths cannot take a message of several datagrams: it is sent again as single ones, and the Flow makes no more of them.
// Every dropped datagram is counted by a reason (Reasons).
//
// Where the system has no such calls (or forbids them) a Socket is portable: one datagram a call, by package net. Its writes wait as
// those of net.UDPConn do. The two are tested by the same tests.
//
// Over makes a portable Socket of a network in memory, so that all above it runs in virtual time.
//
// A Socket is bound to one local address. On the wildcard address the kernel would choose the source of each answer, and it may choose
// another than was asked: a validated path would change under ICE. Several may share the address as a group (ListenShared), one for each
// worker, which costs a datagram 2 to 5 % less than a Socket that two workers use at the same time.
//
// The package must not know ICE, RTP or who is at the other side.
package udpio
