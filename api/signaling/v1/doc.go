// Package signalingv1 holds the JSON Schemas (draft 2020-12) of the signaling protocol heliograph.v1+json: the source of
// truth that the Go types in pkg/signaling and the TypeScript types in web/sdk are held to by tests.
//
// One file is one message: <type>.json describes the member d of the message whose t is <type>, and <type>.ok.json the
// d of the ok response to a request; a message without such a file has no data. The envelopes are request.json,
// response.json and event.json, the types that several messages share are in common.json. Members that a schema does
// not name are allowed everywhere and are ignored: that is how the protocol grows.
//
// The package knows nothing of Go's types and imports nothing of this module.
package signalingv1
