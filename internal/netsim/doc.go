// Package netsim is a network in virtual time in which congestion control is measured: bottleneck links, what they do to
// packets, and the traffic that one has to share them with. A run of 100 seconds takes some 100 ms of CPU, and the same
// seed gives the same run to the bit.
//
//	source --- Send ---> [Loss] -> [Policer] -> queue (drop-tail, bytes) -> Schedule -> propagation + Jitter --> deliver
//	                        |          |           |
//	                        +----------+-----------+---> counted as lost
//
// A Sim owns the clock and the events; whatever acts in it schedules functions on it. Events are ordered by time and, at
// the same time, by the order in which they were made. Times are integer nanoseconds, chance comes from one seeded PCG
// per use, so that a model that is added or removed does not change the luck of the others.
//
//	sim.go       the clock and the event heap
//	schedule.go  capacity over time
//	link.go      a bottleneck: queue, transmission, propagation
//	loss.go      random loss, single (Bernoulli) or in bursts (Gilbert-Elliott)
//	jitter.go    random delay that does not reorder
//	policer.go   a token bucket that drops
//	tcp.go       a TCP sender with ideal selective acknowledgements
//	window.go    its congestion windows: Reno and CUBIC
//	web.go       short transfers with idle times
//
// The package must not know what the packets carry, nor any congestion control of this module.
package netsim
