// Command linkemu puts a bad network between a browser and a server on one machine: a UDP forwarder that delays, loses and
// queues datagrams as a link does, in user space, so that it needs nothing of the kernel.
//
//	browser <-- up, down --> listen address [flow: one socket for each address of the browser] <--> server
//
//	linkemu -listen 10.77.0.1:7801 -server 10.77.0.1:7700    forwards, until standard input ends
//	linkemu -plot "a title" <samples >link.svg               draws what such a run, or a test, has written
//
// The links are those of internal/netsim, with the wall clock in place of virtual time: all flows share one in each
// direction. At the start they are perfect. Each line on standard input is an order, in JSON, that counts from then on:
//
//	{"dir": "down", "steps": [{"after": 0, "rate": 3e6}, {"after": 10, "rate": 8e5}], "queue": 37500,
//	 "delay_ms": 50, "jitter_ms": 0, "loss": 0.05}
//
// rate is in bit/s of whole IP packets, after in seconds, queue in bytes; without dir it is for both directions. What is
// on the link keeps the time at which it will arrive. {"report": true} asks for what became of each RTP source.
//
// Each line on standard output is JSON, too: a sample for each tenth of a second and direction, and reports.
//
//	core.go       what happens to a datagram, with time as an argument
//	order.go      standard input
//	tally.go      packets by RTP source, and samples
//	forwarder.go  sockets and the clock
//	drawing.go    the plot
//
// Bounded are the flows, the sources that are counted and what is on its way. It is for tests: it forwards for anybody.
package main
