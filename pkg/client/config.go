package client

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/pion/rtp"
)

// Config says who joins which room, and how.
type Config struct {
	// Engine is shared by the participants of a process. nil: a new one.
	Engine *Engine

	// URL is the address of the server ("http://localhost:8080"), of a room on its page (".../r/hello"), or of its websocket.
	URL string
	// Token is the access token. Empty: one is asked for as the page does it, for Room, Identity and Name.
	Token string
	// Room is needed without a token, unless URL names it, and where the token allows several rooms.
	Room string
	// Identity and Name are for the token that is asked for. Empty: a guest.
	Identity, Name string

	// Slots are the m-lines to receive on.
	Slots Slots
	// Publish are published with the join, in the same round trip.
	Publish []Format

	// Dynacast sends no encodings of video that nobody gets: they are idle until somebody does (see Encoding.Idle), and begin with a
	// keyframe then.
	Dynacast bool

	// OnPacket takes each packet of a slot, in the order of sequence numbers and repaired where that was possible; what could not
	// be repaired is a hole in the numbers. One without a payload stands for something that the server left out on purpose. The
	// packet is lent: it is valid until OnPacket returns. nil: packets are received, acknowledged and dropped.
	OnPacket func(s *Slot, p *rtp.Packet)
	// Filter sees each decrypted RTP packet before anything else, and may change it; false loses it. It is for tests: with it there
	// is no replay protection (RFC 3711, section 3.3.2), as resends of what it has lost would be taken for replays. nil: none.
	Filter func(packet []byte) bool
	// OnEvent takes the events of the server in their order, after the roster was changed by them.
	OnEvent func(Event)

	// Dial opens TCP connections. nil: the machine's.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// TLS is for servers with certificates of their own. nil: the machine's rules.
	TLS *tls.Config
}

// Slots are the receive m-lines that a participant joins with.
type Slots struct {
	Audio int    // 0: 3, -1: none
	Video int    // 0: 4, -1: none
	Codec string // of video, "vp8"; a slot never changes it. Empty: vp8
	Fixed bool   // no more are offered when the server wants more
}

// slotCount reads the 0 and -1 of Slots.
func slotCount(n, usual int) int {
	if n == 0 {
		return usual
	}
	return max(n, 0)
}

func (s *Slots) codec() string {
	if s.Codec == "" {
		return "vp8"
	}
	return s.Codec
}

// Event is what the server tells of its own accord.
type Event struct {
	// Type is one of the Type constants of pkg/signaling.
	Type string
	// Data is a pointer to the type of pkg/signaling that belongs to Type: *signaling.ParticipantJoined, *signaling.Slots.
	Data any
}
