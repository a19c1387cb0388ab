package mediabench

import (
	"context"
	"time"
)

// flood makes a publisher send as fast as its server forwards: a few frames are on their way at a time. A frame is over when it has come
// to all witnesses, some viewers whose sockets are waited at.
type flood struct {
	// Fixed after construction.
	pump      *pump
	witnesses []*participant
	poller    poller
	window    int64 // frames
	kickAfter int64 // frames after which the other sockets must be read

	// Owned by the publisher's goroutine.
	drainer *drainer
	kicked  int64
	stalls  int // frames that were not waited for any longer
}

const (
	maxWitnesses    = 4 // each worker of a server should have one
	floodPackets    = 32
	floodPatience   = 200 * time.Millisecond
	floodKickLength = 48 // packets: a socket with the system's usual buffer holds a hundred
)

func newFlood(p *pump, viewers []*participant, frame int) *flood {
	f := &flood{
		pump: p, witnesses: viewers[:min(maxWitnesses, len(viewers))], drainer: newDrainer(),
		window: max(4, int64(floodPackets/frame)), kickAfter: max(1, int64(floodKickLength/frame)),
	}
	for _, w := range f.witnesses {
		f.poller.add(w.link.socket)
	}
	return f
}

// await waits until there is room for the frame after newest.
func (f *flood) await(ctx context.Context, newest int64) {
	if newest-f.kicked >= f.kickAfter {
		f.kicked = newest
		f.pump.kick()
	}
	until := time.Now().Add(floodPatience)
	for newest-f.arrived() >= f.window {
		if ctx.Err() != nil {
			return
		}
		if time.Now().After(until) {
			f.stalls++
			return
		}
		f.poller.wait(10)
		for _, w := range f.witnesses {
			w.link.drain(f.drainer)
		}
	}
}

// arrived is the newest frame that all witnesses have got.
func (f *flood) arrived() int64 {
	least := f.witnesses[0].viewer.newest.Load()
	for _, w := range f.witnesses[1:] {
		least = min(least, w.viewer.newest.Load())
	}
	return least
}
