// Package srtpkeys learns the SRTP keys of a DTLS handshake in which this side is the server (RFC 5764), from what Pion's DTLS lets its
// user see: the ServerHello and the key log.
//
//	ServerHello  cipher suite (the hash of the PRF), server random, use_srtp (the profile) ─┐
//	key log      client random, master secret ──────────────────────────────────────────────┴─ Collector
//	   -> PRF "EXTRACTOR-dtls_srtp" (RFC 5705) -> write keys and salts of both sides (RFC 5764, section 4.2) -> Contexts
//
// A Context that decrypts has ReplayProtection.
//
// The key log never leaves the memory of this process. The master secret, the keys and the salts are overwritten once the contexts are
// made, or when the Collector is closed; what Pion itself keeps is its own affair. A Collector belongs to one handshake: a Transport has no
// second one, and an ICE restart changes no keys.
//
// The package must not know ICE, sockets or what the packets carry.
package srtpkeys
