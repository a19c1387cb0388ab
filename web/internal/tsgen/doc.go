// Package tsgen writes the TypeScript types of the signaling protocol from its JSON Schemas, which are the source of truth.
//
//	api/signaling/v1/common.json     $defs.Slot  -> type Slot
//	api/signaling/v1/publish.ok.json             -> type PublishOk
//
// It takes the part of JSON Schema that these files use, and refuses any keyword that it does not know, so that a schema
// never says more than the types without anybody noticing. Limits (minLength, maximum, ...) have no counterpart in
// TypeScript and are left to the server. The package knows nothing of what the messages mean.
package tsgen
