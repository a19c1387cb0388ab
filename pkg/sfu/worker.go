package sfu

import (
	"context"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// worker is one goroutine that owns the media state of many Transports: what they send us (ingest), what we send them (egress), and
// this worker's copy of each publication that one of them receives (feed). All of it is touched by run only.
type worker struct {
	// Fixed after construction.
	srv   *Server
	index int
	name  string        // a label
	wake  chan struct{} // one place
	mux   ice.UDPMux    // of the Transports here
	batch *icemux.Batch // under it; nil: the mux is the caller's
	send  func()        // sends what a round has written by it

	// Atomic.
	load atomic.Int32 // Transports pinned here

	// Guarded by mu.
	mu       sync.Mutex
	inbox    []job
	queued   int       // packets in it
	arriving datagrams // of the jobs in it

	// Owned by run.
	working    []job     // the inbox being worked off; swapped with it
	arrived    datagrams // of its jobs; swapped with arriving
	transports map[*Transport]struct{}
	turns      turns
	feeds      map[*Publication]*feed
	waiting    []*feed      // with packets of this round
	outboxes   [][]delivery // to each worker, sent after each round
	mediaAt    time.Duration
	tally      tally
	buf        [maxPacket]byte
	header     rtp.Header
	restored   rtpfwd.Packet
	choices    []rtpfwd.Choice
	pads       [maxRound]uint8
	resends    []rtpfwd.Resend
	nacks      []uint16
	again      [1]uint16 // a lost repair
	counted    packetCounts
	acks       []bwe.Ack
	items      []bwe.Item
	ladders    []bwe.Ladder
	options    []bwe.Option
	grants     []bwe.Grant
	granted    []*subscription
	report     rtcpScratch
	told       []signaling.SlotGrant

	ready     []*egress // to be pumped at the end of the round
	unsent    int       // packets written since the latest send
	deadlines deadlines // of those that have to wait
	tickedAt  time.Duration
}

// maxPacket bounds what is sent: more than any path carries unfragmented.
const maxPacket = 2048

// job is one thing in an inbox. Exactly one of fn, raw, arrived and batch is set.
type job struct {
	fn      func(now time.Duration)
	t       *Transport // of raw
	raw     []byte
	rtcp    bool
	arrived int           // how many of the arrivals are worked off now
	at      time.Duration // when raw, or they, came
	batch   []delivery
}

// delivery hands a packet, or a clock, of a publication to another worker.
type delivery struct {
	pub      *Publication
	encoding uint8
	packet   *rtpfwd.Packet
	cached   bool                             // packet is of the past: it is kept and not sent
	tell     func(now time.Duration, f *feed) // if packet is nil
	clock    rtpfwd.Clock                     // if both are nil
}

func newWorker(s *Server, index int) *worker {
	mux, batch := s.ports.share()
	send := func() {} // a mux of the caller sends at once
	if batch != nil {
		send = batch.Flush
	}
	return &worker{
		srv: s, index: index, name: strconv.Itoa(index), mux: mux, batch: batch, send: send, wake: make(chan struct{}, 1),
		transports: map[*Transport]struct{}{}, feeds: map[*Publication]*feed{},
		outboxes: make([][]delivery, s.cfg.Workers), tally: tally{dice: uint32(index) + 1},
	}
}

// post runs fn on the worker, after everything that was posted before.
func (w *worker) post(fn func(now time.Duration)) { w.put(job{fn: fn}) }

func (w *worker) postRTP(t *Transport, raw []byte, at time.Duration) {
	w.put(job{t: t, raw: raw, at: at})
}

func (w *worker) postRTCP(t *Transport, raw []byte, at time.Duration) {
	w.put(job{t: t, raw: raw, at: at, rtcp: true})
}

func (w *worker) put(j job) {
	packets := len(j.batch)
	if j.raw != nil {
		packets = 1
	}
	w.mu.Lock()
	if packets > 0 && w.queued >= maxInbox {
		w.mu.Unlock()
		w.srv.metrics.dropped("overload")
		return
	}
	w.queued += packets
	w.inbox = append(w.inbox, j)
	w.mu.Unlock()
	w.rouse()
}

// rouse wakes the worker.
func (w *worker) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run works until ctx is done, in rounds: what came, what is due, what is ready to go. It ticks every 10 ms while media flows, and
// twice a second while there are Transports.
func (w *worker) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	var armed time.Duration // when the timer fires; 0: it is not set
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
			w.tally.begin(w.srv.now)
			w.drain()
		case <-timer.C:
			armed = 0
			w.tally.begin(w.srv.now)
		}
		w.tickIfDue(w.srv.now())
		w.flush()
		w.tally.end(w.srv.now)
		if next, ok := w.next(); ok && (armed == 0 || next < armed) {
			timer.Reset(next - w.srv.now())
			armed = next
		}
	}
}

func (w *worker) tickIfDue(now time.Duration) {
	if passed := now - w.tickedAt; len(w.transports) > 0 && passed >= w.interval(now) {
		w.tickedAt = now
		w.guard(nil, func() { w.tick(now, passed) })
	}
}

// pump sends what is ready to go and was not sent by a walk, and what has waited for its time. What is written goes to the sockets before
// it has left the processor's cache, and before the rest is written.
func (w *worker) pump(now time.Duration) {
	for at, ok := w.deadlines.first(); ok && at <= now; at, ok = w.deadlines.first() {
		e := w.deadlines[0]
		w.deadlines.remove(e)
		e.markReady()
	}
	for i := 0; i < len(w.ready); i++ { // what is given up may bring more to send
		now = w.pumpNow(now, w.ready[i])
		w.ready[i] = nil
	}
	w.ready = w.ready[:0]
}

// pumpNow sends what one Transport has ready to go, and returns the time for the next.
func (w *worker) pumpNow(now time.Duration, e *egress) time.Duration {
	w.guard(e.t, func() {
		e.tickHeard(now)
		e.pump(now)
	})
	if w.unsent >= sendTogether {
		return w.sendAll()
	}
	return now
}

// sendTogether is how many packets are sent in one go: about 80 KB.
const sendTogether = 64

// sendAll hands what is written to the sockets, and returns the time for what is written next: a picture for hundreds takes many
// milliseconds, and if the last of them seemed to have left with the first, an estimator would take the difference for a queue of the path.
func (w *worker) sendAll() time.Duration {
	w.unsent = 0
	w.guard(nil, w.send)
	return w.srv.now()
}

// next is when the next round is due; false if nothing waits for time to pass.
func (w *worker) next() (time.Duration, bool) {
	if len(w.transports) == 0 {
		return 0, false
	}
	next := w.tickedAt + w.interval(w.srv.now())
	if at, ok := w.deadlines.first(); ok {
		next = min(next, at)
	}
	for _, f := range w.waiting {
		next = min(next, f.heldUntil())
	}
	return max(next, 1), true
}

func (w *worker) interval(now time.Duration) time.Duration {
	if now-w.mediaAt < 2*time.Second {
		return mediaTick
	}
	return 50 * mediaTick
}

func (w *worker) drain() {
	w.mu.Lock()
	w.working, w.inbox = w.inbox, w.working[:0]
	w.arrived, w.arriving = w.arriving, w.arrived
	packets := w.queued
	w.queued = 0
	w.mu.Unlock()
	w.tally.took(packets, w.working)
	for i := range w.working {
		j := &w.working[i]
		if j.fn != nil {
			w.walk(true) // fn comes after all that came before it
		}
		if j.arrived > 0 {
			w.receive(j)
		} else {
			w.guard(j.t, func() { w.do(j) })
		}
		*j = job{}
	}
	w.arrived.empty()
}

// guard keeps a panic to the Transport that caused it.
func (w *worker) guard(t *Transport, f func()) {
	defer func() {
		if v := recover(); v != nil {
			w.srv.metrics.panics.Inc()
			w.srv.log.Error("panic in a media worker", zap.Any("panic", v), zap.ByteString("stack", debug.Stack()))
			if t != nil {
				t.fail("an internal error")
			}
		}
	}()
	f()
}

func (w *worker) do(j *job) {
	switch {
	case j.fn != nil:
		j.fn(w.srv.now())
	case j.batch != nil:
		now := w.srv.now()
		for i := range j.batch {
			w.deliver(now, &j.batch[i])
		}
	case j.rtcp:
		w.rtcp(j.at, j.t, j.raw)
	default:
		w.mediaAt = j.at
		w.tally.receivedBytes += uint64(len(j.raw))
		j.t.in.rtp(j.at, j.raw)
	}
}

// pass hands a delivery to the worker to: into this round if that is this one, else with the batch that the round ends with.
func (w *worker) pass(now time.Duration, to *worker, d *delivery) {
	if to == w {
		w.deliver(now, d)
		return
	}
	w.outboxes[to.index] = append(w.outboxes[to.index], *d)
}

// flush ends a round: the other workers, who can begin meanwhile, get what is for them, what came is forwarded here, and what was written
// goes to the sockets.
func (w *worker) flush() {
	for i, batch := range w.outboxes {
		if len(batch) > 0 {
			w.srv.workers[i].put(job{batch: batch})
			w.outboxes[i] = make([]delivery, 0, cap(batch))
		}
	}
	w.walk(false)
	w.pump(w.srv.now())
	w.sendAll()
	w.counted.publish(w.srv.metrics)
}

// walk forwards what came in so far; all of it, or without pictures of which the rest is about to come.
func (w *worker) walk(all bool) {
	if len(w.waiting) == 0 {
		return
	}
	now, held := w.srv.now(), 0
	for i, f := range w.waiting {
		w.waiting[i] = nil
		if !all && f.held(now) {
			w.waiting[held] = f
			held++
			continue
		}
		f.waiting = false
		w.guard(f.pub.transport, func() { f.walk(now) })
	}
	w.waiting = w.waiting[:held]
}

func (w *worker) deliver(now time.Duration, d *delivery) {
	f := w.feeds[d.pub]
	if f == nil {
		return // its last subscriber has just gone
	}
	switch {
	case d.cached:
		f.walk(now)
		f.keep(d.packet)
	case d.packet != nil:
		w.mediaAt = now
		f.deliver(now, d.packet)
	case d.tell != nil:
		f.walk(now)
		d.tell(now, f)
	default:
		f.walk(now)
		f.setClock(d.encoding, d.clock)
	}
}

func (w *worker) addTransport(now time.Duration, t *Transport) {
	w.transports[t] = struct{}{}
	w.turns.add(t)
	t.out.since = now
}

func (w *worker) removeTransport(now time.Duration, t *Transport) {
	if _, ok := w.transports[t]; !ok {
		return
	}
	delete(w.transports, t)
	w.turns.remove(t)
	w.load.Add(-1)
	t.out.close()
	t.in.close(now)
}
