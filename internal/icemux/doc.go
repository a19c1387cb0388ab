// Package icemux puts all media sockets of the server, UDP on every local address and ICE-TCP, behind one ice.UDPMux, so that a Transport
// costs one candidate per address family and not one per address, each with its goroutines.
//
//	udp 10.0.0.1:7700 ─┐ (a socket a worker)  ┌─ Conn "ufrag a", IPv4 ── ICE agent
//	udp [fd00::1]:7700 ┼─ Mux: STUN by ufrag, ┼─ Conn "ufrag a", IPv6 ── ICE agent
//	tcp *:7700 ────────┘  the rest by 5-tuple └─ Conn "ufrag b", IPv4 ── ICE agent
//
// Each UDP address has one socket for each worker, where the system can share it (udpio.ListenShared). A worker's Batch sends by its own; what
// comes in by any of them is treated alike, as a path is a local address, not a socket.
//
// An ICE agent sees a remote address only; which of our sockets it is reached by is kept here. A response to a STUN request leaves by
// the socket that the request came in by (found by its transaction id). A successful response is also the proof that the request was
// authenticated: only then does the 5-tuple become a path. Everything else is sent on the path of the remote address that was nominated
// last, and dropped if there is none: nothing ever leaves to an address that did not authenticate.
//
// A Line takes the media of its Transport out of the agent's way: RTP and RTCP that come in by a path go to a Receiver (Deliver, once for each round
// of a reader and each Inbox), and Send writes into the queue of the worker, by the path that the selected pair has now. STUN and DTLS
// go on to the agent.
//
// What comes in is a STUN request with the user fragment of a Conn, or belongs to a path; all else is dropped without a log line and
// without allocation. ICE-TCP (RFC 6544, framed by RFC 4571) is served as passive side: the agent does not know it from UDP.
//
// The package must not know SDP, DTLS or media.
package icemux
