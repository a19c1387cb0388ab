// Command sfu is the Heliograph server: signaling, media and the conference page in one process.
//
//	sfu [serve]        run the server
//	sfu token create   make a token for one identity in one room
//	sfu check          read the configuration and say what it means, without opening anything
//	sfu loadtest       fill rooms with participants and measure what they get
//	sfu bench          measure: forward, receive, connect, and the congestion control by rfc8867
//
// This is the only package that wires the others together:
//
//	config ----> serve ----> sfu (media ports, rooms) <---- signaling (websocket, tokens) <---- http (routes, page)
//
// Exit codes: 0 done, 1 a failure while running, 2 something in the command line, the configuration or the choice of
// ports that the caller has to change; one sentence on stderr says what.
//
// It must not know how media is forwarded or what the messages of the protocol mean.
package main
