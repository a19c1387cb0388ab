package signaling

import "bytes"

// The bounds of what is kept of a session's responses.
const (
	maxReplies    = 256
	maxReplyBytes = 1 << 20
	maxWelcome    = 8 << 10 // of one that is kept like the others
)

// replies keeps the newest responses of a session, so that a repeated request gets the same bytes again: at most
// maxReplies of them and, but for the newest, at most maxReplyBytes.
type replies struct {
	kept   []reply // in the order of the ids
	bytes  int
	newest uint64 // id
	passes bool   // the newest goes when the next one comes
}

type reply struct {
	id   uint64
	text []byte
}

// addWelcome is add of the first response. A long one is kept until the next only: a welcome to a large room has all of the room, and would
// be much of what a participant takes.
func (r *replies) addWelcome(id uint64, text []byte) {
	r.add(id, text)
	r.passes = len(text) > maxWelcome
}

// add keeps the response to the request id, unless it is 0 or not greater than the one before.
func (r *replies) add(id uint64, text []byte) {
	if id <= r.newest {
		return
	}
	r.newest = id
	if r.passes {
		r.passes = false
		r.bytes, r.kept = 0, nil // it is the first
	}
	for len(r.kept) > 0 && (len(r.kept) == maxReplies || r.bytes+len(text) > maxReplyBytes) {
		r.bytes -= len(r.kept[0].text)
		r.kept[0] = reply{}
		r.kept = r.kept[1:] // append moves the rest when there is no room behind it
	}
	if cap(text) > len(text)+len(text)/8 {
		text = bytes.Clone(text) // a welcome has 100 KB, and the buffer that it was made in up to twice that
	}
	r.kept = append(r.kept, reply{id, text})
	r.bytes += len(text)
}

// find returns the response to the request id, or nil.
func (r *replies) find(id uint64) []byte {
	for i := range r.kept {
		if r.kept[i].id == id {
			return r.kept[i].text
		}
	}
	return nil
}
