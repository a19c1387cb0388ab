package signaling

import (
	"bytes"
	"errors"
	"strconv"
)

// noParticipants is how a welcome without participants writes them. In a string of JSON it would have backslashes, so it is there once.
const noParticipants = `"participants":[]`

var errNoRoom = errors.New("a welcome has no place for its participants")

// EncodedParticipant is a Participant as JSON.
type EncodedParticipant []byte

// EncodeParticipant encodes a participant for all welcomes.
func EncodeParticipant(p *Participant) (EncodedParticipant, error) { return encodeJSON(p) }

// encodeWelcome encodes the response to the hello with this id, as a Response.
func encodeWelcome(id uint64, w *Welcome) ([]byte, error) {
	text, err := encodeJSON(w)
	if err != nil {
		return nil, err
	}
	before, after := text, []byte(nil)
	if len(w.Roster) > 0 {
		var found bool
		if before, after, found = bytes.Cut(text, []byte(noParticipants)); !found {
			return nil, errNoRoom
		}
	}
	head := strconv.AppendUint([]byte(`{"t":"`+TypeWelcome+`","re":`), id, 10)
	head = append(head, `,"d":`...)
	length := len(head) + len(text) + len(w.Roster) + 1
	for _, p := range w.Roster {
		length += len(p)
	}
	out := append(make([]byte, 0, length), head...)
	out = append(out, before...)
	out = appendRoster(out, w.Roster)
	out = append(out, after...)
	return append(out, '}'), nil
}

// appendRoster writes participants in the place of none.
func appendRoster(out []byte, all []EncodedParticipant) []byte {
	if len(all) == 0 {
		return out
	}
	out = append(out, noParticipants[:len(noParticipants)-1]...)
	for i, p := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, p...)
	}
	return append(out, ']')
}
