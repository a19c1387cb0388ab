package signaling

import (
	"bytes"
	"errors"
)

// noParticipants is how a welcome without participants writes them. In a string of JSON it would have backslashes, so it is there once.
const noParticipants = `"participants":[]`

var errNoRoom = errors.New("a welcome has no place for its participants")

// EncodedParticipant is a Participant as JSON.
type EncodedParticipant []byte

// EncodeParticipant encodes a participant for all welcomes.
func EncodeParticipant(p *Participant) (EncodedParticipant, error) { return encodeJSON(p) }

// encodeWelcome encodes the response to the hello with this id.
func encodeWelcome(id uint64, w *Welcome) ([]byte, error) {
	text, err := encodeJSON(Response{Type: TypeWelcome, Re: id, Data: w})
	if err != nil || len(w.Roster) == 0 {
		return text, err
	}
	before, after, found := bytes.Cut(text, []byte(noParticipants))
	if !found {
		return nil, errNoRoom
	}
	length := len(text) + len(w.Roster)
	for _, p := range w.Roster {
		length += len(p)
	}
	out := append(make([]byte, 0, length), before...)
	out = append(out, noParticipants[:len(noParticipants)-1]...)
	for i, p := range w.Roster {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, p...)
	}
	out = append(out, ']')
	return append(out, after...), nil
}
