// Command rtprecorder records the RTP that a browser sends: the material of testdata/rtp. scripts/capture-rtp runs it and
// the browsers.
//
//	rtprecorder -listen 127.0.0.1:8091 -out testdata/rtp
//
//	GET  /          an empty page, for the browser to make its offer in
//	POST /offer     the offer as SDP; returns the answer. One recording at a time
//	GET  /packets   how many packets were kept so far
//	POST /keyframe  asks the browser for a keyframe of each SSRC of video
//	POST /save      ends the recording and writes it; the body is its Title as JSON
//
// A recording is text. Lines of "key value" tell the browser, the codec, the mode, the size, the payload types and the
// header extensions; then each line "packet MICROSECONDS HEX" is one whole decrypted RTP packet with its arrival since
// the first one. RTX and padding are kept: they are what a server gets. Lines that begin with # are for people.
//
// It must not know how our own server parses: it shows what is on the wire, by Pion's transports and nothing of ours.
package main
