package icemux

import "time"

// Receiver takes the media of one Transport: what comes in by validated 5-tuples of its Conns and is RTP or RTCP (RFC 7983, section 7),
// by UDP and by TCP. Nobody has looked at it further.
type Receiver interface {
	// Inbox is where its media is put. It is always the same.
	Inbox() Inbox
}

// Inbox takes the media of many Receivers. The goroutine of a socket calls Deliver once for each round of its reading, with all that
// came for the Inbox in it, and when it came; several sockets may do so at the same time. The slice and the bytes in it are lent for the
// call.
type Inbox interface {
	Deliver(at time.Time, batch []Datagram)
}

// Datagram is one that came in, of at most 2048 bytes.
type Datagram struct {
	To    Receiver
	Bytes []byte
}

// round is the media that one reader has taken in one round, by Inbox. The bytes are those of the reader's memory.
type round struct {
	at      time.Time // when the reader took it; zero: there is none
	batches []batch
}

// batch is what is for one Inbox.
type batch struct {
	to   Inbox
	list []Datagram
}

// add notes a datagram until the end of the round. There are few Inboxes: the search is a glance.
func (r *round) add(to Inbox, d Datagram) {
	if r.at.IsZero() {
		r.at = time.Now()
	}
	for i := range r.batches {
		if r.batches[i].to == to {
			r.batches[i].list = append(r.batches[i].list, d)
			return
		}
	}
	r.batches = append(r.batches, batch{to, []Datagram{d}})
}

// end hands over what was noted.
func (r *round) end() {
	for i := range r.batches {
		b := &r.batches[i]
		if len(b.list) == 0 {
			continue
		}
		b.to.Deliver(r.at, b.list)
		clear(b.list) // a Transport that has ended must not be held
		b.list = b.list[:0]
	}
	r.at = time.Time{}
}
