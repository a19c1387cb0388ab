package signaling

import "bytes"

// The bounds of what is kept of a session's responses.
const (
	maxReplies    = 256
	maxReplyBytes = 1 << 20
)

// replies keeps the newest responses of a session, so that a repeated request gets the same bytes again: at most
// maxReplies of them and, but for the newest, at most maxReplyBytes.
type replies struct {
	kept   []reply // in the order of the ids
	bytes  int
	newest uint64 // id
}

type reply struct {
	id   uint64
	text []byte
}

// add keeps the response to the request id, unless it is 0 or not greater than the one before.
func (r *replies) add(id uint64, text []byte) {
	if id <= r.newest {
		return
	}
	r.newest = id
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
