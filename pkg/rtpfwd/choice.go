package rtpfwd

import "time"

// Choice is one packet that a Forwarder selected, with its place in what the
// subscription gets. Only a Forwarder makes it; a queue between Forwarder and
// Outbound may hold it and drop it.
type Choice struct {
	Packet *Packet
	// Replica is where the packet comes from.
	Replica *Replica
	// Marker is the marker bit to send: the end of the picture as it is forwarded.
	Marker bool
	// Switch says that the packet is the first one from another Encoding, or after
	// a time without selection: timestamps must be aligned anew.
	Switch bool
	// Pad is how many bytes of padding the packet gets if there is room: see EqualSizes. The caller may set it. Resends have none, so that
	// their bytes do not depend on it; video alone gets it, and only where resends are packets of the repair stream.
	Pad uint8

	filler  bool  // send an empty packet with the number: nothing else is wanted
	cut     uint8 // the decode targets that the packet tells of and the subscriber does not get: see narrowing
	number  int64 // in order of selection: holes only where packets were lost
	picture int64 // the same for picture ids; -1 without
	// until is what the clock of the source showed at the start of the replay that the
	// packet belongs to; 0: it goes on as it came.
	until RTPTime
	since time.Duration // when it started: the Choice may wait before it is written
}
