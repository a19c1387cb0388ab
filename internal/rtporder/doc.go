// Package rtporder is the receiving end of one SSRC: it puts packets into the order of their sequence numbers and says which to ask
// for again. It is what a browser has for the server to serve; clients in Go and scripted participants share it.
//
//	packet -> Put -> in order at once, or waiting for what is missing
//	               -> Fresh, Due: the sequence numbers of a NACK (RFC 4585, section 6.2.1)
//	time   -> Drain: what is too old is given up
//
// It has no clock, lock or goroutine: time is an argument, and the caller sends the NACKs. It must not know what is in a packet beyond
// sequence number, timestamp and marker.
package rtporder
