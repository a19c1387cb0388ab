package sfu

import (
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// news is what has happened in a room and has not been told yet. In a small room all is told at once. In a large one, where telling costs
// a write to each websocket and a turn of each reconciler, who comes and goes is told together with what follows soon after: a
// thousand joins of a thousand participants would be half a million of each.
type news struct {
	r      uint64   // number of the newest room event, told or not
	events [][]byte // not told yet, in the order of their numbers
	roster bool     // the publications are not those that the reconcilers know
	toldAt time.Duration
	timer  *time.Timer // tells, when it is time; nil: none runs
}

const (
	tellsPerSecond = 5_000 // of one room, to all its participants
	smallRoom      = 32    // participants: nothing waits
	longestSilence = 200 * time.Millisecond
)

// silence is how long a room of n participants keeps who comes and goes to itself after it has told something.
func silence(n int) time.Duration {
	if n <= smallRoom {
		return 0
	}
	return min(time.Duration(n)*time.Second/tellsPerSecond, longestSilence)
}

// emitLocked numbers an event and encodes it, once for everybody. Who calls it calls tellLocked or tellSoonLocked behind it.
func (rm *Room) emitLocked(typ string, d any) {
	n := &rm.news
	b, err := signaling.EncodeRoomEvent(typ, n.r+1, d)
	if err != nil {
		rm.srv.log.Error("room event lost: it cannot be encoded", zap.String("type", typ), zap.Error(err))
		return
	}
	n.r++
	n.events = append(n.events, b)
}

// tellSoonLocked tells everybody what has happened, now or at the end of the room's silence.
func (rm *Room) tellSoonLocked() {
	n := &rm.news
	if n.timer != nil {
		return
	}
	wait := n.toldAt + silence(len(rm.participants)) - rm.srv.now()
	if wait <= 0 {
		rm.tellLocked()
		return
	}
	n.timer = time.AfterFunc(wait, func() {
		rm.mu.Lock()
		defer rm.mu.Unlock()
		if n.timer != nil { // it was not told meanwhile
			rm.tellLocked()
		}
	})
}

// tellLocked queues what has happened to everybody and publishes the roster, in this order: nobody's slots name what it was not told of.
// Nothing here waits for a socket.
func (rm *Room) tellLocked() {
	n := &rm.news
	if n.timer != nil {
		n.timer.Stop()
		n.timer = nil
	}
	if len(n.events) > 0 {
		first := n.r - uint64(len(n.events)) + 1
		for _, p := range rm.participants {
			skip := 0 // what the welcome has told already
			if p.joinedR >= first {
				skip = int(p.joinedR - first + 1)
			}
			if skip < len(n.events) {
				p.session.RoomEvents(n.events[skip:]...)
			}
		}
	}
	n.events, n.toldAt = nil, rm.srv.now()
	if !n.roster {
		return
	}
	n.roster = false
	all := make([]published, 0, len(rm.publications))
	for _, pub := range rm.publications {
		all = append(all, published{pub, pub.muted})
	}
	slices.SortFunc(all, func(a, b published) int { return int(int64(a.order) - int64(b.order)) })
	rm.roster.Store(newRoster(all))
	for _, p := range rm.participants {
		p.markDirty()
	}
}
