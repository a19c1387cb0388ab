// Package sfutest plays calls in virtual time: a whole server and scripted participants with real PeerConnections (Pion), in one
// bubble of testing/synctest, on a network in memory. A minute of a call takes as long as its packets cost to handle, and the
// clock stands still meanwhile: figures of time do not depend on the machine.
//
//	Scenario (steps as data) -> World: Network, sfu.Server, signaling.Server behind an http.Server
//	   Participant -> websocket over a connection in memory -> signaling.Server -> sfu.Server
//	   Participant -> Publication -> Encoding (synthetic VP8 or Opus) -> SRTP -> vnet -> icemux -> sfu.Server
//	   sfu.Server -> icemux -> vnet -> SRTP -> Slot: order, repair by NACK, depacketize, decode, compare with what was sent
//
// Every packet carries in its payload who made it, which frame it belongs to and which frame that one needs, so a Slot can tell
// whether a picture decodes and whether it shows the participant that the server announced. What a Slot finds wrong that no
// network condition explains is a fault, and every scenario ends with no faults, no panics, and no goroutine, room
// or Transport left.
//
// # Suites
//
// A suite measures figures against goals and logs each as a line of JSON (see figures_test.go), of which scripts/test makes a table:
//
//	TestRandomLoss         T-22    30 % of all datagrams lost, both ways, at both participants; a round trip of 50 ms
//	TestBurstLoss          T-23    30 % in bursts of ten, 10 % out of order, 5 % twice, at one of the two
//	TestOnePercentLoss             what 1 % of loss costs: nothing
//	TestNackAbuseUnderLoss T-21    a subscriber that asks for everything, while a tenth is really lost
//	TestRandomSwitches     T-25    simulcast switches under 0, 5 and 20 % of loss, and encodings that stop
//	TestRollover           T-31    five wraps of the sequence numbers, with losses around each and newcomers after it
//
// The scenarios run over the fast media path of the server, and with HELIOGRAPH_MEDIA_PATH=portable over the portable one. A few
// always run over the other one too (mediapath_test.go).
//
// A Weather loses, delays and repeats datagrams by a seed. HELIOGRAPH_SEEDS=40 plays the loss suites with so many seeds. Freezes are those that
// W3C counts, behind a buffer of at most 500 ms (see Playout). The receivers of these suites are Eager: they ask for a lost packet twice in a
// round trip, where browsers ask once.
//
// The package knows the protocol (pkg/signaling) and RTP, and nothing of the inside of pkg/sfu: it looks at the server as
// clients and metrics see it.
//
// A mutex that is held while its holder waits for virtual time stops the clock of a bubble for good. Nothing here
// does that, and a server that does it hangs in these tests.
package sfutest
