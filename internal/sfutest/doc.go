// Package sfutest plays calls in virtual time: a whole server and scripted participants with real PeerConnections (Pion), in one
// bubble of testing/synctest, on a network in memory. A minute of a call takes as long as its packets cost to handle, and the
// clock stands still meanwhile: figures of time do not depend on the machine.
//
//	Scenario (steps as data) -> World: Network, sfu.Server, signaling.Server behind an http.Server
//	   Participant -> websocket over a connection in memory -> signaling.Server -> sfu.Server
//	   Participant -> Publication -> Encoding (synthetic VP8 or Opus) -> SRTP -> vnet -> sfu.Server
//	   sfu.Server -> vnet -> SRTP -> Slot: order, repair by NACK, depacketize, decode, compare with what was sent
//
// Every packet carries in its payload who made it, which frame it belongs to and which frame that one needs, so a Slot can tell
// whether a picture decodes and whether it shows the participant that the server announced. What a Slot finds wrong that no
// network condition explains is a fault, and every scenario ends with no faults, no panics, and no goroutine, room
// or Transport left.
//
// The package knows the protocol (pkg/signaling) and RTP, and nothing of the inside of pkg/sfu: it looks at the server as
// clients and metrics see it.
//
// A mutex that is held while its holder waits for virtual time stops the clock of a bubble for good. Nothing here
// does that, and a server that does it hangs in these tests.
package sfutest
