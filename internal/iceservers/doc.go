// Package iceservers says which STUN and TURN servers one participant is told to use.
//
// Static servers are handed on as they are. Servers that share a secret with us get credentials by the scheme of
// draft-uberti-behave-turn-rest-00, which coturn calls use-auth-secret: no database, no call to the TURN server,
// nothing that lasts:
//
//	username    <Unix time of the end>:<identity>
//	credential  base64(HMAC-SHA1(secret, username))
//
// The TURN server checks the end when an allocation is made, so a call that runs goes on after it. Behind the colon
// stands the identity, by which the TURN server counts allocations (user-quota of coturn).
//
// The package is pure: time is an argument. It must not know where the configuration comes from.
package iceservers
