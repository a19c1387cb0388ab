// Package bwe decides how much is sent to a participant and when. It is pure: no goroutine, lock, clock, socket or log.
// Time is an argument, a time.Duration since the start of the server; what has to happen later is told by Next. In the
// steady state nothing allocates.
//
// # Data flow
//
//	RTCP of the participant
//	   |
//	TransportCC or CCFB   parse feedback, extend numbers
//	   | []Ack
//	Estimator  <--- Sent ---------------------------+
//	   | State               | Probe                |
//	   |                     |                      |
//	   |                   Pacer ---> Item, to be numbered, protected and sent
//	   v
//	Allocator ---> Grants: what to send; Demand, back to the Estimator
//
// The other way round, ArrivalLog makes the feedback for those who send to the server.
//
// # The estimator
//
// Packets of a Transport have numbers of their own, and the receiver reports when each of them arrived. From that come
// two signals: the delay above the least of the last 16 s is the queue in the bottleneck (delay.go), and the bytes that
// arrive per time are the rate that got through (delivered.go). Losses are the third, and the weakest (losses.go).
//
//	track.go     the queue is kept short and the same for all flows; while there is none, the rate grows
//	dip.go       a moment of less now and then, to see the path empty
//	compete.go   other traffic fills the queue whatever we do: share with it
//	pairs.go     the capacity, whoever uses it, by packets that were sent together
//	policing.go  losses without a queue: a policer, or a bad radio link
//	probing.go   short bursts at a higher rate: at the start, and when there is a use for more
//	silence.go   no feedback at all
//	fallback.go  receiver reports and REMB, for want of better
//
// Whatever feedback says, the target stays within the configured bounds and below 1.5 times what acknowledgements have
// proven; feedback for packets that were never sent, or a second time, is ignored.
//
// # Who gets it
//
// divide.go shares out a bitrate among the tracks of a Transport, as if nothing had been sent before. allocator.go does so
// over time, with the State of the Estimator, and tells it by Demand what to probe for. utility.go says what an option is
// worth. pacer.go and queue.go say when each packet goes out.
//
// # What the package must not know
//
// Participants, tracks, codecs, sockets, SSRCs but for finding numbers: package sfu owns the goroutines and the buffers,
// package rtpfwd says what is sent.
package bwe
