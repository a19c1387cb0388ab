// Package signaling is the wire between a browser and the server: the types of the protocol heliograph.v1+json, its
// websocket, its errors and its access tokens, and the sessions that begin by one HTTP request (WHIP, WHEP).
//
// It declares what it needs of the media side, Rooms and Member, and hands each new Session to it. It must not know what
// a room does with a request, nor import any media package; the media side imports this one.
//
// # Data flow
//
//	GET /v1/connect -> Server: subprotocol, Origin, budget of the address -> socket
//	socket.run:   frame -> decoder (size, UTF-8, depth, shape) -> budget -> repeated id? -> Member -> response
//	POST /v1/whip, /v1/whep -> exchange: Origin, budget of the address, token -> Rooms -> answer; resource: DELETE
//	pkg/sfu:      RoomEvents, Event, State, Ephemeral -> queue -> socket.write -> frame
//
// A socket has two goroutines. The one that reads handles the requests of its session one after another, so that a slow
// request delays nobody else. The other one writes. Between them stands the queue of the Session: pushing to it never
// blocks, and a participant that does not read loses its own websocket only.
//
// # Wire format
//
// One JSON object per text message; api/signaling/v1 holds the schemas and docs/protocol.md the prose.
//
//	request     {"t":"publish","id":17,"d":{...},"a":[482,31]}
//	response    {"t":"ok","re":17,"d":{...}}, "err", or "welcome" to hello
//	room event  {"t":"participant.joined","r":482,"d":{...}}    the same bytes for everybody in the room
//	own event   {"t":"slots","s":31,"d":{...}}                  numbered when it is sent
//	ephemeral   {"t":"speakers","d":{...}}                      the latest value counts
package signaling
