// Package connectbench measures what a connection costs the server: the CPU time of a join, and the memory and the goroutines of a
// participant who only receives.
//
//	this process                                   a process of its own
//	  participants (pkg/client, Pion)  <-- websocket, ICE, DTLS, SRTP over loopback -->  the whole server
//	  Run                              <-- lines: "sample"  /  JSON: Sample        -->  Attend
//
// The server is alone in its process, so its CPU time and its memory are all its own; what the kernel does for its sockets is part of
// the CPU time. A round goes through two phases:
//
//	joins    participants join rooms of five, in which nobody sends. CPU time from before the first to when the last one is connected,
//	         less what those cost who only stay.
//	memory   as many publishers as there are slots; a first viewer, who makes what viewers share, until the server has all of the past
//	         that it keeps of each publication; then the others. When every slot has shown its publication for a while the publishers
//	         pause and the server collects its garbage. What the other viewers have added is divided by their number.
//
// Each slot count gets a server of its own in each round; figures are medians over the rounds.
//
// It must not know how a server is made: whoever calls Run starts it.
package connectbench
