package bwe

import "time"

// Item is a packet that waits to be sent.
type Item struct {
	Ref      int // what the caller knows it by
	Kind     Kind
	Size     int           // bytes of the IP packet, above 0
	Temporal uint8         // temporal layer of Video and Screen: those above 0 can be left out
	Frame    int64         // packets of one frame have one number; those of a slot are queued one after the other
	Begins   bool          // it is the first of its frame: a frame whose first packet is out already is sent to its end
	Probe    int           // the Probe that it belongs to, 0 for none
	Queued   time.Duration // set by Push
}

// Limits of the Pacer.
const (
	paceFactor = 1.25                 // how much faster than the target a frame may go out
	burstTime  = 5 * time.Millisecond // of the pacing rate, sent in one go
	burstCalm  = 4                    // packets of one frame in one go while the path is calm
	burstPair  = 2                    // while competing, for the pairs tell the capacity
	burstQueue = 10 * time.Millisecond
	lateMost   = 10 * time.Millisecond  // of waking up late that is made up for
	queueLimit = 250 * time.Millisecond // what waits longer makes way
	minPacing  = 10 * Kbps              // keeps what waits from waiting for ever
	audioAhead = 40 * time.Millisecond  // for no longer what else there is waits for audio that is out already
)

// Pacer spreads packets over time. Audio goes out at once: it is little, and waiting is what spoils it. Then come repairs, as far as
// the target leaves room for them beside the audio, those of audio first, video and screen in their order, FEC and padding, at 1.25 times the target, so that a frame is through before the next
// and a queue that has built up here goes away. What goes out together is what one system call can send: 5 ms at the
// pacing rate, and four packets of one frame while the queue of the path is below 10 ms and nothing is lost. Those four cost
// 2 to 5 ms of the queue's p95 at 1 to 4 Mbit/s.
type Pacer struct {
	// What a packet that need not wait touches lies together.
	waiting int           // items in all queues
	next    time.Duration // when the next burst may begin
	rate    Bitrate       // of all that is paced
	burst   int           // bytes that may still go out at once
	pack    int           // packets of frame that may still go out at once
	frame   int64
	left    leftover
	group   int
	probing Probe

	queues [kinds]queue
}

// NewPacer returns a Pacer that sends at rate until the first SetState.
func NewPacer(rate Bitrate) *Pacer {
	rate = max(rate, minPacing)
	return &Pacer{rate: rate, left: leftover{rate: rate, used: -leftoverSaved}}
}

// SetState follows the Estimator.
func (p *Pacer) SetState(s State) {
	p.rate, p.left.rate = max(s.Pacing, minPacing), max(s.Target, minPacing)
	if s.Policed {
		p.rate = p.left.rate // no queue takes what is too much for a moment, and a test needs to see what is lost of the target
	}
	p.group = 1
	switch {
	case s.Mode == Compete:
		p.group = burstPair
	case s.Queue < burstQueue && s.Loss == 0:
		p.group = burstCalm
	}
}

// StartProbe sends at the rate of a Probe until its bytes are out or its time is over. Bytes that no media fills are for
// the caller to fill: see Wants.
func (p *Pacer) StartProbe(probe Probe) { p.probing = probe }

// Probing tells whether a probe may be under way: Wants says how much it lacks.
func (p *Pacer) Probing() bool { return p.probing.ID != 0 }

// Wants returns how many bytes of padding a running probe lacks beyond what is queued. The caller pushes items of kind
// RTX (a packet that was sent lately, again) or Padding.
func (p *Pacer) Wants(now time.Duration) int {
	if p.probing.ID == 0 || now >= p.probing.Until {
		p.probing = Probe{}
		return 0
	}
	return max(0, p.probing.Bytes-p.Bytes())
}

// Bytes returns what waits.
func (p *Pacer) Bytes() int {
	total := 0
	if p.waiting == 0 {
		return total
	}
	for i := range p.queues {
		total += p.queues[i].bytes
	}
	return total
}

// Len returns how many packets wait.
func (p *Pacer) Len() int { return p.waiting }

// Push queues a packet. Items of a kind above the known ones, or of no size, are not taken.
func (p *Pacer) Push(now time.Duration, item Item) bool {
	if item.Kind >= kinds || item.Size <= 0 {
		return false
	}
	item.Queued = now
	p.waiting++
	p.queues[queueOf(item.Kind)].push(item)
	return true
}

// Pass tells whether a packet may go out now without having been queued: nothing waits before it, and it need not wait. Then it
// counts as sent, and item.Probe is set as by Pop. It is what Push and Pop would do, for the packet that most packets are.
func (p *Pacer) Pass(now time.Duration, item *Item) bool {
	if item.Kind >= kinds || item.Size <= 0 {
		return false
	}
	item.Queued = now
	switch item.Kind {
	case Audio:
		if p.waiting > 0 && p.queues[Audio].len() > 0 {
			return false
		}
		p.voice(now, item.Size)
		return true
	case AudioRTX, RTX:
		return false // they go as far as the target has room for them
	}
	if p.waiting > 0 || !p.may(now, item) {
		return false
	}
	p.take(now, item)
	return true
}

// queueOf puts video and screen into one queue: between them the order is that of arrival.
func queueOf(k Kind) Kind {
	if k == Screen {
		return Video
	}
	return k
}

// Pop returns the packet to be sent now, if there is one. It is called until there is none, and again at Next.
func (p *Pacer) Pop(now time.Duration) (Item, bool) {
	if p.waiting == 0 {
		return Item{}, false
	}
	if p.queues[Audio].len() > 0 {
		item := p.queues[Audio].pop()
		p.waiting--
		p.voice(now, item.Size)
		return item, true
	}
	q := p.turn(now)
	if q == nil || !p.may(now, q.front()) {
		return Item{}, false
	}
	item := q.pop()
	p.waiting--
	p.take(now, &item)
	return item, true
}

// turn returns the queue whose turn it is after audio, nil if nothing may go out. A probe sends repairs in place of padding.
func (p *Pacer) turn(now time.Duration) *queue {
	if q := p.repairs(); q != nil && (p.probing.ID != 0 || p.left.holds(now, q.front().Size)) {
		return q
	}
	for k := Video; k < kinds; k++ {
		if q := &p.queues[k]; q.len() > 0 {
			return q
		}
	}
	return nil
}

// repairs returns the queue of the repair that is to go out first, nil if none waits.
func (p *Pacer) repairs() *queue {
	for k := AudioRTX; k <= RTX; k++ {
		if q := &p.queues[k]; q.len() > 0 {
			return q
		}
	}
	return nil
}

// may tells whether a packet may go out now: it begins a burst, or the burst has room for it.
func (p *Pacer) may(now time.Duration, item *Item) bool {
	if now >= p.next {
		p.burst = max(p.current(now).Bytes(burstTime), 1)
		p.pack, p.frame = 0, item.Frame
		if p.probing.ID == 0 {
			p.pack = p.group
		}
		return true
	}
	return p.burst > 0 || p.pack > 0 && item.Frame == p.frame && item.Frame != 0
}

// take accounts for a packet that goes out.
func (p *Pacer) take(now time.Duration, item *Item) {
	start := now
	if item.Queued <= p.next {
		start = max(p.next, now-lateMost) // the caller is late: without this a busy machine sends at half the rate
	}
	p.spend(start, item.Size)
	if item.Kind == AudioRTX || item.Kind == RTX {
		p.left.take(now, item.Size)
	}
	p.burst -= item.Size
	p.pack--
	if p.probing.ID == 0 {
		return
	}
	item.Probe = p.probing.ID
	p.probing.Bytes -= item.Size
	if p.probing.Bytes <= 0 || now >= p.probing.Until {
		p.probing = Probe{}
	}
}

// voice accounts for audio that goes out. Where it takes more than the rate what else there is would wait longer with each packet: after 15 s
// of 62 kbit/s at a rate of 24 a probe would wait for as long again, and half.
func (p *Pacer) voice(now time.Duration, size int) {
	p.left.take(now, size)
	before := p.next
	p.spend(now, size)
	p.next = max(before, min(p.next, now+audioAhead))
}

func (p *Pacer) spend(now time.Duration, size int) {
	p.next = max(p.next, now) + p.current(now).Lasts(size)
}

func (p *Pacer) current(now time.Duration) Bitrate {
	if p.probing.ID != 0 && now < p.probing.Until {
		return max(p.probing.Rate, minPacing)
	}
	return p.rate
}

// Next returns when Pop is due again after now, 0 for at once; ok is false if nothing waits.
func (p *Pacer) Next(now time.Duration) (at time.Duration, ok bool) {
	switch {
	case p.waiting == 0:
		return 0, false
	case p.queues[Audio].len() > 0:
		return 0, true
	case p.turn(now) == nil:
		return max(p.next, p.left.next(now, p.repairs().front().Size)), true
	}
	return p.next, true
}

// Shed drops what has waited for more than 250 ms, and appends it to dropped: packets of temporal layers above 0 only,
// because the others are needed by what follows. A frame goes as a whole, unless its first packets are out already.
func (p *Pacer) Shed(now time.Duration, dropped []Item) []Item {
	if waited, ok := p.Waited(now); !ok || waited <= queueLimit {
		return dropped
	}
	return p.shed(1, dropped)
}

// shed takes frames of temporal layers from least on out of the queue of video.
func (p *Pacer) shed(least uint8, dropped []Item) []Item {
	before := len(dropped)
	dropped = p.queues[Video].shed(least, dropped)
	p.waiting -= len(dropped) - before
	return dropped
}

// Expire drops repairs that have waited for more than 250 ms, and appends them to dropped: what is still missed then is asked for again. They
// go before video, so that without a limit those of a layer that is no longer sent keep video from a path that has become slow.
func (p *Pacer) Expire(now time.Duration, dropped []Item) []Item {
	for k := AudioRTX; k <= RTX; k++ {
		q := &p.queues[k]
		for q.len() > 0 && now-q.front().Queued > queueLimit {
			dropped = append(dropped, q.pop())
			p.waiting--
		}
	}
	return dropped
}

// Clear drops all video and screen that waits, but for the frames whose first packets are out already, and appends it to dropped.
// The caller has to begin anew at a keyframe.
func (p *Pacer) Clear(dropped []Item) []Item { return p.shed(0, dropped) }

// Trim gives back the memory of bursts that have not come again. It is for once in some seconds.
func (p *Pacer) Trim() {
	for i := range p.queues {
		p.queues[i].trim()
	}
}

// Waited returns how long the oldest packet of video has waited; ok is false if none waits.
func (p *Pacer) Waited(now time.Duration) (waited time.Duration, ok bool) {
	q := &p.queues[Video]
	if p.waiting == 0 || q.len() == 0 {
		return 0, false
	}
	return now - q.front().Queued, true
}
