package bwe

import "time"

// Kind says what a packet carries. The order is that of its priority, the most urgent first.
type Kind uint8

// The kinds of packets.
const (
	Audio    Kind = iota
	AudioRTX      // repairs of audio: for them a round trip more is late already
	RTX
	Video
	Screen
	FEC
	Padding
	kinds
)

// Sent tells of a packet at the moment when it was handed to the socket.
type Sent struct {
	Seq   int64         // transport-wide number, extended; each is used once and they only grow
	At    time.Duration // since the start of the server
	Size  int           // bytes of the IP packet
	Kind  Kind
	Probe int // the ID of the Probe that it belongs to, 0 for none
}

// Ack tells what a receiver said of one packet. Both kinds of feedback are parsed into it.
type Ack struct {
	Seq  int64         // transport-wide number, extended
	Recv time.Duration // by the receiver's clock, whose origin and speed are its own; unused if Lost
	Lost bool          // not arrived by the time of the report; it may still arrive
	ECN  uint8         // the two bits of the IP header (RFC 3168), 0 with feedback that has none
}
