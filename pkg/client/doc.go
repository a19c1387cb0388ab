// Package client speaks the protocol heliograph.v1+json for programs in Go: bots, recorders, load tests. It joins a room, publishes,
// chooses what it receives, and is an honest receiver: it acknowledges what arrives, asks for what is missing and for keyframes.
//
//	e, err := client.NewEngine(client.EngineConfig{})
//	bot, err := client.Join(ctx, client.Config{Engine: e, URL: "http://localhost:8080/r/hello"})
//	if err != nil {
//		return err
//	}
//	defer bot.Close()
//	camera, err := bot.Publish(ctx, client.Format{Source: signaling.SourceCamera, Codec: "vp8"})
//	...
//	camera.Encoding(0).Send(timestamp, client.Packet{Payload: vp8, Marker: true})
//
// A URL of the conference page names the room; without a token one is asked for as the page does, which works on the machine of the
// server, or wherever it was started with --dev.
//
// # Data flow
//
//	Join ---> websocket <--- one goroutine reads --> responses, roster, OnEvent
//	   |
//	   +----> PeerConnection (Pion, without interceptors)
//	             RTP, decrypted  -> Config.Filter -> acknowledge -> Slot: order, repair -> Config.OnPacket
//	             RTCP, decrypted -> Slot (sender reports), Encoding (NACK, PLI, FIR)
//	             Encoding.Send   -> numbers, header extensions, history -> RTP
//	   +----> one goroutine ticks: NACKs that are due, transport-wide feedback, reports, keepalive
//
// # Owners
//
// A Participant owns its goroutines, its websocket and its PeerConnection. They end with Leave, with Close, or when the server or the
// network ends the session; Done tells, and Err why. When Close has returned, none is left. The server has no resume (protocol.md), so
// a program that wants to stay joins again.
//
// Callbacks run on the goroutine that received something. They must not block and must not wait for a request of the same Participant;
// start a goroutine for that.
//
// # What the package must not know
//
// What is in a payload: it neither encodes nor decodes. Only where a keyframe begins is read from payloads, by pkg/rtpfwd/codec. Nor
// does it use relays: its own address must reach the server.
package client
