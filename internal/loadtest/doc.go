// Package loadtest fills rooms of a server with participants that publish and receive, and measures what they get. The participants
// are those of pkg/client: real signaling, ICE, DTLS and SRTP, honest feedback, NACK and keyframe requests. The media is that of
// internal/synthetic, so every frame tells whether it arrived as it was sent, and when it was made.
//
//	Run -> child (unless Config.URL): "sfu serve" in a process of its own
//	    -> publishers, then subscribers, of every room ---- pkg/client ----> server
//	    -> browsers, by a script in Node that drives them (web/test/loadtest.mjs), if there are any
//	    -> one second after another: a line of progress
//	    -> Report: figures by name, as a table or as JSON
//
// Publishers and subscribers live in one process, so latency is measured by one clock, also of a server elsewhere.
//
// What is measured when: joins and first frames from the first join on; latency, freezes, rates and the cost of the server in the window that
// begins when all have joined and lasts for Config.Duration; damage, faults and losses of packets over all the time.
//
// The package must not know how the server works; of its own child it reads what the kernel says of every process.
package loadtest
