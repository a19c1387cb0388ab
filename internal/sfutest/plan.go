package sfutest

import "github.com/heliograph/heliograph/pkg/signaling"

// Plan is how a participant joins.
type Plan struct {
	Room    string // empty: "room"
	Audio   int    // slots; -1: none, 0: 3
	Video   int    // slots; -1: none, 0: 4
	Publish []Format
	Grants  *signaling.Grants // nil: all
	Fixed   bool              // never offers more slots than it joined with
	RED     bool              // prefers redundant audio on its slots
	NoNACK  bool              // never asks for a lost packet again, as browsers with sound

	// DeafAudio is a participant that neither offers nor sends NACK for Opus: what browsers do whose page does not add it.
	DeafAudio bool

	// Eager is a participant that asks for what is missing twice in a round trip and twice as often as browsers do.
	Eager bool

	// Over is "whip" or "whep" for a participant that joins by HTTP alone, without a websocket. Empty: by a websocket.
	Over string

	// Dynacast is a participant that sends the encodings that the server asks for, and no others.
	Dynacast bool

	// Once is a participant that asks once for what is missing, as libwebrtc does in upper spatial layers when the next picture goes on.
	Once bool

	// CCFB is a participant that sends feedback after RFC 8888, and knows no transport-wide numbers.
	CCFB bool

	// Passive is a participant that wants to be the server of DTLS.
	Passive bool
}

// slots are the m-lines to offer.
func (p *Plan) slots() []*wantedSlot {
	var out []*wantedSlot
	for range slotCount(p.Audio, 3) {
		out = append(out, &wantedSlot{kind: signaling.SlotAudio, media: signaling.KindAudio})
	}
	for range slotCount(p.Video, 4) {
		out = append(out, &wantedSlot{kind: signaling.SlotVideo, media: signaling.KindVideo})
	}
	return out
}

// slotCount reads the 0 and -1 of a Plan.
func slotCount(n, usual int) int {
	if n == 0 {
		return usual
	}
	return max(n, 0)
}
