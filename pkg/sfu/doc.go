// Package sfu is the shell of the server: it owns rooms, participants and their Transports, the goroutines, the sockets and the
// clock, and drives the pure packages that decide what is sent (pkg/rtpfwd), how much of it and when (pkg/bwe).
//
// # Control
//
// A [Server] implements signaling.Rooms. Each joined identity is a Participant in a Room, with one Transport (one
// PeerConnection, the participant always offers). What a participant receives is desired state: its view, the room's
// roster, and who speaks. A reconciler turns that into the mapping of publications onto slots whenever one of them changed; no
// step of a publish or a join can be missed, because nothing is pushed.
//
// # Media
//
//	socket -> ICE mux -> inbox of the worker that owns the Transport -> SRTP
//	   -> Inbound: parse once, NACK, TWCC feedback -> reference to each worker that has a subscriber
//	   -> Forwarder selects -> Pacer: waits, without a number -> Outbound of the slot numbers and rewrites -> SRTP
//	   -> queue of the worker -> socket
//	RTCP of a subscriber -> Outbound (resend, statistics) and the keyframe authority of the publisher
//	   -> Estimator -> Allocator -> targets of the Forwarders
//
// What the path to a participant carries is estimated from its feedback (pacing.go, feedback.go), and shared out among its
// subscriptions by what each layer was measured to take (rates.go, ladder.go, allocation.go). A feed measures its publication once for
// all who receive it.
//
// That is the fast media path (fastpath.go): ICE and DTLS are Pion's, but RTP and RTCP of validated addresses never reach it. The reader of a
// socket hands all that it took in a round over at once; the worker decrypts into slabs, and protects what it sends into
// its send queue. The keys come from Pion's DTLS (internal/srtpkeys), so we must be its server.
//
// On the portable media path (sinks.go) SRTP is Pion's too: its sessions write decrypted packets to sinks, and packets leave by its write
// streams. A Transport has one path for all its life, chosen by newTransport; everything between the two SRTP boxes is the same.
//
// A subscription starts with a replay from the ring of its worker. The worker of the publisher has a ring too as long as anybody
// receives the publication, and hands it over to the first subscriber on another worker; of a source that is deaf to keyframe
// requests it has one always.
//
// A worker is one goroutine that owns many Transports. Only it touches their media state (the types in ingest.go and
// egress.go), so that state has no locks. Everything else reaches a worker as a job in its inbox. Packets are immutable once
// parsed and are shared by reference between workers; they live in slabs that the garbage collector frees with
// the last ring that refers to them.
//
// What this package must not know: the wire format of signaling (pkg/signaling), how payloads are laid out and how
// numbers are rewritten (pkg/rtpfwd), flags and files (cmd/sfu).
package sfu
