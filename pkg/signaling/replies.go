package signaling

// The bounds of what is kept of a session's responses.
const (
	maxReplies    = 256
	maxReplyBytes = 1 << 20
)

// replies keeps the newest responses of a session, so that a repeated request gets the same bytes again: at most
// maxReplies of them and, but for the newest, at most maxReplyBytes. It is a ring in the order of the ids.
type replies struct {
	ring   [maxReplies]reply
	first  int // index of the oldest
	count  int
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
	for r.count > 0 && (r.count == maxReplies || r.bytes+len(text) > maxReplyBytes) {
		r.bytes -= len(r.ring[r.first].text)
		r.ring[r.first] = reply{}
		r.first = (r.first + 1) % maxReplies
		r.count--
	}
	r.ring[(r.first+r.count)%maxReplies] = reply{id, text}
	r.count++
	r.bytes += len(text)
}

// find returns the response to the request id, or nil.
func (r *replies) find(id uint64) []byte {
	for i := range r.count {
		if p := r.ring[(r.first+i)%maxReplies]; p.id == id {
			return p.text
		}
	}
	return nil
}
