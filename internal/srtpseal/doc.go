// Package srtpseal protects outgoing RTP by AES-GCM (RFC 7714), as the sender's half of an SRTP context. It is for who sends each packet to
// hundreds: what a packet needs of a Sealer and a Source is little, found without a search, and can be named beforehand.
//
//	packet  header | payload          nonce: salt XOR (0 0 | SSRC | rollover counter | sequence number)
//	   ->   header | sealed payload | tag of 16 bytes
//
// A nonce must never serve for two different packets: a Sealer has its keys for itself, and one Source for each SSRC. What is sent again
// with the same number must be the same to the byte.
//
// The package must not know DTLS, sockets or what packets carry. SRTCP, the receiving half, and other profiles are those of the library.
package srtpseal
