// Package rtpfwd decides what is sent: which packets of a publication go to which
// subscriber, and under which numbers. It is pure: no goroutine, lock, clock,
// socket or log. Time is an argument, a time.Duration since the start of the
// server; output is appended to the caller's slice or written to its buffer; what
// has to happen later is told by a Deadline. In the steady state nothing allocates.
//
// # Data flow
//
//	publisher's worker                          each interested worker
//	------------------                          ----------------------
//	raw RTP, RTX
//	   |
//	Inbound  parse once, extend numbers,        Replica  ring of references, clock
//	   |     sort out duplicates, NACK             |
//	   |                                           |    replay from its keyframe
//	   |                                        Forwarder  one per Subscription:
//	   +---- *Packet, immutable ------------->     |       which encoding and layers
//	                                             Choice
//	Keyframes  when to ask for a keyframe          |
//	RemoteClock  NTP of the publisher           Outbound  one per Slot: numbers, times,
//	Speakers  who is loud                          |      descriptors, resends
//	Hold  order, for who records or relays      raw RTP, to be protected and sent at once
//
// # Numbers
//
// A packet gets its number in three steps, each of which leaves a hole only where
// something was lost, so that what comes late finds its place:
//
//	wire of the publisher  100 101 102 103 104 105 106    101 padding, 104 lost
//	Packet.Seq             100  -  101 102  -  104 105    103 is kept for wire 104
//	Choice (selection)       7  -    8   -  -   10  11    wire 103 left out
//	wire of the subscriber 500  -  501   -  -  503 504    502 is kept
//
// Inbound closes up padding, Forwarder what it leaves out, and Outbound goes on over
// changes of the source. What is left out after its successors were sent has a
// number already: an empty packet fills it.
//
// Numbers of one SSRC start below 2^15, only grow, and are used once: a number used
// twice would be a nonce of SRTP used twice, and a resend without RTX therefore
// repeats the first sending byte for byte.
//
// # Joining
//
// A Replica knows what is in its Ring from the newest keyframe on. A subscription
// that starts is given that at once (Forwarder.Replay), if it is whole and small
// enough, so that joiners cost the publisher nothing. Its timestamps are drawn
// together: what is of the past is shown as fast as it is decoded, and the receiver
// is in real time from the first live packet on.
//
// # Header extensions
//
// Audio level, video orientation, playout delay, abs-capture-time, dependency
// descriptor and video layers allocation are passed on where both sides have them,
// by the outgoing ids. MID is that of the Slot. The transport-wide number and the
// send time are made anew for the hop. All others end here.
//
// # Equal sizes
//
// What leaves as one message, cut by the kernel, must be of equal size but for its end. Encoders divide a frame into packets that differ by a
// byte or a few; EqualSizes tells the padding that evens them, once for all subscribers, and a Choice carries it:
//
//	a frame    1182 1190 1190 1191 1191 1177   3 messages
//	padding       9    1    1    -    -    -   1 message
//
// # Redundant audio
//
// RED (RFC 2198) is a framing of Opus, not a codec of its own: a publication and a Slot
// are of Opus, and each packet says how it is framed. Outbound makes of it what the
// Slot takes, under the same number:
//
//	packet   Slot of RED                            Slot of Opus
//	RED      its blocks, with the Slot's type       the primary block
//	Opus     with the packet before it, or two      as it came
//
// A packet is repeated if it came, was sampled right before the next one, with no pause
// of DTX between them, and belongs to what the Slot plays since its last switch. How
// many were repeated is kept with the number, so that a resend has the same bytes
// even if more would be there by then; what cannot be made the same again is not resent.
//
// What a publisher's packets lost on their way repeat of each other, Inbound.Restore makes
// packets of, for all Slots: under their own numbers, and before they are asked for.
//
// # What the package must not know
//
// Participants, rooms, SDP, sockets, SRTP, bandwidth: package sfu owns the
// goroutines and buffers, package bwe says how much may be sent and when.
package rtpfwd
