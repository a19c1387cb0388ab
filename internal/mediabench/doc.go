// Package mediabench measures what a packet costs a media server, as ratios in one run on one machine: a server of ours, a fan-out of
// stock Pion, and the floor, which is a bare AES-128-GCM Seal and a bare batched send in the same pattern.
//
//	this process: load                         children: one subject each
//	publisher ── frames of K packets ────────> server ── 1 ─┐   CPU, allocations and packets of
//	N viewers <──────────────── loopback ───────────────────┘   the child alone, between two samples
//	   └── transport-wide feedback, reports ─> server
//
// A child tells its figures over its standard output as it is asked over its standard input (Attend); it ends when its input does, so
// that it never outlives its parent. CPU is user and system time of the whole child: on loopback the kernel's receiving half runs in
// the sender's time and is part of it, for all subjects alike.
//
// Publisher and viewers are real: they join by the server's protocol, ICE and DTLS, keep their consent fresh and send the feedback that
// browsers send. To let one process stand for a thousand viewers, the RTP that a viewer gets does not go through its PeerConnection: it
// waits in the viewer's socket, is read in batches some fifty times a second, and is not decrypted. Nobody waits at these sockets, so no
// sender pays for a wake-up. The kernel stamps each datagram as it arrives: what the feedback tells, and the latency, come from these stamps.
// Datagrams of one message (UDP_SEGMENT) have one stamp, by which the messages are counted.
//
// Rounds of the subjects are interleaved, each figure is the median of its rounds. Between its rounds a publisher sends two frames a
// second, so that no server takes it for gone.
//
// The package must not know how a subject is built: cmd/sfu gives it the server of ours as functions that count.
package mediabench
